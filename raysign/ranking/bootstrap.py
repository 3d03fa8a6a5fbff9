"""The bootstrap over signs that stands behind every interval.

Clips of one sign are alike, so queries are not independent; signs are. Signs are drawn with
replacement, as many as there are, each with all its queries, and the mean over queries is taken
anew; an interval goes from the 2.5th to the 97.5th percentile of these means (the percentile
method: Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13). It says how the
figure would move with other signs of the same kind, not with another seed or training run. With a
single sign, or signs that all agree, it is a point, which is why the number of signs goes with
every figure; one of 0 or 1 gets another interval (``interval.agreed``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.errors import DataError, SplitError

COVERAGE = 95.0
_DRAWS_AT_ONCE = 1 << 22


class Resampling(TypedDict):
    """How every interval of one report is drawn, to be handed on as ``**how``."""

    resamples: int
    seed: int


def resampled_means(
    values: Float[np.ndarray, "query metric"],
    answered: Bool[np.ndarray, "query"],
    query_sign: Int[Tensor, "labelled"],
    *,
    resamples: int,
    seed: int,
) -> Float[np.ndarray, "resample metric"]:
    """The mean of each column over the answered queries, once for each draw of the signs.

    The draws depend on the seed and on which signs have an answered query, not on the values: two
    encoders that were asked the same are drawn in pairs. ``SplitError`` where no query is answered,
    ``DataError`` where ``query_sign`` does not fit.
    """
    if len(query_sign) != len(answered):
        raise DataError(
            f"{len(answered):,} queries were ranked, but {len(query_sign):,} have a sign"
        )
    if resamples < 1:
        raise DataError(f"an interval needs 1 or more resamples, got {resamples}")
    if not answered.any():
        raise SplitError("no query has a positive in its gallery: there is nothing to average")
    _, sign = np.unique(query_sign.cpu().numpy()[answered], return_inverse=True)
    count = np.bincount(sign)
    total = np.stack([np.bincount(sign, weights=column) for column in values[answered].T], axis=1)
    return resampled_by_sign(total, count, resamples=resamples, seed=seed)


def resampled_by_sign(
    total: Float[np.ndarray, "sign metric"],
    count: Int[np.ndarray, "sign"],
    *,
    resamples: int,
    seed: int,
) -> Float[np.ndarray, "resample metric"]:
    """The same from the sum of each sign's values and the number of its queries, 1 or more."""
    step = max(1, _DRAWS_AT_ONCE // len(count))
    parts = [
        (weight @ total) / (weight @ count)[:, None]
        for weight in sign_weights(len(count), resamples=resamples, seed=seed, at_once=step)
    ]
    return np.concatenate(parts)


def sign_weights(
    signs: int, *, resamples: int, seed: int, at_once: int
) -> Iterator[Float[np.ndarray, "resample sign"]]:
    """How often each sign is drawn in each resample, some resamples at a time.

    All that a mean, or another figure of weighted queries, needs to know of a draw.
    """
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, at_once):
        part = min(at_once, resamples - start)
        drawn = rng.integers(signs, size=(part, signs)) + signs * np.arange(part)[:, None]
        yield np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(float)


def ends(
    means: Float[np.ndarray, "resample metric"],
) -> tuple[Float[np.ndarray, "metric"], Float[np.ndarray, "metric"]]:
    """The ends of the 95 % interval of each column."""
    tail = (100 - COVERAGE) / 2
    low, high = np.percentile(means, [tail, 100 - tail], axis=0)
    return low, high
