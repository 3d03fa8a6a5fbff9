"""How well a recording's pieces are its signs, where the true times are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from raysign.keywords.spans import iou

Pieces = Int[np.ndarray, "_ 2"]
"""Frames [first, end), in order."""

NEAR_S = 0.2
"""A boundary that is no farther off is found."""
COVERED = 0.5
"""IoU from which on a sign is covered by a piece."""


@dataclass(frozen=True)
class SegmentFigures:
    """Over all recordings together; 0–1, and NaN where there is nothing to count."""

    boundary_f1: float
    precision: float
    recall: float
    """Of boundaries within ``NEAR_S``."""
    covered: float
    """Signs that some piece covers,"""
    right: float
    """and pieces that cover some sign."""
    signs: int
    pieces: int


def segment_figures(
    found: Sequence[Pieces], true: Sequence[Pieces], fps: float, near_s: float = NEAR_S
) -> SegmentFigures:
    """Compare recordings' pieces with their signs.

    A boundary is the middle between the end of one and the start of the next; the outer ends are
    none. Found and true ones are paired one to one, the nearest first.
    """
    hits = bounds = truths = covered = right = 0
    for pieces, signs in zip(found, true, strict=True):
        ours, theirs = boundaries(pieces), boundaries(signs)
        hits += _paired(ours, theirs, near_s * fps)
        bounds, truths = bounds + len(ours), truths + len(theirs)
        shares = iou(signs, pieces) if len(pieces) and len(signs) else np.zeros((1, 1))
        covered += int((shares.max(axis=1) >= COVERED).sum())
        right += int((shares.max(axis=0) >= COVERED).sum())
    all_signs, all_pieces = (sum(map(len, part)) for part in (true, found))
    return SegmentFigures(
        boundary_f1=_share(2 * hits, bounds + truths),
        precision=_share(hits, bounds),
        recall=_share(hits, truths),
        covered=_share(covered, all_signs),
        right=_share(right, all_pieces),
        signs=all_signs,
        pieces=all_pieces,
    )


def boundaries(pieces: Pieces) -> Float[np.ndarray, "boundary"]:
    """The middles between pieces, in frames."""
    return np.asarray((pieces[:-1, 1] + pieces[1:, 0]) / 2, dtype=np.float64)


def equal_pieces(frames: int, length: float) -> Pieces:
    """A recording cut into pieces of about one length: what a method has to beat."""
    count = max(1, round(frames / length))
    edges = np.round(np.linspace(0, frames, count + 1)).astype(np.int64)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _paired(found: Float[np.ndarray, "found"], true: Float[np.ndarray, "true"], near: float) -> int:
    apart = np.abs(found[:, None] - true[None, :])
    hits = 0
    while apart.size and apart.min() <= near + 1e-9:
        one, other = np.unravel_index(apart.argmin(), apart.shape)
        apart[one, :] = apart[:, other] = np.inf
        hits += 1
    return hits


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
