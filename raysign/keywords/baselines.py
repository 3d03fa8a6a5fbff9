"""What a search is worth that knows nothing of the sentence: the floors under every figure."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from raysign.errors import SplitError
from raysign.keywords.metrics import KeywordFigures, f1_of, keyword_figures


def chance(labels: Bool[np.ndarray, "sentence word"]) -> dict[str, float]:
    """The figures of sentences in random order, as ``keyword_figures`` names them, in 0–1.

    ``map`` is exact: with P of N sentences right and every order as likely, the expected average
    precision is (H + (P − 1) (N − H) / (N − 1)) / N, where H = Σ 1/k over k ≤ N. ``max_f1`` is that
    of retrieving everything, which every search reaches at its lowest threshold: precision is then
    the word's share of the sentences and recall 1. ``SplitError`` where there is nothing to find.
    """
    count = labels.sum(axis=0)
    count = count[count > 0]
    if not len(count):
        raise SplitError("no word is in any sentence: nothing could be found by chance either")
    total = len(labels)
    harmonic = (1 / np.arange(1, total + 1)).sum()
    among = (count - 1) * (total - harmonic) / max(total - 1, 1)
    return {
        "map": float(((harmonic + among) / total).mean()),
        "max_f1": float(f1_of(np.array([count.mean() / total]), np.ones(1))[0]),
    }


def by_frequency(
    frequency: Float[np.ndarray, "word"], labels: Bool[np.ndarray, "sentence word"]
) -> KeywordFigures:
    """The figures of a search that gives each word its frequency in training, in every sentence.

    All sentences tie, so a word's average precision is its share of them; the threshold decides
    from which frequency on a word is said to be everywhere. Errors as of ``keyword_figures``.
    """
    return keyword_figures(np.broadcast_to(frequency, labels.shape), labels)
