"""One order from two searches: by written word, and by example.

A word's score is a probability and an example's a cosine, so that neither can be added to the
other. Each is taken by the sentence's place in its own order, and the places are added as
reciprocals (reciprocal rank fusion; Cormack, Clarke and Büttcher, SIGIR 2009): nothing is fitted,
and a sentence that either search puts far behind can still come first by the other.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

DEPTH = 60.0
"""How slowly a place loses worth; the value of the paper."""


def fused_by_place(
    *scores: Float[np.ndarray, "sentence"],
) -> Float[np.ndarray, "sentence"]:
    """Σ 1 / (60 + place) over searches; equal scores share the mean of their places.

    With a single search, its own scores.
    """
    if len(scores) == 1:
        return scores[0]
    return np.asarray(np.sum([1 / (DEPTH + places(score)) for score in scores], axis=0))


def places(score: Float[np.ndarray, "sentence"]) -> Float[np.ndarray, "sentence"]:
    """Each sentence's place from 1, the highest score first; ties share the mean of theirs."""
    _, tie, counts = np.unique(-score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Float[np.ndarray, "sentence"] = (last - (counts - 1) / 2)[tie.reshape(-1)]
    return mean
