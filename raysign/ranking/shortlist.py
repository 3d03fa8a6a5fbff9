"""The top of each query's ranking, and what becomes of a ranking when that top is reordered.

A second stage looks at the first N clips that ``rank`` would give, its *shortlist*, and puts them
into another order; all other clips keep their ranks. The ranking of ``exact`` makes no order among
equal scores other than that negatives stand before positives, and so it is here: where clips of one
score straddle place N, negatives enter first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.errors import DataError
from raysign.ranking.exact import Matches, PerQuery, check, score_block


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Each query's best clips, best first, on the CPU.

    Where fewer clips than places may answer a query, the last places are empty: ``clip`` is -1,
    ``score`` -inf.
    """

    clip: Int[Tensor, "query place"]
    score: Float[Tensor, "query place"]
    positive: Bool[Tensor, "query place"]

    def first(self, places: int) -> Shortlist:
        """Its first places."""
        return Shortlist(self.clip[:, :places], self.score[:, :places], self.positive[:, :places])


def shortlist(
    queries: Float[Tensor, "query dim"],
    query_sign: Int[Tensor, "query"],
    gallery: Float[Tensor, "clip dim"],
    gallery_sign: Int[Tensor, "clip"],
    top: int,
    *,
    query_key: Int[Tensor, "query"] | None = None,
    gallery_key: Int[Tensor, "clip"] | None = None,
    memory_bytes: int = 256 << 20,
) -> Shortlist:
    """The first ``top`` clips of every query's ranking, or as many as the gallery has.

    The arguments, the scores and the errors are those of ``rank``; as there, scores are held for
    one block of queries at a time. ``DataError`` also where ``top`` is below 1.

    >>> clips = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    >>> sign, key = torch.tensor([3, 7, 3, 7]), torch.arange(4)
    >>> shortlist(clips[:1], sign[:1], clips, sign, 2, query_key=key[:1], gallery_key=key).clip
    tensor([[1, 2]])
    """
    check(queries, query_sign, gallery, gallery_sign, query_key, gallery_key)
    if top < 1:
        raise DataError(f"a shortlist has 1 or more places, got {top}")
    device, places = queries.device, min(top, len(gallery))
    positive = Matches(query_sign.to(device), gallery_sign.to(device))
    own = None
    if query_key is not None and gallery_key is not None:
        own = Matches(query_key.to(device), gallery_key.to(device))
    parts = []
    # 20 bytes a pair: the score, the same in float64, and what topk works in.
    rows = max(1, memory_bytes * 3 // 4 // (20 * len(gallery)))
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        scores = torch.empty(len(queries[block]), len(gallery), device=device)
        score_block(queries[block], gallery, scores, memory_bytes // 8)
        # Between two float32 neighbours there is room for a positive to stand right behind equals.
        ordered = scores.double()
        row, clip, _ = positive.pairs(block)
        below = torch.full((), -torch.inf, dtype=torch.float64, device=device)
        ordered[row, clip] = torch.nextafter(ordered[row, clip], below)
        matched = torch.zeros(scores.shape, dtype=torch.bool, device=device)
        matched[row, clip] = True
        if own is not None:
            row, clip, _ = own.pairs(block)
            ordered[row, clip] = -torch.inf
        best = ordered.topk(places, dim=1)
        empty = best.values == -torch.inf
        parts.append(
            Shortlist(
                best.indices.masked_fill(empty, -1).cpu(),
                scores.gather(1, best.indices).masked_fill(empty, -torch.inf).cpu(),
                (matched.gather(1, best.indices) & ~empty).cpu(),
            )
        )
    return Shortlist(
        *(torch.cat([getattr(part, n) for part in parts]) for n in ("clip", "score", "positive"))
    )


def reordered(
    first: PerQuery, shortlisted: Shortlist, score: Float[Tensor, "query place"]
) -> PerQuery:
    """The ranking in which each shortlist is put in the order of new scores.

    Args:
        first: the ranking that the shortlists are the top of.
        shortlisted: of the same queries.
        score: of each clip there, higher is better; what empty places hold is not read. Equal
            negatives stand before, as in ``rank``.

    ``DataError`` where a score is NaN or the queries do not fit.

    >>> from raysign.ranking.exact import rank
    >>> clips = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    >>> world = clips[:1], torch.tensor([7]), clips, torch.tensor([3, 7, 3, 7])
    >>> found = rank(*world)
    >>> found.first_rank, found.average_precision
    (tensor([2]), tensor([0.5000], dtype=torch.float64))
    >>> better = reordered(found, shortlist(*world, 2), torch.tensor([[0.1, 0.9]]))
    >>> better.first_rank, better.average_precision  # (1/1 + 2/4) / 2
    (tensor([1]), tensor([0.7500], dtype=torch.float64))
    """
    there = shortlisted.clip >= 0
    if len(first.positives) != len(there) or score.shape != there.shape:
        raise DataError(
            f"{len(first.positives)} queries were ranked, {len(there)} have a shortlist of "
            f"{there.shape[1]} and scores of shape {tuple(score.shape)}"
        )
    if score[there].isnan().any():
        raise DataError("a second stage gave a clip the score NaN")
    ordered = score.double().cpu().masked_fill(~there, -torch.inf)
    behind = torch.nextafter(ordered, torch.full_like(ordered, -torch.inf))
    ordered = torch.where(shortlisted.positive, behind, ordered)
    order = ordered.argsort(dim=1, descending=True, stable=True)
    positive = shortlisted.positive.gather(1, order)
    change = _precisions(positive) - _precisions(shortlisted.positive)
    found = positive.any(dim=1)
    best = positive.to(torch.int8).argmax(dim=1) + 1
    change = torch.where(found, change / first.positives.clamp(min=1), 0)
    return replace(
        first,
        first_rank=torch.where(found, best, first.first_rank),
        average_precision=first.average_precision + change,
    )


def _precisions(positive: Bool[Tensor, "query place"]) -> Float[Tensor, "query"]:
    """The sum of i / rank over the positives of a shortlist; the i-th stands at its rank."""
    rank = torch.arange(1, positive.shape[1] + 1, dtype=torch.float64)
    return (positive.cumsum(dim=1) / rank * positive).sum(dim=1)
