"""What is said about a camera's pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float16

RESET = b""
"""Asked in place of a picture: the next one is the first of another recording."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One picture's landmarks in layout ``holistic75``, as a clip has them."""

    xyz: Float16[np.ndarray, "75 3"]
    """In units of the picture's width and height; NaN where not detected."""
    confidence: Float16[np.ndarray, "75"]
    """See :class:`~raysign.extract.landmarker.Landmarks`."""
    width: int
    height: int
    """Of the picture, in pixels."""
    brightness: float
    """Luma, 0–1, that a tenth of the picture exceeds: a dark wall behind somebody well lit is
    common."""
    decode_s: float
    """It took to decode,"""
    landmark_s: float
    """and inside MediaPipe."""


@dataclass(frozen=True)
class Unreadable:
    """Bytes that are no JPEG picture, or a larger one than may be."""

    reason: str
