"""What a search is worth that knows nothing of the sentence.

``floor`` is what a model has to be better than: ``chance`` in mAP, ``by_frequency`` in maxF1.
Neither alone is a floor under both. Where all sentences of a word tie, as by frequency, its average
precision is its share of the sentences, and any order at all is worth more: a model that knows
nothing would pass. And everything retrieved, which is chance's maxF1, is one of the thresholds that
frequency has.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from raysign.errors import SplitError
from raysign.keywords.metrics import KeywordFigures, f1_of, keyword_figures
from raysign.keywords.resampled import Resampled, resample
from raysign.ranking.bootstrap import sign_weights

_DRAWS_AT_ONCE = 64


def chance(labels: Bool[np.ndarray, "sentence word"]) -> dict[str, float]:
    """The figures of sentences in random order, as ``keyword_figures`` names them, in 0–1.

    ``map`` is exact: with P of N sentences right and every order as likely, the expected average
    precision is (H + (P − 1) (N − H) / (N − 1)) / N, where H = Σ 1/k over k ≤ N. ``max_f1`` is that
    of retrieving everything, which every search reaches at its lowest threshold: precision is then
    the word's share of the sentences and recall 1. ``SplitError`` where there is nothing to find.
    """
    count = labels.sum(axis=0).astype(float)
    count = count[count > 0]
    if not len(count):
        raise SplitError("no word is in any sentence: nothing could be found by chance either")
    total = len(labels)
    return {
        "map": float(_in_random_order(count, total).mean()),
        "max_f1": float(f1_of(np.array([count.mean() / total]), np.ones(1))[0]),
    }


def by_frequency(
    frequency: Float[np.ndarray, "word"], labels: Bool[np.ndarray, "sentence word"]
) -> KeywordFigures:
    """The figures of a search that gives each word its frequency in training, in every sentence.

    All sentences tie, so a word's average precision is its share of them, which no order falls
    short of on average; the threshold decides from which frequency on a word is said to be
    everywhere. Errors as of ``keyword_figures``.
    """
    return keyword_figures(np.broadcast_to(frequency, labels.shape), labels)


def floor(
    frequency: Float[np.ndarray, "word"],
    labels: Bool[np.ndarray, "sentence word"],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Resampled:
    """The better of ``chance`` and ``by_frequency`` in each figure, in the draws of ``resample``.

    mAP is that of ties broken at random, exactly: the mean over all orders, also of each draw,
    whose sentences are then ordered anew. Of maxF1 it is the search by frequency itself. Errors as
    of ``keyword_figures``.
    """
    scores = np.broadcast_to(frequency, labels.shape)
    tied = resample(scores, labels, resamples=resamples, seed=seed)
    asked = labels[:, labels.any(axis=0)].astype(float)
    drawn = np.concatenate(
        [
            _mean_of_found(times @ asked, len(labels))
            for times in sign_weights(
                len(labels), resamples=resamples, seed=seed, at_once=_DRAWS_AT_ONCE
            )
        ]
    )
    return Resampled(
        {"map": chance(labels)["map"], "max_f1": tied.value["max_f1"]},
        {"map": drawn, "max_f1": tied.drawn["max_f1"]},
    )


def _mean_of_found(
    count: Float[np.ndarray, "resample word"], total: int
) -> Float[np.ndarray, "resample"]:
    """Over the words that a draw has; NaN where it has none, as in ``resample``."""
    there = count > 0
    each = np.where(there, _in_random_order(count, total), 0.0).sum(axis=1)
    out = np.full(len(count), np.nan)
    return np.asarray(np.divide(each, there.sum(axis=1), out=out, where=there.any(axis=1)))


def _in_random_order(count: Float[np.ndarray, "*word"], total: int) -> Float[np.ndarray, "*word"]:
    """The mean average precision over all orders, of words in ``count`` of ``total`` sentences."""
    harmonic = (1 / np.arange(1, total + 1)).sum()
    among = (count - 1) * (total - harmonic) / max(total - 1, 1)
    return np.asarray((harmonic + among) / total)
