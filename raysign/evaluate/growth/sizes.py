"""Which sizes of galleries are measured: those that were asked for, and enough for a curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

SIZES = (100, 1_000, 5_000, 10_000, 100_000)
"""In signs."""
CURVE_SIZES = 12
LEAST_SIZE = 20
"""Of the curve: below, a hit among ten is hardly a question."""


def curve_sizes(
    gallery_signs: int, distractor_signs: int, *, foreign: bool = False
) -> Int64[np.ndarray, "size"]:
    """Up to ``CURVE_SIZES`` sizes that a curve goes through, evenly spaced in the logarithm.

    They depend on what there is and not on what was asked for. ``foreign``: the distractors are of
    another dataset or language, and the curve is of galleries with all signs of the own.
    """
    largest = gallery_signs + distractor_signs
    smallest = gallery_signs if foreign else max(LEAST_SIZE, largest // 100)
    evenly = np.geomspace(min(smallest, largest), largest, CURVE_SIZES)
    return np.asarray(np.unique(evenly.round().astype(np.int64)))


def sizes_of(
    asked: Sequence[int], gallery_signs: int, curve: Int64[np.ndarray, "_"]
) -> Int64[np.ndarray, "size"]:
    """Sizes to measure, ascending: the last has all signs that there are.

    They are the ones that were asked for, as far as there are signs for them, the gallery without
    any distractor, and those of the curve.
    """
    largest = int(curve[-1])
    named = [size for size in (*asked, gallery_signs) if size <= largest]
    return np.asarray(np.unique([*curve.tolist(), *named]), dtype=np.int64)
