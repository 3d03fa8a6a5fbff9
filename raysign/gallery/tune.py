"""How hard a search must try: effort is raised until it finds what exact search finds.

*recall@10* of a search: of the ten rows that exact search gives a query, the share that it gives
too, as a mean over queries; a row with the same cosine as the exact tenth counts as one of the ten.
The queries are clips of the gallery, moved away from their sign as far as new recordings lie
(``spread_out``). They say how well the index does its work, not whether the sign is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int, Int64
from pydantic import Field

from raysign.config.base import Config
from raysign.gallery.kinds import Alive, Effort, Flat, Index, Queries
from raysign.gallery.vectors import Rows, Scores

DEPTH = 10
SAME = 1e-5
"""Cosines this near are the same: float32 sums in another order."""


class Tuned(Config):
    """An index as it was chosen and measured."""

    kind: Literal["flat", "hnsw", "ivf_pq"]
    why: str
    """Why this kind."""
    effort: dict[str, int]
    """Of a search; see :mod:`raysign.gallery.kinds`."""
    target: float = Field(gt=0, le=1)
    """The recall@10 asked for."""
    recall_at_10: float = Field(ge=0, le=1)
    """Of exact search, measured."""
    queries: int = Field(ge=0)
    """How many measured it; 0 where it is exact."""
    measured_on: Literal["", "held-out clips", "stored clips"] = ""
    """Whether these were in the index; stored ones leave themselves out of their answers."""
    spread: float = Field(default=1.0, ge=1)
    """How far they were moved; see ``spread_out``."""

    def line(self) -> str:
        """For people."""
        if self.kind == "flat":
            return f"flat: {self.why}; every clip is compared, recall@{DEPTH} 1"
        effort = ", ".join(f"{name} {value:,}" for name, value in self.effort.items())
        moved = ", moved as far off as new recordings lie" if self.spread > 1 else ""
        return (
            f"{self.kind}: {self.why}; recall@{DEPTH} {self.recall_at_10:.3f} of exact search on "
            f"{self.queries:,} {self.measured_on}{moved} (asked {self.target:g}), {effort}"
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """Queries; ``own`` is the row that each leaves out of its answers, or -1."""

    queries: Queries
    own: Int64[np.ndarray, "query"]


def spread_out(
    at: Callable[[Int64[np.ndarray, "row"]], Queries],
    rows: Int64[np.ndarray, "query"],
    sign: Int[np.ndarray, "clip"],
    spread: float,
    rng: np.random.Generator,
) -> tuple[Queries, float]:
    """Clips as queries that lie farther from the other clips of their sign, and how far they went.

    Each goes on in the direction in which it lies from the mean of the n others: by a × (clip −
    mean), with (1 + a)² + a² / n = ``spread``, so that its variance about the sign's true middle is
    ``spread`` times what it was, less what the unit sphere takes back. One that is its sign's only
    clip, or has none, goes as another does. Where no sign has two clips all stay, and the second
    value is 1.

    Args:
        at: gives the vectors of rows, of unit length.
        rows: the queries.
        sign: of every row, by number; -1 = none.
        spread: 1 changes nothing.
        rng: says whose way those without others of their sign go.
    """
    clips = at(rows)
    if spread == 1:
        return clips, 1.0
    away = np.zeros_like(clips)
    for place, row in enumerate(rows):
        same = np.flatnonzero(sign == sign[row]) if sign[row] >= 0 else rows[:0]
        same = same[same != row]
        if len(same):
            more = 1 + 1 / len(same)
            step = (np.sqrt(1 + (spread - 1) * more) - 1) / more
            away[place] = step * (clips[place] - at(same).mean(axis=0))
    known = np.flatnonzero(away.any(axis=1))
    if not len(known):
        return clips, 1.0
    alone = np.flatnonzero(~away.any(axis=1))
    away[alone] = away[rng.choice(known, len(alone))]
    moved = clips + away
    return moved / np.linalg.norm(moved, axis=1, keepdims=True), spread


def least_effort(
    index: Index, sample: Sample, alive: Alive, target: float, least: Effort | None = None
) -> tuple[Effort, float, bool]:
    """The first effort that reaches the target, its recall, and whether there is one.

    ``least`` is where to begin. Where the target is out of reach, the best effort.
    """
    every = Flat(index.vectors).nearest(sample.queries, DEPTH + 1, {}, alive)
    exact, _ = _others(every, sample.own)
    best: tuple[Effort, float] = {}, -1.0
    skip = least is not None
    for effort in index.efforts():
        skip = skip and effort != least
        if skip:
            continue
        found = index.nearest(sample.queries, DEPTH + 1, effort, alive)
        recall = recall_of(_others(found, sample.own)[0], exact)
        if recall > best[1]:
            best = effort, recall
        if recall >= target:
            return effort, recall, True
    return *best, False


def recall_of(found: Scores, exact: Scores) -> float:
    """recall@k of k answers a query, by their cosines [query k]."""
    tenth = exact[:, -1:] - SAME
    hits = ((found >= tenth) & np.isfinite(found)).sum(axis=1)
    return float(np.minimum(hits, exact.shape[1]).mean() / exact.shape[1])


def _others(
    found: tuple[Scores, Rows], own: Int64[np.ndarray, "query"]
) -> tuple[Float32[np.ndarray, "query fewer"], Int64[np.ndarray, "query fewer"]]:
    """One answer less: the query itself, or else the last."""
    scores, rows = found
    itself = (rows == own[:, None]) & (own >= 0)[:, None]
    itself[~itself.any(axis=1), -1] = True
    shape = len(rows), rows.shape[1] - 1
    return scores[~itself].reshape(shape), rows[~itself].reshape(shape)
