"""Whether a person sees the sign without scrolling: hit above the fold.

A search shows *signs*, a picture each, six or eight at once, and satisfaction drops sharply where
the sign stands below these (Hassan, Alonzo, Glasser, Huenerfauth, "Effect of Sign-recognition
Performance on the Usability of Sign-language Dictionary Search", TACCESS 2021). R@K of clips says
something else: ten clips may be four signs.

* *rank of the sign*: its place among the different signs, in the order in which the first clip of
  each comes; where signs are ranked, its rank. Ties count against, as in ``rank``.
* *hit above the fold* (``hit_above_fold_K``): 1 where that rank is K or less, else 0.

If the signs came in random order it would be K / signs.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64, Int, Int64
from torch import Tensor

from raysign.errors import DataError
from raysign.ranking.by_scoring import columns_of, own_matches, sign_blocks, standing
from raysign.ranking.exact import check
from raysign.ranking.scoring import Scoring

FOLDS = (6, 8)
"""Signs seen at once on the two result pages of that study."""
FOLD_METRICS = tuple(f"hit_above_fold_{places}" for places in FOLDS)


def sign_ranks(
    scoring: Scoring,
    queries: Float[Tensor, "query dim"],
    query_sign: Int[Tensor, "query"],
    gallery: Float[Tensor, "clip dim"],
    gallery_sign: Int[Tensor, "clip"],
    *,
    query_key: Int[Tensor, "query"] | None = None,
    gallery_key: Int[Tensor, "clip"] | None = None,
    memory_bytes: int = 256 << 20,
) -> Int64[Tensor, "query"]:
    """The rank of each query's sign among the signs shown, 1 and up, exact; 0 where unanswered.

    Arguments, errors and the bound on memory are those of ``rank_by``, but that queries of which
    none is answered are no error.

    >>> clips = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.8, 0.6], [0.6, 0.8]])
    >>> query, sign = clips[:1], torch.tensor([3, 3, 7, 8])
    >>> sign_ranks(Scoring(), query, torch.tensor([7]), clips, sign)  # the third clip, second sign
    tensor([2])
    """
    sides = queries, query_sign, gallery, gallery_sign
    check(*sides, query_key, gallery_key)
    own = own_matches(queries, query_key, gallery_key)
    mine, there = columns_of(query_sign.to(queries.device), gallery_sign)
    rank = torch.zeros(len(queries), dtype=torch.int64)
    for block, scores in sign_blocks(scoring, sides, own, memory_bytes):
        rank[block] = standing(scores, mine[block], there[block]).cpu()
    return rank


def hits_above_fold(
    rank: Int64[Tensor, "query"], folds: tuple[int, ...] = FOLDS
) -> Float64[np.ndarray, "query fold"]:
    """1 where the sign is among the first so many, else 0; NaN where unanswered.

    ``DataError`` where a fold is below 1.

    >>> hits_above_fold(torch.tensor([1, 7, 9, 0]))
    array([[ 1.,  1.],
           [ 0.,  1.],
           [ 0.,  0.],
           [nan, nan]])
    """
    if min(folds) < 1:
        raise DataError(f"a fold has 1 or more places above it, got {min(folds)}")
    place = rank.numpy()[:, None]
    hit = (place <= np.array(folds)).astype(np.float64)
    return np.where(place > 0, hit, np.nan)
