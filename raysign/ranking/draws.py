"""How far a figure from a single draw of queries may lie from the mean over many."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from torch import Tensor

from raysign.errors import DataError
from raysign.ranking.bootstrap import ends
from raysign.ranking.exact import PerQuery
from raysign.ranking.interval import RECALL_AT, Figure, metric_values, metrics_at

_VALUES_AT_ONCE = 1 << 22


def one_draw(
    per_query: PerQuery,
    query_sign: Int[Tensor, "query"],
    *,
    ks: tuple[int, ...] = RECALL_AT,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Figure]:
    """Each metric's mean over all draws, and the 95 % interval of what one draw would show.

    Each resample takes as many signs as there are, with replacement, and of each the query of a
    draw taken at random: one query a sign, as in one draw from signs like these. Whoever publishes
    one draw of 226 queries publishes a figure from this interval: it is as wide as that of 226
    independent queries, where hits are (``wilson``). What the queries of a draw share, its gallery,
    is left out.

    Args:
        per_query: of all draws; every query is answered.
        query_sign: of each query; every sign was drawn as often.
        ks: of R@K.
        resamples: draws behind the interval.
        seed: of these.

    Raises:
        DataError: a sign was drawn more often than another, or a query is unanswered.
    """
    sign = query_sign.numpy()
    numbers, times = np.unique(sign, return_counts=True)
    if len(set(times.tolist())) != 1 or not bool(per_query.answered.all()):
        raise DataError("every sign must be drawn as often, and every query have a positive")
    metrics, signs, draws = metrics_at(ks), len(numbers), int(times[0])
    order = np.argsort(sign, kind="stable")
    values = metric_values(per_query, metrics)[order].reshape(signs, draws, len(metrics))
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, len(metrics)))
    step = max(1, _VALUES_AT_ONCE // (signs * len(metrics)))
    for start in range(0, resamples, step):
        part = means[start : start + step]
        taken = (rng.integers(most, size=(len(part), signs)) for most in (signs, draws))
        part[:] = values[*taken].mean(axis=1)
    low, high = ends(means)
    rows = zip(metrics, values.mean(axis=(0, 1)), low, high, strict=True)
    return {name: Figure(float(v), float(a), float(b)) for name, v, a, b in rows}
