"""Detection by dataset, signer and sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case

Kind = Literal["dataset", "signer", "sign"]
KINDS: tuple[Kind, ...] = ("dataset", "signer", "sign")


@dataclass(frozen=True)
class GroupRow:
    """A dataset, signer or sign; shares are means over its clips, NaN where nothing is known."""

    name: str
    clips: int
    hand: float
    """Share of frames with a hand."""
    missing_inside: float
    """Share of the signing span without a hand."""
    body: float
    """Share of frames with a body; NaN for a layout without one."""


def by_group(case: Case, kind: str) -> tuple[GroupRow, ...]:
    """A row for each known name, the fewest hands first; groups too small to rank come last."""
    names, index = np.unique(getattr(case.facts, kind), return_inverse=True)
    measures = case.measures
    columns = [_mean(v, index) for v in (measures.hand, measures.missing_inside, measures.body)]
    counts = np.bincount(index, minlength=len(names))
    rows = [
        GroupRow(str(name), int(count), *map(float, shares))
        for name, count, *shares in zip(names, counts, *columns, strict=True)
        if name
    ]
    return tuple(sorted(rows, key=lambda row: (row.clips < at.GROUP_CLIPS, row.hand)))


def _mean(values: NDArray[np.float64], index: NDArray[np.int64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    count = np.bincount(index[known], minlength=index.max(initial=-1) + 1)
    total = np.bincount(index[known], values[known], minlength=len(count))
    out = np.full(len(count), np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out
