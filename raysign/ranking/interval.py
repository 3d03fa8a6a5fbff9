"""Figures with their intervals: a bootstrap over signs.

Clips of one sign are alike, so queries are not independent; signs are. Signs are drawn with
replacement, as many as there are, each with all its queries, and the mean over queries is taken
anew; the interval goes from the 2.5th to the 97.5th percentile of these means (the percentile
method: Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13). It says how the
figure would move with other signs of the same kind, not with another seed or training run. With a
single sign it is a point, which is why the number of signs goes with every figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from raysign.errors import DataError, SplitError
from raysign.ranking.exact import PerQuery

RECALL_AT = (1, 5, 10, 50)
COVERAGE = 95.0
_DRAWS_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Figure:
    """A value with the ends of its 95 % interval.

    >>> print(Figure(0.1834, 0.166, 0.2))
    .183 [.166–.200]
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.value)} [{_short(self.low)}\N{EN DASH}{_short(self.high)}]"


@dataclass(frozen=True)
class Ranking:
    """Every figure of one ranking, and what it must never travel without.

    ``figures`` has ``recall_at_K`` for each K, ``map`` and ``mrr``, all in 0–1. ``queries`` counts
    the answered ones and ``signs`` their signs; ``unanswered`` had no positive; ``gallery`` is the
    number of clips searched; ``positives_per_query`` is a mean over the answered.
    """

    figures: dict[str, Figure]
    queries: int
    unanswered: int
    signs: int
    gallery: int
    positives_per_query: float

    def as_json(self) -> dict[str, float | int]:
        """All numbers, flat: ``recall_at_1`` with its ``_low`` and ``_high``, and so on."""
        flat: dict[str, float | int] = {}
        for name, figure in self.figures.items():
            flat |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
        return flat | {
            "queries": self.queries,
            "unanswered": self.unanswered,
            "signs": self.signs,
            "gallery": self.gallery,
            "positives_per_query": self.positives_per_query,
        }

    def as_metrics(self, prefix: str = "val/") -> dict[str, float]:
        """The values alone, as MLflow takes them: ``val/recall_at_1``, ``val/map`` and so on."""
        return {f"{prefix}{name}": figure.value for name, figure in self.figures.items()}

    def line(self) -> str:
        """The figures for people: ``R@1 .183 [.166–.200]  …  mAP .179 [.166–.193]  MRR …``."""
        words = {"map": "mAP", "mrr": "MRR"}
        return "  ".join(
            f"{words.get(name, name.replace('recall_at_', 'R@'))} {figure}"
            for name, figure in self.figures.items()
        )

    def card(self) -> str:
        """What the figures were measured on, in one line."""
        unanswered = f" ({self.unanswered:,} more unanswered)" if self.unanswered else ""
        return (
            f"{self.queries:,} queries of {self.signs:,} signs{unanswered}, gallery of "
            f"{self.gallery:,} clips, {self.positives_per_query:.1f} positives a query"
        )


def summarise(
    per_query: PerQuery,
    query_sign: Int[Tensor, "query"],
    *,
    ks: tuple[int, ...] = RECALL_AT,
    resamples: int = 1000,
    seed: int = 0,
) -> Ranking:
    """The mean of every metric over the answered queries, with its 95 % interval over signs.

    The same draws serve all metrics, and the same ``seed`` gives the same intervals. ``SplitError``
    where no query is answered, ``DataError`` where ``query_sign`` does not fit.

    >>> import torch
    >>> from raysign.ranking.exact import PerQuery
    >>> found = PerQuery(
    ...     first_rank=torch.tensor([1, 2, 1, 4]),
    ...     average_precision=torch.tensor([1.0, 0.5, 1.0, 0.25], dtype=torch.float64),
    ...     positives=torch.tensor([1, 1, 1, 1]),
    ...     gallery=9,
    ... )
    >>> ranking = summarise(found, torch.tensor([0, 0, 1, 1]), ks=(1, 2))
    >>> print(ranking.line())
    R@1 .500 [.500–.500]  R@2 .750 [.500–1.000]  mAP .688 [.625–.750]  MRR .688 [.625–.750]
    >>> print(ranking.card())
    4 queries of 2 signs, gallery of 9 clips, 1.0 positives a query
    """
    metrics = (*(f"recall_at_{k}" for k in ks), "map", "mrr")
    values = np.stack([per_query.values(metric).numpy() for metric in metrics], axis=1)
    answered = per_query.answered.numpy()
    figures = _intervals(values, answered, query_sign, resamples, seed)
    return Ranking(
        figures=dict(zip(metrics, figures, strict=True)),
        queries=int(answered.sum()),
        unanswered=int((~answered).sum()),
        signs=len(np.unique(query_sign.cpu().numpy()[answered])),
        gallery=per_query.gallery,
        positives_per_query=float(per_query.positives[per_query.answered].double().mean()),
    )


def paired_difference(
    a: PerQuery,
    b: PerQuery,
    query_sign: Int[Tensor, "query"],
    metric: str = "map",
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Figure:
    """How much better a is than b: the mean of a - b, with its 95 % interval over signs.

    a and b differ at that level where the interval leaves out 0. Pairing takes out what makes a
    query hard for both, so this finds differences that two separate intervals would hide.
    ``DataError`` where the two were not asked the same queries of the same gallery.
    """
    if a.positives.tolist() != b.positives.tolist() or a.gallery != b.gallery:
        raise DataError(
            "the two rankings differ in queries, positives or gallery; "
            "rank both encoders on the same clips"
        )
    difference = (a.values(metric) - b.values(metric)).numpy()
    return _intervals(difference[:, None], a.answered.numpy(), query_sign, resamples, seed)[0]


def _intervals(
    values: NDArray[np.float64],
    answered: NDArray[np.bool_],
    query_sign: Int[Tensor, "query"],
    resamples: int,
    seed: int,
) -> list[Figure]:
    """The mean of each column of [query metric] over the answered, and its interval over signs."""
    if len(query_sign) != len(answered):
        raise DataError(
            f"{len(answered):,} queries were ranked, but {len(query_sign):,} have a sign"
        )
    if resamples < 1:
        raise DataError(f"an interval needs 1 or more resamples, got {resamples}")
    if not answered.any():
        raise SplitError("no query has a positive in its gallery: there is nothing to average")
    values = values[answered]
    _, sign = np.unique(query_sign.cpu().numpy()[answered], return_inverse=True)
    count = np.bincount(sign)
    total = np.stack([np.bincount(sign, weights=column) for column in values.T], axis=1)

    rng, num = np.random.default_rng(seed), len(count)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, _DRAWS_AT_ONCE // num)
    for start in range(0, resamples, step):
        part = means[start : start + step]
        drawn = rng.integers(num, size=(len(part), num)) + num * np.arange(len(part))[:, None]
        # how often each sign was drawn: a mean needs no more than that
        weight = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(float)
        part[:] = (weight @ total) / (weight @ count)[:, None]
    tail = (100 - COVERAGE) / 2
    low, high = np.percentile(means, [tail, 100 - tail], axis=0)
    ends = zip(values.mean(axis=0), low, high, strict=True)
    return [Figure(float(v), float(a), float(b)) for v, a, b in ends]


def _short(value: float) -> str:
    """Three decimals, no leading zero: .183."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:.3f}"
