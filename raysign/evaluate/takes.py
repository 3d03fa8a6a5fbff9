"""Which clip is a second recording of what a query shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int64

from raysign.evaluate.sides import Sides

BY = ("same_signer", "other_signer", "signer_not_known")
"""Who made the second take, as far as both signers are known."""
RULE = (
    "another clip of the sign from the queries' side, by the query's signer where there is one, "
    "else by another; the mean of both embeddings asks, at unit length. Clips that are "
    "byte-identical to a gallery clip neither ask nor are a take, and a take is by no signer of "
    "the sign's gallery clips unless the query is"
)
NONE, COPY = -1, -2
"""Instead of a take: there is none; the query is a copy of a gallery clip."""


@dataclass(frozen=True, eq=False)
class Takes:
    """The clips that ask, by what makes them a second take of each other."""

    query_sign: Int64[np.ndarray, "query"]
    gallery_sign: Int64[np.ndarray, "clip"]
    query_content: Int64[np.ndarray, "query"]
    gallery_content: Int64[np.ndarray, "clip"]
    query_signer: Int64[np.ndarray, "query"]
    """-1 = not known;"""
    gallery_signer: Int64[np.ndarray, "clip"]
    """likewise."""

    @classmethod
    def of(cls, sides: Sides) -> Takes:
        """Of both sides."""
        signers = np.unique(np.concatenate([sides.asking.signer, sides.searched.signer]))
        numbers = (
            np.where(side.signer == "", -1, np.searchsorted(signers, side.signer))
            for side in (sides.asking, sides.searched)
        )
        return cls(sides.query_sign, sides.gallery_sign, *sides.content_keys(), *numbers)

    def drawn(
        self,
        asks: Int64[np.ndarray, "asked"],
        searched: Int64[np.ndarray, "searched"],
        rng: np.random.Generator,
    ) -> Int64[np.ndarray, "asked"]:
        """A take for each of ``asks`` where ``searched`` is the gallery, else NONE or COPY."""
        copy = np.isin(self.query_content, self.gallery_content[searched])
        own = self._shows_signer(searched)
        turn = rng.random(len(copy))
        takes = np.full(len(asks), NONE, np.int64)
        for place, query in enumerate(asks):
            if copy[query]:
                takes[place] = COPY
                continue
            others = self._members[self.query_sign[query]]
            others = others[~copy[others]]
            others = others[self.query_content[others] != self.query_content[query]]
            if not own[query]:
                others = others[~own[others]]
            if len(others):
                by = self.by(np.full(len(others), query), others)
                first = np.lexsort((turn[others], by != BY.index("same_signer")))[0]
                takes[place] = others[first]
        return takes

    def by(
        self, query: Int64[np.ndarray, "pair"], take: Int64[np.ndarray, "pair"]
    ) -> Int64[np.ndarray, "pair"]:
        """Who made each take, as a place in ``BY``."""
        mine, theirs = self.query_signer[query], self.query_signer[take]
        unknown = (mine < 0) | (theirs < 0)
        return np.where(unknown, 2, np.where(mine == theirs, 0, 1))

    def _shows_signer(self, searched: Int64[np.ndarray, "searched"]) -> Bool[np.ndarray, "query"]:
        """Whether a clip's known signer made a gallery clip of its sign."""
        most = 2 + max(self.query_signer.max(), self.gallery_signer.max())
        mine = self.query_sign * most + self.query_signer
        theirs = self.gallery_sign[searched] * most + self.gallery_signer[searched]
        return np.isin(mine, theirs[self.gallery_signer[searched] >= 0])

    @cached_property
    def _members(self) -> Mapping[int, Int64[np.ndarray, "own"]]:
        """The clips of each sign that ask."""
        order = np.argsort(self.query_sign, kind="stable")
        number, start = np.unique(self.query_sign[order], return_index=True)
        return dict(zip(number.tolist(), np.split(order, start[1:]), strict=True))
