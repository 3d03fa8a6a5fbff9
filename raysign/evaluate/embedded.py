"""Both sides as vectors, ranked by one rule or another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from raysign.baseline import flattened
from raysign.bundle import Bundle
from raysign.config import PrepareConfig
from raysign.embed import prepare_clips
from raysign.evaluate.protocols import Rounds
from raysign.evaluate.sides import Sides
from raysign.pose import Prepare
from raysign.ranking import PerQuery, Scoring, check_answered, rank_by
from raysign.skeleton import layout_named

CLIPS = Scoring("clip")
ONLY_COPIES = "every positive is byte-identical to its query: without copies there is no figure"
"""What is said where ``without_copies`` finds none."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Unit vectors of the clips that ask and of those that are searched, on the CPU."""

    sides: Sides
    queries: Float[Tensor, "query dim"]
    gallery: Float[Tensor, "clip dim"]

    @classmethod
    def by_bundle(cls, sides: Sides, bundle: Bundle) -> Embedded:
        """By a trained encoder, with mirror images where it was measured with them.

        ``LayoutError`` where the clips are of another layout, ``BundleError`` where this raysign
        prepares them otherwise.
        """
        embedder = bundle.embedder()
        mirror = bundle.config.evaluate.mirror
        queries = embedder.embed(sides.asking, mirrored=mirror != "none")
        if sides.searched is sides.asking and mirror != "queries":
            return cls(sides, queries, queries)
        return cls(sides, queries, embedder.embed(sides.searched, mirrored=mirror == "both"))

    @classmethod
    def untrained(cls, sides: Sides) -> Embedded:
        """By nothing learned: the sequences themselves, prepared as the defaults say."""
        prepare = Prepare(PrepareConfig(), layout_named(sides.asking.layout))
        queries = flattened(prepare_clips(sides.asking, prepare))
        if sides.searched is sides.asking:
            return cls(sides, queries, queries)
        return cls(sides, queries, flattened(prepare_clips(sides.searched, prepare)))

    def ranked(
        self,
        rounds: Rounds,
        query_key: Int64[np.ndarray, "query"] | None = None,
        gallery_key: Int64[np.ndarray, "clip"] | None = None,
        scoring: Scoring = CLIPS,
    ) -> PerQuery:
        """Every round's queries, one round after the other, each pair of equal keys left out.

        Without keys, a clip is left out of its own answer, and nothing else. ``SplitError`` where
        no query of any round has a positive.
        """
        found = self._ranked(rounds, query_key, gallery_key, scoring)
        check_answered(found)
        return found

    def without_copies(self, rounds: Rounds, scoring: Scoring = CLIPS) -> PerQuery | None:
        """``ranked``, each query's copies left out too; None where no positive is left."""
        found = self._ranked(rounds, *self.sides.content_keys(), scoring)
        return found if found.answered.any() else None

    def _ranked(
        self,
        rounds: Rounds,
        query_key: Int64[np.ndarray, "query"] | None,
        gallery_key: Int64[np.ndarray, "clip"] | None,
        scoring: Scoring,
    ) -> PerQuery:
        worlds = self.worlds(rounds, query_key, gallery_key)
        found = [rank_by(scoring, **world, allow_unanswered=True) for world in worlds]
        return found[0] if len(found) == 1 else PerQuery.join(found)

    def worlds(
        self,
        rounds: Rounds,
        query_key: Int64[np.ndarray, "query"] | None = None,
        gallery_key: Int64[np.ndarray, "clip"] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """What each round of ``rounds.asking`` asks and searches, as ``rank`` takes it.

        Keys are as in ``ranked``.
        """
        sides = self.sides
        mine = sides.query_key if query_key is None else query_key
        theirs = sides.gallery_key if gallery_key is None else gallery_key
        for asks, searched in rounds.asking:
            yield {
                "queries": self.queries[torch.from_numpy(asks)],
                "query_sign": torch.from_numpy(sides.query_sign[asks]),
                "gallery": self.gallery[torch.from_numpy(searched)],
                "gallery_sign": torch.from_numpy(sides.gallery_sign[searched]),
                "query_key": torch.from_numpy(mine[asks]),
                "gallery_key": torch.from_numpy(theirs[searched]),
            }
