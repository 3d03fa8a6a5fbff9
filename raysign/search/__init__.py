"""From clips to a gallery that can be searched: models, stores and galleries together."""

from __future__ import annotations

from raysign.search.index import Indexed, change_gallery, index_clips

__all__ = ["Indexed", "change_gallery", "index_clips"]
