"""How much time two spans of frames share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def shared(
    spans: Int[np.ndarray, "span 2"], others: Int[np.ndarray, "other 2"]
) -> Int[np.ndarray, "span other"]:
    """Frames in both of two spans [first, end)."""
    first = np.maximum(spans[:, None, 0], others[None, :, 0])
    end = np.minimum(spans[:, None, 1], others[None, :, 1])
    return np.asarray(np.maximum(end - first, 0))


def iou(
    spans: Int[np.ndarray, "span 2"], others: Int[np.ndarray, "other 2"]
) -> Float[np.ndarray, "span other"]:
    """Frames in both of two spans [first, end), each of one frame or more, by those in either; 0–1.

    >>> iou(np.array([[0, 10]]), np.array([[5, 15], [10, 12]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    both = shared(spans, others)
    lengths = np.diff(spans, axis=1) + np.diff(others, axis=1).T
    return np.asarray(both / (lengths - both))
