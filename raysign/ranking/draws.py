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
    draw: Int[Tensor, "query"] | None = None,
    *,
    ks: tuple[int, ...] = RECALL_AT,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Figure]:
    """Each metric's mean over all queries, and the 95 % interval of what one draw would show.

    Each resample takes as many signs as there are, with replacement, and of each its queries of a
    draw taken at random: as many as in one draw from signs like these. Whoever publishes one draw
    of 226 queries, one a sign, publishes a figure from this interval: it is as wide as that of 226
    independent queries, where hits are (``wilson``). What the queries of a draw share, its gallery,
    is left out.

    Args:
        per_query: of all draws; every query is answered.
        query_sign: of each query.
        draw: of each query its draw, 0 and up; a sign that a draw does not ask for, as copies of
            its supports may not ask, counts nothing where that draw of it is taken. None = each of
            a sign's queries is of another, in their order, and all signs have as many.
        ks: of R@K.
        resamples: draws behind the interval.
        seed: of these.

    Raises:
        DataError: signs have unlike numbers of queries where ``draw`` is None, or a query is
            unanswered.
    """
    numbers, sign, times = np.unique(query_sign.numpy(), return_inverse=True, return_counts=True)
    if draw is None:
        turn = np.empty_like(sign)
        turn[np.argsort(sign, kind="stable")] = np.arange(len(sign))
        turn -= (np.cumsum(times) - times)[sign]
    else:
        turn = draw.numpy()
    metrics, signs, draws = metrics_at(ks), len(numbers), int(turn.max()) + 1
    cell, cells = sign * draws + turn, signs * draws
    count = np.bincount(cell, minlength=cells).reshape(signs, draws)
    if draw is None and not count.all():
        raise DataError(
            f"each of {draws} draws must ask for each of {signs} signs; leave out the signs that "
            "have fewer queries"
        )
    if not bool(per_query.answered.all()):
        raise DataError("every query must have a positive; leave out the queries that have none")
    columns = metric_values(per_query, metrics).T
    total = np.stack([np.bincount(cell, column, minlength=cells) for column in columns], axis=1)
    total = total.reshape(signs, draws, len(metrics))
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, len(metrics)))
    step = max(1, _VALUES_AT_ONCE // (signs * len(metrics)))
    for start in range(0, resamples, step):
        part = means[start : start + step]
        taken = tuple(rng.integers(most, size=(len(part), signs)) for most in (signs, draws))
        asked = count[taken].sum(axis=1)[:, None]
        part[:] = np.where(asked, total[taken].sum(axis=1) / np.maximum(asked, 1), np.nan)
    low, high = ends(means[~np.isnan(means[:, 0])])
    rows = zip(metrics, total.sum(axis=(0, 1)) / count.sum(), low, high, strict=True)
    return {name: Figure(float(v), float(a), float(b)) for name, v, a, b in rows}
