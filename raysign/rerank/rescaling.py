"""Cosines rescaled against hubs: by what is usual for a clip, for a query, or for both.

Every rule here has the form ``score = s (a_q + b_c) − u_q − v_c`` with the cosine s of query q and
clip c. That is the dot product of ``[a q, q, −u, 1]`` and ``[c, b c, 1, −v]``: whatever searches
for the largest dot product takes such vectors as it takes embeddings, and queries × clips is never
held at once.

What is usual for a clip comes from its cosines to *reference* vectors, which stand in for queries.
A pair of equal keys is left out. With signs as keys a clip is compared with clips of other signs
alone, its *impostors*: its own would tell how alike a sign's clips are, not how near the clip is to
everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from raysign.errors import DataError

FLAT = 1e-6
"""Cosines that deviate by less from their mean are all the same, up to rounding."""
ROWS, COLUMNS = 1024, 4096
"""Cosines looked at together; 32 MB in float64."""


@dataclass(frozen=True, eq=False)
class Rescaling:
    """a and u of each query, b and v of each clip; None stands for 0 throughout."""

    query_scale: Float[Tensor, "query"] | None
    query_shift: Float[Tensor, "query"] | None
    clip_scale: Float[Tensor, "clip"] | None
    clip_shift: Float[Tensor, "clip"] | None

    def queries(self, vectors: Float[Tensor, "query dim"]) -> Float[Tensor, "query wider"]:
        """The vectors that stand for the queries' embeddings."""
        ones = vectors.new_ones(len(vectors), 1)
        return torch.cat(
            [
                *([] if self.query_scale is None else [vectors * self.query_scale[:, None]]),
                *([] if self.clip_scale is None else [vectors]),
                *([] if self.query_shift is None else [-self.query_shift[:, None]]),
                *([] if self.clip_shift is None else [ones]),
            ],
            dim=1,
        ).to(vectors.dtype)

    def gallery(self, vectors: Float[Tensor, "clip dim"]) -> Float[Tensor, "clip wider"]:
        """The vectors that stand for the gallery's embeddings."""
        ones = vectors.new_ones(len(vectors), 1)
        return torch.cat(
            [
                *([] if self.query_scale is None else [vectors]),
                *([] if self.clip_scale is None else [vectors * self.clip_scale[:, None]]),
                *([] if self.query_shift is None else [ones]),
                *([] if self.clip_shift is None else [-self.clip_shift[:, None]]),
            ],
            dim=1,
        ).to(vectors.dtype)


@dataclass(frozen=True, eq=False)
class Reference:
    """Unit vectors that cosines are taken with; those whose key is a vector's own are left out."""

    vectors: Float[Tensor, "other dim"]
    key: Int[Tensor, "other"]

    def sample(self, most: int, seed: int = 0) -> Reference:
        """At most so many of them, drawn at random and in their order."""
        if len(self.vectors) <= most:
            return self
        draw = torch.randperm(len(self.vectors), generator=torch.Generator().manual_seed(seed))
        kept = draw[:most].sort().values.to(self.vectors.device)
        return Reference(self.vectors[kept], self.key[kept])


@dataclass(frozen=True, eq=False)
class Usual:
    """The mean and the deviation (n) of each vector's cosines to a reference."""

    mean: Float[Tensor, "row"]
    deviation: Float[Tensor, "row"]


def csls(nearness: Float[Tensor, "clip"]) -> Rescaling:
    """Cross-domain similarity local scaling (Conneau et al., ICLR 2018, equation 3).

    ``score = 2 s − r(c)`` with the ``nearness`` r of each clip. The paper takes it to the queries,
    which a search does not know beforehand; other clips can stand in for them. It also takes off
    r(q), a query's nearness to the gallery; that moves no clip before another, and is left out.
    """
    return Rescaling(None, None, torch.full_like(nearness, 2.0), nearness)


def znorm(*, by_clip: Usual | None = None, by_query: Usual | None = None) -> Rescaling:
    """Scores in standard deviations from what is usual, as speaker verification normalises them.

    * ``by_clip``: (s − μ_c) / σ_c, with what is usual for a clip among impostors. Z-norm (Li &
      Porter, ICASSP 1988).
    * ``by_query``: (s − μ_q) / σ_q, with what is usual for a query, here in the gallery. T-norm
      (Auckenthaler et al., *Digital Signal Processing* 10, 2000). It leaves one query's order as it
      is, but makes scores of several comparable.
    * both: the mean of the two. S-norm (Kenny, Odyssey 2010).

    ``DataError`` where neither is given.
    """
    if by_clip is None and by_query is None:
        raise DataError("znorm needs what is usual for clips, for queries, or for both")
    share = 1.0 if by_clip is None or by_query is None else 0.5

    def terms(usual: Usual | None) -> tuple[Tensor | None, Tensor | None]:
        if usual is None:
            return None, None
        return share / usual.deviation, share * usual.mean / usual.deviation

    return Rescaling(*terms(by_query), *terms(by_clip))


def nearness(
    vectors: Float[Tensor, "row dim"],
    key: Int[Tensor, "row"],
    reference: Reference,
    *,
    neighbours: int = 10,
) -> Float[Tensor, "row"]:
    """r: each unit vector's mean cosine to the K of the reference nearest to it.

    To all where there are fewer than K. ``DataError`` where there is none, or sizes do not fit.
    """
    means = []
    for rows in _blocks(vectors, key, reference):
        nearest = vectors.new_empty(len(rows.vectors), 0, dtype=torch.float64)
        for cosine, left_out in rows.pieces():
            joined = torch.cat([nearest, cosine.masked_fill(left_out, -torch.inf)], dim=1)
            nearest = joined.topk(min(neighbours, joined.shape[1]), dim=1).values
        there = nearest > -torch.inf
        _check_left(there.sum(dim=1))
        means.append(torch.where(there, nearest, 0).sum(dim=1) / there.sum(dim=1))
    return torch.cat(means)


def usual(
    vectors: Float[Tensor, "row dim"], key: Int[Tensor, "row"], reference: Reference
) -> Usual:
    """What is usual for each unit vector among all of the reference.

    ``DataError`` where cosines do not differ (the reference is too small, or the encoder maps every
    clip to one point), where nothing is left to compare with, or sizes do not fit.
    """
    means, deviations = [], []
    for rows in _blocks(vectors, key, reference):
        count, total, squares = vectors.new_zeros(3, len(rows.vectors), dtype=torch.float64)
        for cosine, left_out in rows.pieces():
            cosine = cosine.masked_fill(left_out, 0)
            count += (~left_out).sum(dim=1)
            total += cosine.sum(dim=1)
            squares += cosine.square().sum(dim=1)
        _check_left(count)
        mean = total / count
        means.append(mean)
        deviations.append((squares / count - mean.square()).clamp(min=0).sqrt())
    deviation = torch.cat(deviations)
    if (deviation < FLAT).any():
        raise DataError(
            "cosines do not differ among the reference, so nothing can be standardised: give a "
            "gallery of more signs, or an encoder that tells clips apart"
        )
    return Usual(torch.cat(means), deviation)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some vectors, and all that they are compared with."""

    vectors: Float[Tensor, "row dim"]
    key: Int[Tensor, "row"]
    reference: Reference

    def pieces(
        self,
    ) -> Iterator[tuple[Float[Tensor, "row column"], Bool[Tensor, "row column"]]]:
        """Cosines with a piece of the reference, and which pairs are left out."""
        exact = self.vectors.double()
        for start in range(0, len(self.reference.vectors), COLUMNS):
            some = slice(start, start + COLUMNS)
            cosine = exact @ self.reference.vectors[some].to(exact).T
            yield cosine, self.key[:, None] == self.reference.key[some].to(self.key)[None]


def _blocks(
    vectors: Float[Tensor, "row dim"], key: Int[Tensor, "row"], reference: Reference
) -> Iterator[_Rows]:
    """The vectors in blocks, so that working memory does not grow with their number."""
    if vectors.shape[1] != reference.vectors.shape[1]:
        raise DataError(
            f"vectors have {vectors.shape[1]} dimensions and the reference "
            f"{reference.vectors.shape[1]}; embed both with the same model"
        )
    for start in range(0, len(vectors), ROWS):
        yield _Rows(vectors[start : start + ROWS], key[start : start + ROWS], reference)


def _check_left(count: Tensor) -> None:
    if (count == 0).any():
        raise DataError(
            f"{int((count == 0).sum()):,} of {len(count):,} clips have nothing to be compared "
            "with: the reference holds their own sign alone; give a gallery of more signs"
        )
