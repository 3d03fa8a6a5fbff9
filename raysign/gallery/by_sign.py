"""Signs for a query, each by all of its clips.

The nearest clips say which signs to look at; of these every clip is compared, so that a sign's mean
is the mean of all its clips, not of those that came up. A sign none of whose clips is among the
nearest is not looked at, and ``support`` shares its attention among the signs that are. What one
query is answered does not depend on those that are asked with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Int64

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
_BYTES_AT_ONCE = 1 << 26
_BYTES_A_HIT = 12


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
    row: int
    """its row in the gallery,"""
    cosine: float
    """and its cosine."""


def search_signs(
    gallery: Gallery,
    vectors: Float[np.ndarray, "query dim"],
    k: int = 10,
    scoring: Scoring | None = None,
    among: Int[np.ndarray, "sign"] | None = None,
) -> list[list[SignHit]]:
    """The k signs with the highest score for each query, best first.

    Args:
        gallery: with clips that have a sign; the others are not looked at.
        vectors: unit vectors of the gallery's model.
        k: 1 to the number of signs.
        scoring: one that ranks signs (default ``sign_max``).
        among: places in ``Exemplars.signs``, rising; only these are looked at, each of their clips,
            and of fewer than k all are found. None = all signs, by their nearest clips.

    Raises:
        ConfigError: the scoring ranks clips.
        DataError: k is more than there are.
        GalleryError: see ``Gallery.search``.
    """
    scoring = _of_signs(scoring)
    check_k(k, len(gallery.exemplars.signs), "signs")
    if among is None:
        found = _looked_at(gallery, vectors, k, None)
    elif len(among):
        found = [among] * len(vectors)
    else:
        return [[] for _ in vectors]
    return [
        _hits(gallery, _scored(gallery, query, signs, scoring, None), k)
        for query, signs in zip(vectors.astype(np.float32), found, strict=True)
    ]


def score_signs(
    gallery: Gallery,
    vectors: Float[np.ndarray, "query dim"],
    k: int,
    scoring: Scoring | None = None,
    hidden: Sequence[Int[np.ndarray, "_"]] | None = None,
) -> tuple[Int64[np.ndarray, "query k"], Float32[np.ndarray, "query k"]]:
    """What ``search_signs`` finds, as numbers, in a gallery from which each query hides some rows.

    Args:
        gallery: see ``search_signs``.
        vectors: see there.
        k: 1 to the number of signs.
        scoring: see there.
        hidden: of each query, the rows that it is answered without, as if they were not there; in
            an approximate index a few more clips are asked for in their stead.

    Returns:
        The places of the signs in ``Exemplars.signs``, best first, and their scores; -1 and -inf
        where fewer are left.

    Raises:
        As ``search_signs``.
    """
    scoring = _of_signs(scoring)
    check_k(k, len(gallery.exemplars.signs), "signs")
    numbers = np.full((len(vectors), k), -1, dtype=np.int64)
    scores = np.full((len(vectors), k), -np.inf, dtype=np.float32)
    looked_at = _looked_at(gallery, vectors, k, hidden)
    for query, (vector, signs) in enumerate(
        zip(vectors.astype(np.float32), looked_at, strict=True)
    ):
        if not len(signs):
            continue
        without = None if hidden is None else hidden[query]
        found = _scored(gallery, vector, signs, scoring, without)
        best = found.best_first(k)
        numbers[query, : len(best)] = signs[best]
        scores[query, : len(best)] = found.scores[best]
    return numbers, scores


def _of_signs(scoring: Scoring | None) -> Scoring:
    scoring = scoring or Scoring("sign_max")
    if not scoring.of_signs:
        raise ConfigError(
            f"scoring {scoring.kind!r} ranks clips; give sign_max, sign_mean or support"
        )
    return scoring


def _looked_at(
    gallery: Gallery,
    vectors: Float[np.ndarray, "query dim"],
    k: int,
    hidden: Sequence[Int[np.ndarray, "_"]] | None,
) -> list[Int[np.ndarray, "_"]]:
    """The signs of each query's nearest clips, k or all there are where these are fewer."""
    number = gallery.exemplars.sign_number
    more = 0 if hidden is None else max(map(len, hidden), default=0)
    reach = max(NEAREST, PER_SIGN * k)
    found = _signs_left(gallery, len(vectors), hidden)
    left = np.flatnonzero([len(signs) > k for signs in found])
    while len(left):
        wide = min(reach + more, len(gallery))
        step = max(1, _BYTES_AT_ONCE // (_BYTES_A_HIT * wide))
        for start in range(0, len(left), step):
            block = left[start : start + step]
            rows = gallery.search(vectors[block], wide).rows
            for query, near in zip(block.tolist(), rows, strict=True):
                seen = near if hidden is None else near[~np.isin(near, hidden[query])][:reach]
                own = number[seen]
                found[query] = np.unique(own[own >= 0])
        if wide == len(gallery):
            break
        left = left[[len(found[query]) < k for query in left.tolist()]]
        reach *= WIDER
    return found


def _signs_left(
    gallery: Gallery, queries: int, hidden: Sequence[Int[np.ndarray, "_"]] | None
) -> list[Int[np.ndarray, "_"]]:
    """For each query the signs of which not all clips are hidden."""
    number, every = gallery.exemplars.sign_number, np.arange(len(gallery.exemplars.signs))
    if hidden is None:
        return [every] * queries
    clips = np.bincount(number[number >= 0], minlength=len(every))
    left = []
    for rows in hidden:
        signs, count = np.unique(number[rows], return_counts=True)
        gone = signs[(signs >= 0) & (count == clips[signs])]
        left.append(np.delete(every, gone))
    return left


@dataclass(frozen=True, eq=False)
class _Scored:
    """Signs for one query, and the clips that they were scored by."""

    scores: Float32[np.ndarray, "sign"]
    rows: Int64[np.ndarray, "clip"]
    local: Int64[np.ndarray, "clip"]
    """The place of each clip's sign among the scores."""
    cosine: Float32[np.ndarray, "clip"]

    def best_first(self, k: int) -> Int64[np.ndarray, "found"]:
        """Places of the k best; equals in the order of the alphabet."""
        return np.argsort(-self.scores, kind="stable")[:k]


def _scored(
    gallery: Gallery,
    query: Float32[np.ndarray, "dim"],
    signs: Int[np.ndarray, "sign"],
    scoring: Scoring,
    hidden: Int[np.ndarray, "row"] | None,
) -> _Scored:
    exemplars = gallery.exemplars
    rows = exemplars.of_signs(signs)
    if hidden is not None:
        rows = rows[~np.isin(rows, hidden)]
    cosine = gallery.vectors_at(rows) @ query
    local = np.searchsorted(signs, exemplars.sign_number[rows])
    scores = sign_scores(
        scoring,
        torch.from_numpy(cosine[None]),
        torch.from_numpy(local),
        len(signs),
        len(query),
    )[0].numpy()
    return _Scored(scores, rows, local, cosine)


def _hits(gallery: Gallery, found: _Scored, k: int) -> list[SignHit]:
    places = found.best_first(k)
    clips = [np.flatnonzero(found.local == place) for place in places.tolist()]
    nearest = np.array([mine[found.cosine[mine].argmax()] for mine in clips], dtype=np.int64)
    rows = found.rows[nearest]
    return [
        SignHit(best.sign, score, len(mine), best, row, cosine)
        for best, score, mine, row, cosine in zip(
            gallery.exemplars.at(rows),
            found.scores[places].tolist(),
            clips,
            rows.tolist(),
            found.cosine[nearest].tolist(),
            strict=True,
        )
    ]
