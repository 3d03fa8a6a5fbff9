"""What a gallery in random order would give: the floor under every figure."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from raysign.errors import DataError
from raysign.ranking.exact import PerQuery
from raysign.ranking.interval import RECALL_AT, metrics_at


def chance(per_query: PerQuery, *, ks: tuple[int, ...] = RECALL_AT) -> dict[str, float]:
    """The expected figures of the same queries if every order of the gallery were as likely.

    With P positives among N clips, the best positive has rank above k with chance
    S(k) = ∏ (N − P − j) / (N − j) over j < k; then R@K = 1 − S(K), RR = Σ (S(k−1) − S(k)) / k, and
    AP = (H + (P − 1) (N − H) / (N − 1)) / N with H = Σ 1/k over k ≤ N. N counts the clips that a
    query leaves out as well. ``DataError`` where no query is answered.
    """
    count = per_query.positives[per_query.answered].numpy()
    if not len(count):
        raise DataError("no query has a positive: nothing could be found by chance either")
    positives, times = np.unique(count, return_counts=True)
    each = np.array([_expected(int(p), per_query.gallery, ks) for p in positives])
    mean = np.average(each, axis=0, weights=times)
    return {name: float(value) for name, value in zip(metrics_at(ks), mean, strict=True)}


def _expected(positives: int, gallery: int, ks: tuple[int, ...]) -> Float[np.ndarray, "metric"]:
    place = np.arange(gallery)
    later = np.cumprod(np.maximum(gallery - positives - place, 0) / (gallery - place))
    found = np.concatenate([[1.0], later[:-1]]) - later
    rank = place + 1.0
    harmonic = (1 / rank).sum()
    among = (positives - 1) * (gallery - harmonic) / (gallery - 1) if gallery > 1 else 0.0
    recall = [1 - later[min(k, gallery) - 1] for k in ks]
    return np.array([*recall, (harmonic + among) / gallery, (found / rank).sum()])
