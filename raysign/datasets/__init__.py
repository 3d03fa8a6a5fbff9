"""Public datasets in the layouts in which they lie on disk; nothing here downloads."""
