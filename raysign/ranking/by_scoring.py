"""Rankings by any scoring, of clips or of signs, and the scores of signs that stand behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.ranking.exact import Matches, PerQuery, check, check_answered, rank, score_block
from raysign.ranking.scoring import Scoring, sign_scores, smooth, soft_maxima, without_own


def rank_by(
    scoring: Scoring,
    queries: Float[Tensor, "query dim"],
    query_sign: Int[Tensor, "query"],
    gallery: Float[Tensor, "clip dim"],
    gallery_sign: Int[Tensor, "clip"],
    *,
    query_key: Int[Tensor, "query"] | None = None,
    gallery_key: Int[Tensor, "clip"] | None = None,
    memory_bytes: int = 256 << 20,
    allow_unanswered: bool = False,
) -> PerQuery:
    """``rank`` by another score than the cosine of clips; arguments and errors are the same.

    >>> clips = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.8, 0.6]])
    >>> sign, query, asked = torch.tensor([3, 3, 7, 7]), torch.tensor([[1.0, 0.0]]), [7]
    >>> for kind in ("clip", "sign_max", "sign_mean"):
    ...     print(rank_by(Scoring(kind), query, torch.tensor(asked), clips, sign).first_rank)
    tensor([2])
    tensor([2])
    tensor([2])
    """
    sides = (queries, query_sign, gallery, gallery_sign)

    def ranked(clips: Tensor, amend: Callable[[slice, Tensor], None] | None = None) -> PerQuery:
        return rank(
            queries,
            query_sign,
            clips,
            gallery_sign,
            query_key=query_key,
            gallery_key=gallery_key,
            memory_bytes=memory_bytes,
            amend=amend,
            allow_unanswered=allow_unanswered,
        )

    if scoring.kind == "clip" or (scoring.kind == "smoothed" and scoring.smooth == 0):
        return ranked(gallery)
    check(*sides, query_key, gallery_key)
    own = own_matches(queries, query_key, gallery_key)
    if scoring.kind == "smoothed":
        amend = None if own is None else without_own(scoring.smooth, sides, own)
        return ranked(smooth(gallery, gallery_sign, scoring.smooth), amend)
    found = _rank_signs(scoring, sides, own, memory_bytes)
    if not allow_unanswered:
        check_answered(found)
    return found


def own_matches(
    queries: Tensor,
    query_key: Int[Tensor, "query"] | None,
    gallery_key: Int[Tensor, "clip"] | None,
) -> Matches | None:
    """The clips that each query leaves out, on the queries' device; None without keys."""
    if query_key is None or gallery_key is None:
        return None
    return Matches(query_key.to(queries.device), gallery_key.to(queries.device))


def sign_blocks(
    scoring: Scoring,
    sides: tuple[Tensor, Tensor, Tensor, Tensor],
    own: Matches | None,
    memory_bytes: int,
) -> Iterator[tuple[slice, Float[Tensor, "row sign"]]]:
    """Every query's score of every sign of the gallery, a block of queries at a time.

    A scoring that ranks clips shows a sign where its first clip stands: by the largest score. Of
    ``support`` they are ``soft_maxima``, which have the order of the attention.

    Args:
        scoring: any.
        sides: queries, their signs, gallery, its signs, as ``check`` has passed them.
        own: the clips that a query leaves out.
        memory_bytes: bounds what is held at once (at least one query's scores).

    Yields:
        Which queries, and their scores of the gallery's signs in ascending number; -inf where a
        query leaves all of a sign's clips out.
    """
    queries, _, gallery, gallery_sign = sides
    known, number = gallery_sign.to(queries.device).unique(return_inverse=True)
    amend = None
    if scoring.kind == "smoothed":
        amend = None if own is None else without_own(scoring.smooth, sides, own)
        gallery = smooth(gallery, gallery_sign, scoring.smooth)
    by_sign = scoring if scoring.of_signs else Scoring("sign_max")
    scored = soft_maxima if scoring.kind == "support" else sign_scores
    rows = max(1, (memory_bytes * 3 // 4) // (32 * len(gallery)))
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        asks = queries[block]
        scores = torch.empty(len(asks), len(gallery), device=queries.device)
        score_block(asks, gallery, scores, memory_bytes // 8)
        if amend is not None:
            amend(block, scores)
        if own is not None:
            row, clip, _ = own.pairs(block)
            scores[row, clip] = -torch.inf
        yield block, scored(by_sign, scores, number, len(known), gallery.shape[1])


def standing(
    scores: Float[Tensor, "row sign"], mine: Int[Tensor, "row"], there: Bool[Tensor, "row"]
) -> Int[Tensor, "row"]:
    """The rank of each query's sign, 1 and up, ties against; 0 where it is not there.

    Args:
        scores: of all signs, -inf for one of which no clip is left.
        mine: each query's sign, as a column of ``scores``.
        there: whether the gallery has it.
    """
    wanted = scores.gather(1, mine[:, None])
    answered = there & (wanted[:, 0] > -torch.inf)
    # it is itself among those that score at least as much
    return torch.where(answered, (scores >= wanted).sum(dim=1), 0)


def columns_of(
    query_sign: Int[Tensor, "query"], gallery_sign: Int[Tensor, "clip"]
) -> tuple[Int[Tensor, "query"], Bool[Tensor, "query"]]:
    """Each query's sign as a column of ``sign_blocks``, and whether the gallery has it."""
    known = gallery_sign.to(query_sign.device).unique()
    mine = torch.searchsorted(known, query_sign).clamp(max=len(known) - 1)
    return mine, known[mine] == query_sign


def _rank_signs(
    scoring: Scoring,
    sides: tuple[Tensor, Tensor, Tensor, Tensor],
    own: Matches | None,
    memory_bytes: int,
) -> PerQuery:
    queries, query_sign, _, gallery_sign = sides
    mine, there = columns_of(query_sign.to(queries.device), gallery_sign)
    first_rank = torch.zeros(len(queries), dtype=torch.int64, device=queries.device)
    for block, scores in sign_blocks(scoring, sides, own, memory_bytes):
        first_rank[block] = standing(scores, mine[block], there[block])
    first_rank = first_rank.cpu()
    found_at = first_rank.double().masked_fill(first_rank == 0, torch.nan)
    signs = len(gallery_sign.unique())
    return PerQuery(first_rank, 1 / found_at, (first_rank > 0).long(), signs, "signs")
