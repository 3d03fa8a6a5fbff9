"""What a gallery's clips are compared with to learn what is usual for each of them.

*Reference* vectors stand in for queries. A pair of equal keys is left out. With signs as keys a
clip is compared with clips of other signs alone, its *impostors*: its own would tell how alike a
sign's clips are, not how near the clip is to everything.
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


def sampled(count: int, most: int, seed: int = 0) -> Int[Tensor, "kept"]:
    """At most so many of ``count`` places, drawn at random, in their order."""
    if count <= most:
        return torch.arange(count)
    draw = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return draw[:most].sort().values


@dataclass(frozen=True, eq=False)
class Reference:
    """Unit vectors that cosines are taken with; those whose key is a vector's own are left out."""

    vectors: Float[Tensor, "other dim"]
    key: Int[Tensor, "other"]

    def sample(self, most: int, seed: int = 0) -> Reference:
        """``sampled`` of them."""
        if len(self.vectors) <= most:
            return self
        return self.part(sampled(len(self.vectors), most, seed).to(self.vectors.device))

    def part(self, places: Int[Tensor, "kept"]) -> Reference:
        """Some of them."""
        return Reference(self.vectors[places], self.key[places])

    def without(self, places: Int[Tensor, "gone"]) -> Reference:
        """All others."""
        kept = torch.ones(len(self.vectors), dtype=torch.bool, device=self.vectors.device)
        kept[places] = False
        return Reference(self.vectors[kept], self.key[kept])


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest of a reference to each vector, best first; -inf where there is none."""

    cosine: Float[Tensor, "row place"]
    place: Int[Tensor, "row place"]
    """In the reference."""

    def first(self, count: int, gone: Int[Tensor, "gone"]) -> Nearest:
        """The first of each row that are left without some of the reference."""
        there = self.cosine.masked_fill(torch.isin(self.place, gone), -torch.inf)
        best = there.topk(min(count, there.shape[1]), dim=1)
        return Nearest(best.values, self.place.gather(1, best.indices))

    def mean(self) -> Float[Tensor, "row"]:
        """Of the cosines; ``DataError`` where a row has none."""
        there = self.cosine > -torch.inf
        check_left(there.sum(dim=1))
        return torch.where(there, self.cosine, 0).sum(dim=1) / there.sum(dim=1)


@dataclass(frozen=True, eq=False)
class Usual:
    """The mean and the deviation (n) of each vector's cosines to a reference."""

    mean: Float[Tensor, "row"]
    deviation: Float[Tensor, "row"]


@dataclass(frozen=True, eq=False)
class Sums:
    """Over each vector's cosines to a reference: their number, their sum, that of their squares."""

    values: Float[Tensor, "3 row"]

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.values - other.values)

    def usual(self) -> Usual:
        """``DataError`` where there is none, or all are the same."""
        count, total, squares = self.values
        check_left(count)
        mean = total / count
        deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
        if (deviation < FLAT).any():
            raise DataError(
                "cosines do not differ among the reference, so nothing can be standardised: give a "
                "gallery of more signs, or an encoder that tells clips apart"
            )
        return Usual(mean, deviation)


def nearest(
    vectors: Float[Tensor, "row dim"],
    key: Int[Tensor, "row"],
    reference: Reference,
    count: int,
) -> Nearest:
    """The ``count`` nearest of each unit vector, or all; ``DataError`` where sizes do not fit."""
    found = []
    for rows in _blocks(vectors, key, reference):
        best = Nearest(
            vectors.new_empty(len(rows.vectors), 0, dtype=torch.float64),
            vectors.new_empty(len(rows.vectors), 0, dtype=torch.int64),
        )
        for start, cosine, left_out in rows.pieces():
            top = cosine.masked_fill(left_out, -torch.inf).topk(min(count, cosine.shape[1]), dim=1)
            joined = torch.cat([best.cosine, top.values], dim=1)
            places = torch.cat([best.place, top.indices + start], dim=1)
            again = joined.topk(min(count, joined.shape[1]), dim=1)
            best = Nearest(again.values, places.gather(1, again.indices))
        found.append(best)
    return Nearest(
        torch.cat([best.cosine for best in found]), torch.cat([best.place for best in found])
    )


def sums(vectors: Float[Tensor, "row dim"], key: Int[Tensor, "row"], reference: Reference) -> Sums:
    """Of each unit vector and all of the reference; ``DataError`` where sizes do not fit."""
    parts = []
    for rows in _blocks(vectors, key, reference):
        part = vectors.new_zeros(3, len(rows.vectors), dtype=torch.float64)
        for _, cosine, left_out in rows.pieces():
            cosine = cosine.masked_fill(left_out, 0)
            part += torch.stack(
                [(~left_out).sum(dim=1), cosine.sum(dim=1), cosine.square().sum(dim=1)]
            )
        parts.append(part)
    return Sums(torch.cat(parts, dim=1))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some vectors, and all that they are compared with."""

    vectors: Float[Tensor, "row dim"]
    key: Int[Tensor, "row"]
    reference: Reference

    def pieces(
        self,
    ) -> Iterator[tuple[int, Float[Tensor, "row column"], Bool[Tensor, "row column"]]]:
        """Where a piece of the reference begins, cosines with it, and which pairs are left out."""
        exact = self.vectors.double()
        for start in range(0, len(self.reference.vectors), COLUMNS):
            some = slice(start, start + COLUMNS)
            cosine = exact @ self.reference.vectors[some].to(exact).T
            yield start, cosine, self.key[:, None] == self.reference.key[some].to(self.key)[None]


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


def check_left(count: Tensor) -> None:
    """``DataError`` where a row has nothing to be compared with."""
    if (count == 0).any():
        raise DataError(
            f"{int((count == 0).sum()):,} of {len(count):,} clips have nothing to be compared "
            "with: the reference holds their own sign alone; give a gallery of more signs"
        )
