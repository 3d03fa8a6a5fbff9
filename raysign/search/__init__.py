"""From clips to a gallery, and from a video to ranked signs: models, stores, galleries together."""
