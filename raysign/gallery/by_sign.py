"""Signs for a query, each by all of its clips.

The nearest clips say which signs to look at; of these every clip is compared, so that a sign's mean
is the mean of all its clips, not of those that came up. A sign none of whose clips is among the
nearest is not looked at, and ``support`` shares its attention among the signs that are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from raysign.errors import ConfigError
from raysign.gallery.exemplars import Exemplar
from raysign.gallery.gallery import Gallery
from raysign.gallery.hits import check_k
from raysign.ranking import Scoring, sign_scores

NEAREST = 100
"""Clips looked at first,"""
PER_SIGN = 5
"""or so many for each sign asked for, whichever is more."""
WIDER = 4


@dataclass(frozen=True)
class SignHit:
    """A sign that was found."""

    sign: str
    score: float
    """As the scoring defines it."""
    clips: int
    """Clips of it in the gallery."""
    best: Exemplar
    """The nearest of them,"""
    cosine: float
    """and its cosine."""


def search_signs(
    gallery: Gallery,
    vectors: Float[np.ndarray, "query dim"],
    k: int = 10,
    scoring: Scoring | None = None,
) -> list[list[SignHit]]:
    """The k signs with the highest score for each query, best first.

    Args:
        gallery: with clips that have a sign; the others are not looked at.
        vectors: unit vectors of the gallery's model.
        k: 1 to the number of signs.
        scoring: one that ranks signs (default ``sign_max``).

    Raises:
        ConfigError: the scoring ranks clips.
        DataError: k is more than there are.
        GalleryError: see ``Gallery.search``.
    """
    scoring = scoring or Scoring("sign_max")
    if not scoring.of_signs:
        raise ConfigError(
            f"scoring {scoring.kind!r} ranks clips; give sign_max, sign_mean or support"
        )
    exemplars = gallery.exemplars
    check_k(k, len(exemplars.signs), "signs")
    reach = min(max(NEAREST, PER_SIGN * k), len(gallery))
    number = exemplars.sign_number
    while True:
        rows = gallery.search(vectors, reach).rows
        found = [np.unique(own[own >= 0]) for own in number[rows]]
        if reach == len(gallery) or min(map(len, found)) >= k:
            break
        reach = min(WIDER * reach, len(gallery))
    queries = vectors.astype(np.float32)
    return [
        _of_one(gallery, query, signs, k, scoring)
        for query, signs in zip(queries, found, strict=True)
    ]


def _of_one(
    gallery: Gallery,
    query: Float[np.ndarray, "dim"],
    signs: np.ndarray,
    k: int,
    scoring: Scoring,
) -> list[SignHit]:
    exemplars = gallery.exemplars
    rows = exemplars.of_signs(signs)
    cosine = gallery.vectors_at(rows) @ query
    local = np.searchsorted(signs, exemplars.sign_number[rows])
    scores = sign_scores(
        scoring,
        torch.from_numpy(cosine[None]),
        torch.from_numpy(local),
        len(signs),
        len(query),
    )[0].numpy()
    hits = []
    for place in np.argsort(-scores, kind="stable")[:k].tolist():
        mine = np.flatnonzero(local == place)
        nearest = mine[cosine[mine].argmax()]
        best = exemplars.at(rows[[nearest]])[0]
        hits.append(
            SignHit(best.sign, float(scores[place]), len(mine), best, float(cosine[nearest]))
        )
    return hits
