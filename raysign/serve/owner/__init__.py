"""What the owner of a dictionary sees of it, and may change."""

from __future__ import annotations

from raysign.serve.owner.changes import Changes
from raysign.serve.owner.own_videos import OwnVideos
from raysign.serve.owner.views import Views

__all__ = ["Changes", "OwnVideos", "Views"]
