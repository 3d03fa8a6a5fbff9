"""Whether the other signs that are shown look like the sign: neighbours with graded relevance.

People judge a dictionary by the other signs that it shows as well, by whether these look like the
sign (Alonzo, Glasser, Huenerfauth, "Effect of Automatic Sign Recognition Performance on the
Usability of Video-Based Search Interfaces for Sign Language Dictionaries", ASSETS 2019). How much
two signs look alike is given, in 0–1; here it is only averaged.

For a query of sign s, with the *other* signs of the gallery in the order in which they are shown
(see ``fold``), and g_i the likeness of s and the i-th of them:

* *precision@K* (``neighbour_precision_K``): the mean of g_i over i ≤ K.
* *ideal@K* (``neighbour_ideal_K``): the same for the likeliest first; no order gives more.
* *chance* (``neighbour_chance``): the same expected of a random order, at every K.
* *nDCG@K* (``neighbour_ndcg_K``): DCG / DCG of the likeliest first, DCG = Σ g_i / log2(i + 1) over
  i ≤ K (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002),
  and ``neighbour_ndcg_chance_K`` what a random order gives.

Signs of unknown likeness are taken out of the order, as if they were not shown (condensed lists:
Sakai, "Alternatives to Bpref", SIGIR 2007). s itself is taken out too: whether it is found is asked
elsewhere. Ties count against: of signs with equal scores the least alike stand first. Where fewer
than K others are there, K is their number.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from raysign.errors import DataError
from raysign.ranking.by_scoring import columns_of, own_matches, sign_blocks
from raysign.ranking.exact import check
from raysign.ranking.fold import FOLDS
from raysign.ranking.scoring import Scoring


def agreement(
    features: Int[np.ndarray, "entry feature"], weights: Float64[np.ndarray, "feature"]
) -> Float64[np.ndarray, "entry entry"]:
    """The weighted share of features in which each two agree, in 0–1.

    ``DataError`` where a weight is negative or none is above 0.

    >>> agreement(np.array([[0, 1, 5], [0, 2, 5]]), np.array([1.0, 1.0, 2.0]))[0]
    array([1.  , 0.75])
    """
    if (weights < 0).any() or not weights.sum() > 0:
        raise DataError(f"weights of features must be 0 or more, one above 0, got {weights}")
    total = np.zeros((len(features), len(features)))
    for column, weight in zip(features.T, weights / weights.sum(), strict=True):
        total += weight * (column[:, None] == column)
    return total


def neighbour_metrics(ks: tuple[int, ...] = FOLDS) -> tuple[str, ...]:
    """The names of the columns of ``neighbour_values``."""
    kinds = ("precision", "ideal", "ndcg", "ndcg_chance")
    return ("neighbour_chance", *(f"neighbour_{kind}_{k}" for k in ks for kind in kinds))


def neighbour_values(
    scoring: Scoring,
    queries: Float[Tensor, "query dim"],
    query_sign: Int[Tensor, "query"],
    gallery: Float[Tensor, "clip dim"],
    gallery_sign: Int[Tensor, "clip"],
    known: Int[Tensor, "known"],
    likeness: Float64[Tensor, "known known"],
    *,
    ks: tuple[int, ...] = FOLDS,
    query_key: Int[Tensor, "query"] | None = None,
    gallery_key: Int[Tensor, "clip"] | None = None,
    memory_bytes: int = 256 << 20,
) -> Float64[np.ndarray, "query metric"]:
    """The figures of each query, as at the top of this module, in the order of their names.

    Args:
        scoring: how clips or signs are scored.
        queries: embeddings, as in ``rank``.
        query_sign: number of each query's sign.
        gallery: embeddings.
        gallery_sign: number of each clip's sign.
        known: numbers of the signs whose likeness is known, ascending.
        likeness: of each two of them, in 0–1.
        ks: the cut-offs.
        query_key: with ``gallery_key``, what is left out, as in ``rank``.
        gallery_key: see there.
        memory_bytes: bounds what is held at once, besides ``likeness``.

    Returns:
        NaN for a query whose sign is not known, or beside which no other known sign is there.

    Raises:
        SplitError, DataError: as ``rank`` does, but that no query has to be answered.
    """
    sides = queries, query_sign, gallery, gallery_sign
    check(*sides, query_key, gallery_key)
    own = own_matches(queries, query_key, gallery_key)
    signs = gallery_sign.unique()
    of_known = torch.isin(signs, known).nonzero()[:, 0]  # columns whose likeness is known
    there = likeness[:, torch.searchsorted(known, signs[of_known])]
    asked, knows = _rows(query_sign, known)
    values = np.full((len(queries), len(neighbour_metrics(ks))), np.nan)
    # Half for the scores, half for the signs' orders.
    for block, scores in sign_blocks(scoring, sides, own, memory_bytes // 2):
        rows = knows[block].nonzero()[:, 0]
        score = scores.cpu()[rows][:, of_known]
        mine = query_sign[block][rows, None] == signs[of_known]
        values[np.arange(len(queries))[block][rows]] = _values(
            score.masked_fill(mine, -torch.inf), there[asked[block][rows]], ks
        )
    return values


def _rows(
    sign: Int[Tensor, "query"], known: Int[Tensor, "known"]
) -> tuple[Int[Tensor, "query"], Tensor]:
    """Each sign's place among the known ones, and whether it is one of them."""
    if not len(known):
        return torch.zeros_like(sign), torch.zeros_like(sign, dtype=torch.bool)
    return columns_of(sign, known)


def _values(
    score: Float[Tensor, "row sign"], gain: Float64[Tensor, "row sign"], ks: tuple[int, ...]
) -> Float64[np.ndarray, "row metric"]:
    """Of queries by their scores of the other signs (-inf = is not shown) and these's gains."""
    count = (score > -torch.inf).sum(dim=1)
    gain = gain.masked_fill(score == -torch.inf, 0)
    # Least alike first, then by score in a sort that keeps the order of equals.
    least = gain.argsort(dim=1)
    order = least.gather(1, score.gather(1, least).argsort(dim=1, descending=True, stable=True))
    shown, best = gain.gather(1, order), gain.sort(dim=1, descending=True).values
    chance = gain.sum(dim=1) / count
    columns = [chance]
    for k in ks:
        places = torch.arange(min(k, gain.shape[1]))
        filled = (places < count[:, None]).double()
        discount = filled / torch.log2(places + 2.0)
        most = filled.sum(dim=1)
        top = (best[:, : len(places)] * discount).sum(dim=1)

        def share(dcg: Tensor, top: Tensor = top) -> Tensor:
            return torch.where(top > 0, dcg / top, 0.0)

        columns += [
            (shown[:, : len(places)] * filled).sum(dim=1) / most,
            (best[:, : len(places)] * filled).sum(dim=1) / most,
            share((shown[:, : len(places)] * discount).sum(dim=1)),
            share(chance * discount.sum(dim=1)),
        ]
    table = torch.stack(columns, dim=1)
    return table.masked_fill(count[:, None] == 0, torch.nan).numpy()
