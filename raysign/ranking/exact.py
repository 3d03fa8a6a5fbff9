"""Where the positives of each query stand in the gallery.

Definitions, for one query with P ≥ 1 positives, which are the gallery clips of its sign:

* *score* of a clip: dot product of the two embeddings (their cosine, as embeddings have unit
  length), summed in float64 and rounded to float32. Float32 sums would depend on where a pair
  stands in a block: clips with the same embedding would not tie, and figures would change with the
  block size. Float64 also keeps TF32 and autocast out of it.
* *left out*: gallery clips whose key is the query's own key. With clip numbers as keys that is the
  query itself (self-match); with content hashes, its duplicates too.
* *rank* of the i-th best positive: i + the number of negatives that score at least as much as it.
  Ties count against: equal negatives stand before, so an encoder that maps every clip to one point
  finds nothing.
* *R@K* (``recall_at_K``): 1 where the best positive has rank ≤ K, else 0. It asks for any
  positive, not for all of them.
* *AP*: the mean over the P positives of i / rank of the i-th best; no cut-off. *mAP* (``map``) is
  its mean over queries.
* *RR*: 1 / rank of the best positive. *MRR* (``mrr``) is its mean over queries.

A query without a positive is *unanswered*: left out of every mean, and counted. All lie in 0–1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.errors import DataError, SplitError

MANY_POSITIVES = 64
"""Above this, one binary search for each clip is cheaper than one pass for each positive."""

TOO_LARGE = 1e15
"""Coordinates below this cannot overflow a float32 score."""


@dataclass(frozen=True, eq=False)
class PerQuery:
    """What ``rank`` found, on the CPU; everything else is computed from this.

    ``first_rank`` is the rank of the best positive, 1 and up, 0 where unanswered;
    ``average_precision`` is AP, NaN where unanswered; ``positives`` is P; ``gallery`` is the number
    of clips searched, before any were left out. Where signs are ranked (see ``scoring``), ``unit``
    says so: then ``gallery`` counts signs, and P is 1.
    """

    first_rank: Int[Tensor, "query"]
    average_precision: Float[Tensor, "query"]
    positives: Int[Tensor, "query"]
    gallery: int
    unit: Literal["clips", "signs"] = "clips"

    @property
    def answered(self) -> Bool[Tensor, "query"]:
        """True for each query that has a positive in its gallery."""
        return self.positives > 0

    def values(self, metric: str) -> Float[Tensor, "query"]:
        """One metric (``recall_at_K``, ``map``, ``mrr``) of each query, NaN where unanswered.

        ``DataError`` where there is no such metric.
        """
        if metric == "map":
            return self.average_precision
        first = self.first_rank.double()
        first = first.masked_fill(~self.answered, torch.nan)
        if metric == "mrr":
            return 1 / first
        if match := re.fullmatch(r"recall_at_([1-9]\d*)", metric):
            return (first <= int(match[1])).double().masked_fill(~self.answered, torch.nan)
        raise DataError(f"unknown metric {metric!r}; known: recall_at_K (K ≥ 1), map, mrr")

    def select(self, which: Bool[Tensor, "query"]) -> PerQuery:
        """The queries that a mask names, asked of the same gallery."""
        return PerQuery(
            self.first_rank[which],
            self.average_precision[which],
            self.positives[which],
            self.gallery,
            self.unit,
        )

    @staticmethod
    def join(parts: Sequence[PerQuery]) -> PerQuery:
        """Several rankings end to end; ``DataError`` where their galleries differ in size."""
        sizes = sorted({part.gallery for part in parts})
        if len(sizes) != 1:
            raise DataError(f"rankings of galleries of different sizes cannot be joined: {sizes}")
        return PerQuery(
            torch.cat([part.first_rank for part in parts]),
            torch.cat([part.average_precision for part in parts]),
            torch.cat([part.positives for part in parts]),
            sizes[0],
            parts[0].unit,
        )


def rank(
    queries: Float[Tensor, "query dim"],
    query_sign: Int[Tensor, "query"],
    gallery: Float[Tensor, "clip dim"],
    gallery_sign: Int[Tensor, "clip"],
    *,
    query_key: Int[Tensor, "query"] | None = None,
    gallery_key: Int[Tensor, "clip"] | None = None,
    memory_bytes: int = 256 << 20,
    amend: Callable[[slice, Tensor], None] | None = None,
    allow_unanswered: bool = False,
) -> PerQuery:
    """Rank the gallery for every query, exactly, by the definitions at the top of this module.

    Embeddings may have any floating type and stand on any device; the work is done where the
    queries are. Scores are held for one block of queries at a time, so that working memory stays
    within ``memory_bytes`` (at least one query's scores) plus a few integers a clip. Only a query's
    positives are sorted; negatives are counted.

    ``SplitError`` where there is no query, no gallery, or no query with a positive, which
    ``allow_unanswered`` lets pass: for a part of the queries, or what is left of their positives.
    ``DataError`` where embeddings are NaN or infinite, or sizes do not fit.

    >>> clips = torch.tensor([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0]])
    >>> found = rank(clips[:1], torch.tensor([7]), clips, torch.tensor([3, 7, 3, 7]))
    >>> found.first_rank  # one clip of sign 3 stands before the best clip of sign 7
    tensor([2])
    >>> found.average_precision  # (1/2 + 2/4) / 2
    tensor([0.5000], dtype=torch.float64)

    The same clips search each other, each leaving itself out:

    >>> sign, key = torch.tensor([3, 7, 3, 7]), torch.arange(4)
    >>> rank(clips, sign, clips, sign, query_key=key, gallery_key=key).first_rank
    tensor([2, 3, 3, 2])
    """
    check(queries, query_sign, gallery, gallery_sign, query_key, gallery_key)
    device = queries.device
    positive = Matches(query_sign.to(device), gallery_sign.to(device))
    own = None
    if query_key is not None and gallery_key is not None:
        own = Matches(query_key.to(device), gallery_key.to(device))
    count_before = _before_by_row if device.type == "cpu" else _before_by_positive

    first_rank = torch.zeros(len(queries), dtype=torch.int64, device=device)
    average_precision = torch.full_like(first_rank, torch.nan, dtype=torch.float64)
    positives = torch.zeros_like(first_rank)
    most = positive.most + (own.most if own else 0)
    # 5 bytes a pair: the score, and on a GPU a comparison; 96 a match: indices, scores, ranks.
    # Of the memory, 3/4 are for that, 1/8 for float64 pieces, 1/8 for what BLAS packs away.
    row_bytes = 5 * len(gallery) + 96 * most + 8 * queries.shape[1]
    rows = min(len(queries), max(1, (memory_bytes * 3 // 4) // row_bytes))
    room = torch.empty(rows, len(gallery), device=device)  # one for all blocks
    for start in range(0, len(queries), rows):
        block = slice(start, start + rows)
        scores = room[: len(queries[block])]
        score_block(queries[block], gallery, scores, memory_bytes // 8)
        if amend is not None:
            amend(block, scores)
        if own is not None:
            row, clip, _ = own.pairs(block)
            scores[row, clip] = -torch.inf
        row, clip, place = positive.pairs(block)
        best_first = torch.full((len(scores), positive.most), -torch.inf, device=device)
        best_first[row, place] = scores[row, clip]
        scores[row, clip] = -torch.inf  # what is left are the negatives
        best_first = best_first.sort(dim=1, descending=True).values

        found = best_first > -torch.inf  # false where padded or left out
        nth = torch.arange(1, positive.most + 1, device=device)
        ranks = nth + count_before(scores, best_first)
        positives[block] = count = found.sum(dim=1)
        average_precision[block] = torch.where(found, nth / ranks.double(), 0).sum(dim=1) / count
        if positive.most:
            first_rank[block] = torch.where(found[:, 0], ranks[:, 0], 0)

    ranked = PerQuery(first_rank.cpu(), average_precision.cpu(), positives.cpu(), len(gallery))
    if not allow_unanswered:
        check_answered(ranked)
    return ranked


def check_answered(found: PerQuery) -> None:
    """``SplitError`` where no query has a positive."""
    if not found.answered.any():
        raise SplitError(
            f"none of the {len(found.positives):,} queries has another clip of its sign among the "
            f"{found.gallery:,} {found.unit} of the gallery; choose a gallery that shares signs "
            "with them"
        )


class Matches:
    """Which clips carry the same label as a query, found without comparing every pair.

    ``most`` is the largest number of clips that match one query.
    """

    def __init__(self, query: Int[Tensor, "query"], clip: Int[Tensor, "clip"]) -> None:
        ordered, self._clip = clip.sort()
        self._start = torch.searchsorted(ordered, query)
        self._count = torch.searchsorted(ordered, query, right=True) - self._start
        self.most = int(self._count.max())

    def pairs(
        self, block: slice
    ) -> tuple[Int[Tensor, "pair"], Int[Tensor, "pair"], Int[Tensor, "pair"]]:
        """Of each match in a block of queries: its row there, its clip, its place in the row."""
        count = self._count[block]
        row = torch.arange(len(count), device=count.device).repeat_interleave(count)
        place = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
        return row, self._clip[self._start[block][row] + place], place


def score_block(
    queries: Float[Tensor, "row dim"],
    gallery: Float[Tensor, "clip dim"],
    scores: Float[Tensor, "row clip"],
    memory_bytes: int,
) -> None:
    """Fill in every score of a block, each computed once; float64 pieces fit ``memory_bytes``."""
    exact = queries.double()
    columns = max(1, memory_bytes // (8 * (len(queries) + 2 * gallery.shape[1])))
    for start in range(0, len(gallery), columns):
        piece = gallery[start : start + columns].to(exact)
        scores[:, start : start + columns] = exact @ piece.T


def _before_by_row(
    scores: Float[Tensor, "row clip"], best_first: Float[Tensor, "row place"]
) -> Int[Tensor, "row place"]:
    """Negatives that score at least as much as each positive, row by row: what a CPU does best.

    Positives are taken worst first: a negative below one is below all that follow, and is dropped.
    """
    before = torch.zeros(best_first.shape, dtype=torch.int64)
    for row, wanted, out in zip(scores.numpy(), best_first.numpy(), before.numpy(), strict=True):
        worst_first = wanted[wanted > -np.inf][::-1]
        left, num = row, len(worst_first)
        if num > MANY_POSITIVES:
            above = np.searchsorted(worst_first, left[left >= worst_first[0]], side="right")
            tally = np.bincount(above, minlength=num + 1)[:0:-1]
            out[:num] = tally.cumsum()
            continue
        for i, score in enumerate(worst_first):
            stands = left >= score
            out[num - 1 - i] = count = np.count_nonzero(stands)
            if count < len(left) // 2:  # a copy pays only where it sheds much
                left = left[stands]
    return before


def _before_by_positive(
    scores: Float[Tensor, "row clip"], best_first: Float[Tensor, "row place"]
) -> Int[Tensor, "row place"]:
    """The same counts in whole-block passes, one for each place: what a GPU does best."""
    before = torch.zeros(best_first.shape, dtype=torch.int64, device=scores.device)
    for place, score in enumerate(best_first.T):
        before[:, place] = (scores >= score[:, None]).sum(dim=1)
    return before


def check(
    queries: Tensor,
    query_sign: Tensor,
    gallery: Tensor,
    gallery_sign: Tensor,
    query_key: Tensor | None,
    gallery_key: Tensor | None,
) -> None:
    """Refuse what cannot be ranked, as ``rank`` says."""
    if not len(queries):
        raise SplitError("no queries to rank: the query split is empty; choose another")
    if not len(gallery):
        raise SplitError("nothing to search: the gallery split is empty; choose another")
    if queries.shape[1:] != gallery.shape[1:]:
        raise DataError(
            f"queries have {queries.shape[1]} dimensions and the gallery {gallery.shape[1]}; "
            "embed both with the same model"
        )
    if (query_key is None) != (gallery_key is None):
        raise DataError("keys were given on one side only; give query_key and gallery_key, or none")
    for name, embeddings, sign, key in (
        ("queries", queries, query_sign, query_key),
        ("gallery", gallery, gallery_sign, gallery_key),
    ):
        for what, label in (("signs", sign), ("keys", key)):
            if label is not None and len(label) != len(embeddings):
                raise DataError(f"{name}: {len(embeddings)} embeddings, but {len(label)} {what}")
        low, high = embeddings.aminmax(dim=1)
        bad = ~((low > -TOO_LARGE) & (high < TOO_LARGE))  # true for NaN as well
        if bad.any():
            raise DataError(
                f"{name}: {int(bad.sum()):,} of {len(bad):,} embeddings are not finite "
                f"(first: row {int(bad.nonzero()[0])}); look for NaN-only clips or a diverged model"
            )
