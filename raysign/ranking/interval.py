"""Figures with their intervals over signs (see ``bootstrap``), and what they were measured on."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.errors import DataError
from raysign.ranking.bootstrap import ends, resampled_means
from raysign.ranking.exact import PerQuery

RECALL_AT = (1, 5, 10, 50)


def spoken(metric: str) -> str:
    """A metric's name for people: ``R@1``, ``mAP``, ``MRR``, ``fold@6``."""
    short_of = {"map": "mAP", "mrr": "MRR"}
    counted = metric.replace("recall_at_", "R@").replace("hit_above_fold_", "fold@")
    return short_of.get(metric, counted)


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
        return f"{short(self.value)} [{short(self.low)}\N{EN DASH}{short(self.high)}]"


@dataclass(frozen=True)
class Ranking:
    """Every figure of one ranking, and what it must never travel without.

    ``figures`` has ``recall_at_K`` for each K, ``map`` and ``mrr``, all in 0–1. ``queries`` counts
    the answered ones and ``signs`` their signs; ``unanswered`` had no positive; ``gallery`` is the
    number of clips searched, or of signs where ``unit`` says that signs were ranked;
    ``positives_per_query`` is a mean over the answered.
    """

    figures: dict[str, Figure]
    queries: int
    unanswered: int
    signs: int
    gallery: int
    positives_per_query: float
    unit: str = "clips"

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
        return "  ".join(f"{spoken(name)} {figure}" for name, figure in self.figures.items())

    def card(self) -> str:
        """What the figures were measured on, in one line."""
        unanswered = f" ({self.unanswered:,} more unanswered)" if self.unanswered else ""
        return (
            f"{self.queries:,} queries of {self.signs:,} signs{unanswered}, gallery of "
            f"{self.gallery:,} {self.unit}, {self.positives_per_query:.1f} positives a query"
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
    metrics = metrics_at(ks)
    return ranking_of(
        metric_values(per_query, metrics), metrics, per_query, query_sign, resamples, seed
    )


def ranking_of(
    values: Float[np.ndarray, "query metric"],
    metrics: tuple[str, ...],
    per_query: PerQuery,
    query_sign: Int[Tensor, "labelled"],
    resamples: int,
    seed: int,
) -> Ranking:
    """The figures of a table of values, of which ``per_query`` says what they were measured on."""
    answered = per_query.answered.numpy()
    deep = [m for m in metrics if m.startswith("recall_at_")]
    return Ranking(
        figures=mean_figures(
            values,
            metrics,
            answered,
            query_sign,
            certain=[m for m in deep if int(m.removeprefix("recall_at_")) >= per_query.gallery],
            resamples=resamples,
            seed=seed,
        ),
        queries=int(answered.sum()),
        unanswered=int((~answered).sum()),
        signs=len(np.unique(query_sign.cpu().numpy()[answered])),
        gallery=per_query.gallery,
        positives_per_query=float(per_query.positives[per_query.answered].double().mean()),
        unit=per_query.unit,
    )


def mean_figures(
    values: Float[np.ndarray, "query metric"],
    metrics: tuple[str, ...],
    answered: Bool[np.ndarray, "query"],
    query_sign: Int[Tensor, "labelled"],
    *,
    certain: Collection[str] = (),
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Figure]:
    """The mean of each column over the answered queries, with its 95 % interval over signs.

    A mean on which all signs agree, 0 or 1, has the interval of ``agreed``.

    Args:
        values: of each query, in 0–1 where it is answered.
        metrics: the columns' names.
        answered: the queries that count.
        query_sign: of each query.
        certain: columns that are 1 whatever is measured, as R@50 in a gallery of 50.
        resamples: draws behind each interval.
        seed: of these.

    Raises:
        SplitError: no query is answered.
        DataError: ``query_sign`` does not fit.
    """
    low, high = ends(resampled_means(values, answered, query_sign, resamples=resamples, seed=seed))
    rows = zip(metrics, values[answered].mean(axis=0), low, high, strict=True)
    signs = len(np.unique(query_sign.cpu().numpy()[answered]))
    figures = {name: Figure(float(v), float(a), float(b)) for name, v, a, b in rows}
    return {
        name: figure if name in certain else agreed(figure, signs)
        for name, figure in figures.items()
    }


def agreed(figure: Figure, signs: int) -> Figure:
    """The figure, or where it is 0 or 1 Wilson's: no draw of signs that all agree differs.

    ``signs`` are then as many independent questions. Of values between 0 and 1, as AP, the interval
    is if anything too wide: no mean of 0–1 varies more than a share.

    >>> print(agreed(Figure(1.0, 1.0, 1.0), 3))
    1.000 [.439–1.000]
    """
    return wilson(figure.value, signs) if figure.value in (0, 1) else figure


def metrics_at(ks: tuple[int, ...]) -> tuple[str, ...]:
    """The names of all metrics, in the order of every table."""
    return (*(f"recall_at_{k}" for k in ks), "map", "mrr")


def metric_values(
    per_query: PerQuery, metrics: tuple[str, ...]
) -> Float[np.ndarray, "query metric"]:
    """Every metric of every query; NaN where unanswered."""
    return np.stack([per_query.values(metric).numpy() for metric in metrics], axis=1)


def wilson(share: float, count: int) -> Figure:
    """The 95 % interval of a share of ``count`` independent yes-or-no questions.

    For figures of others, of which no more is known than that: the score interval (Wilson, *JASA*
    22, 1927), which holds for small shares too. Queries of one sign are alike, so it is too narrow
    where signs have many. ``DataError`` where ``count`` is below 1 or the share outside of 0–1.

    >>> print(wilson(8 / 226, 226))
    .035 [.018–.068]
    """
    if count < 1 or not 0 <= share <= 1:
        raise DataError(f"a share of {count} queries must lie in 0–1, got {share}")
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    half /= 1 + z * z / count
    # rounding may carry an end past 0 or 1
    return Figure(share, max(0.0, middle - half), min(1.0, middle + half))


def short(value: float) -> str:
    """Three decimals, no leading zero: .183."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 0.9995 else f"{value:.3f}"


def signed(value: float) -> str:
    """The same with its sign, as differences are written: +.005, -.012."""
    text = short(value)
    return text if text.startswith("-") else f"+{text}"
