"""Pieces of a sentence's time, with a score each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from raysign.keywords.spans import shared

OVERLAP = 0.5
"""Of two spans of which the shorter lies in the other by more than this share, one is told."""


@dataclass(frozen=True)
class Span:
    """Frames [first, end) of a sentence."""

    first: int
    end: int
    score: float
    """Higher is surer; what it means, whoever found the span says."""
    peak: int
    """The frame that stands for all of it: the highest, or the middle one."""

    @classmethod
    def around(cls, first: int, end: int, score: float) -> Span:
        """One whose middle stands for it."""
        return cls(first, end, score, (first + end) // 2)


def inside(
    spans: Int[np.ndarray, "span 2"], others: Int[np.ndarray, "other 2"]
) -> Float[np.ndarray, "span other"]:
    """Time that two spans share, by the shorter one's own; 0–1."""
    lengths = np.minimum(np.diff(spans, axis=1), np.diff(others, axis=1).T)
    return np.asarray(shared(spans, others) / lengths)


def kept(
    spans: Int[np.ndarray, "span 2"],
    scores: Float[np.ndarray, "span"],
    *,
    overlap: float = OVERLAP,
    most: int | None = None,
) -> tuple[Span, ...]:
    """The best spans of which no two overlap, best first (greedy non-maximum suppression).

    Args:
        spans: frames [first, end).
        scores: of each; equal ones keep the order of ``spans``.
        overlap: share of the shorter that lies in the other, above which the worse goes.
        most: how many at most; None = all.
    """
    left = np.argsort(-scores, kind="stable")
    best: list[Span] = []
    while len(left) and (most is None or len(best) < most):
        one, left = left[0], left[1:]
        first, end = spans[one].tolist()
        best.append(Span.around(first, end, float(scores[one])))
        left = left[inside(spans[one][None], spans[left])[0] <= overlap]
    return tuple(best)


def as_array(spans: Sequence[Span]) -> Int[np.ndarray, "span 2"]:
    """Their frames."""
    return np.asarray([(span.first, span.end) for span in spans], dtype=np.int64).reshape(-1, 2)
