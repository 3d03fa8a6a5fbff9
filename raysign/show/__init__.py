"""A look at a clip: an animated skeleton or a still strip, alone or over the video."""

from __future__ import annotations

from raysign.show.render import Shown, render
from raysign.show.source import ask, extraction_of, find_clip

__all__ = ["Shown", "ask", "extraction_of", "find_clip", "render"]
