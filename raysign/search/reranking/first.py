"""The clips that a second stage puts in order."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int, Int64

from raysign.gallery import Gallery
from raysign.gallery.by_sign import NEAREST, PER_SIGN, WIDER


def first_stage(
    gallery: Gallery,
    query: Float32[np.ndarray, "dim"],
    k: int,
    *,
    of_signs: bool,
    least: int = 0,
    hidden: Int[np.ndarray, "_"] | None = None,
    among: Int[np.ndarray, "sign"] | None = None,
) -> tuple[Int64[np.ndarray, "clip"], Float32[np.ndarray, "clip"]]:
    """A query's nearest clips and their cosines, best first.

    Args:
        gallery: to search.
        query: a unit vector of its model.
        k: signs, or clips, that must be among them where there are so many.
        of_signs: look at clips that have a sign alone, and count signs.
        least: clips to look at, at least.
        hidden: rows that the query is answered without.
        among: places in ``Exemplars.signs``; no clip of another sign is looked at. None = all.
    """
    if among is not None:
        return _of_signs(gallery, query, among, k, max(NEAREST, PER_SIGN * k, least))
    number, left_out = gallery.exemplars.sign_number, 0 if hidden is None else len(hidden)
    reach = max(NEAREST, PER_SIGN * k, least)
    while True:
        wide = min(reach + left_out, len(gallery))
        hits = gallery.search(query[None], wide)
        rows, cosine = hits.rows[0], hits.scores[0]
        kept = number[rows] >= 0 if of_signs else np.ones(wide, dtype=bool)
        if hidden is not None:
            kept &= ~np.isin(rows, hidden)
        rows, cosine = rows[kept][:reach], cosine[kept][:reach]
        found = len(np.unique(number[rows])) if of_signs else len(rows)
        if found >= k or wide == len(gallery):
            return rows, cosine
        reach *= WIDER


def _of_signs(
    gallery: Gallery,
    query: Float32[np.ndarray, "dim"],
    among: Int[np.ndarray, "sign"],
    k: int,
    least: int,
) -> tuple[Int64[np.ndarray, "clip"], Float32[np.ndarray, "clip"]]:
    """The nearest clips of some signs, each of them compared: ``least``, and of k signs or all."""
    rows = gallery.exemplars.of_signs(among)
    cosine = gallery.vectors_at(rows) @ query
    order = np.argsort(-cosine, kind="stable")
    _, first = np.unique(gallery.exemplars.sign_number[rows[order]], return_index=True)
    best = order[: max(least, int(np.sort(first)[:k][-1]) + 1)]
    return rows[best], cosine[best]
