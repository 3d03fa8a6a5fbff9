"""Landmarks → pictures: one frame of a clip, or a strip of them.

``raysign.draw.page`` fills in the templates of pages.
"""

from __future__ import annotations

from raysign.draw.caption import captioned
from raysign.draw.frame import draw_frame, draw_strip, spread
from raysign.draw.inks import DARK, LIGHT, Inks
from raysign.draw.view import View, view_of, whole_picture

__all__ = [
    "DARK",
    "LIGHT",
    "Inks",
    "View",
    "captioned",
    "draw_frame",
    "draw_strip",
    "spread",
    "view_of",
    "whole_picture",
]
