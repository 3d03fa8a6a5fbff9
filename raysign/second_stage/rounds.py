"""Queries that search a gallery, through the stages they are given."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int, Int64
from torch import Tensor

from raysign.ranking import PerQuery, Shortlist, check_answered, rank, reordered, shortlist
from raysign.rerank import (
    Reference,
    Rescaling,
    blended,
    csls,
    dtw_distances,
    nearness,
    usual,
    znorm,
)
from raysign.second_stage.material import Aligned, Material
from raysign.second_stage.stages import Stages

FOLDS = 10
"""Parts in which queries are asked that are also searched; each does without a tenth of them."""
OCCURRENCE = 10
"""Hits of a query in which hubs are counted, as in Radovanović et al. (2010)."""


@dataclass(frozen=True, eq=False)
class Ran:
    """What came out of a round, and the seconds that its queries and its gallery took."""

    found: PerQuery
    hits: Int[Tensor, "query k"]
    """The first clips of every query, numbered within the round's gallery; -1 = none."""
    queries_s: float
    gallery_s: float


class Round:
    """Some queries that search some clips, by their numbers; None = all of a side."""

    def __init__(
        self,
        material: Material,
        asks: Int64[np.ndarray, "query"] | None = None,
        searched: Int64[np.ndarray, "clip"] | None = None,
    ) -> None:
        self.material = material
        self.asks = np.arange(len(material.queries.sign)) if asks is None else asks
        self.searched = np.arange(len(material.gallery.sign)) if searched is None else searched
        self.vectors, self.query_sign, self.query_key = material.queries.part(self.asks)
        self.gallery, self.clip_sign, self.clip_key = material.gallery.part(self.searched)

    def run(self, stages: Stages) -> Ran:
        """The first stage, then these, in the order of ``STAGES``.

        Queries that are searched themselves are asked in ``FOLDS`` parts: see ``_reference``.

        ``SplitError`` where no query has a positive, ``DataError`` where a gallery is too small to
        say what is usual in it, ``BundleError`` where the encoder has no frames to align.
        """
        if self._asks_of_itself(stages):
            folds = [self.asks[part::FOLDS] for part in range(min(FOLDS, len(self.asks)))]
            parts = (Round(self.material, fold, self.searched) for fold in folds)
            ran = _in_order([part._run(stages) for part in parts])
        else:
            ran = self._run(stages)
        check_answered(ran.found)
        return ran

    def _run(self, stages: Stages) -> Ran:
        """All queries at once; of a part of them none may have a positive."""
        dtw = self.material.config.dtw
        queries, gallery = self.vectors, self.gallery
        if "mirror" in stages:
            queries = self.material.fused[0].vectors[torch.from_numpy(self.asks)]
        queries_s = gallery_s = 0.0
        for name in {"csls", "znorm"} & set(stages):
            rescaling, queries_s, gallery_s = self._rescaling(name, queries, gallery)
            queries, gallery = rescaling.queries(queries), rescaling.gallery(gallery)
        world = queries, self.query_sign, gallery, self.clip_sign
        found = rank(
            *world, query_key=self.query_key, gallery_key=self.clip_key, allow_unanswered=True
        )
        aligned = None
        if "dtw" in stages:
            aligned = self.material.aligned(with_mirror="mirror" in stages)
        places = OCCURRENCE if aligned is None else max(OCCURRENCE, dtw.top)
        start = time.perf_counter()
        listed = shortlist(*world, places, query_key=self.query_key, gallery_key=self.clip_key)
        if aligned is None:
            return Ran(found, listed.clip, queries_s, gallery_s)
        top = listed.first(dtw.top)
        distance = self._distances(aligned, top)
        score = blended(top.score, distance, weight=dtw.weight, standardise=dtw.standardise)
        order = score.argsort(dim=1, descending=True, stable=True)
        queries_s += time.perf_counter() - start
        hits = torch.cat([top.clip.gather(1, order), listed.clip[:, dtw.top :]], dim=1)
        return Ran(reordered(found, top, score), hits[:, :OCCURRENCE], queries_s, gallery_s)

    def _asks_of_itself(self, stages: Stages) -> bool:
        """Do queries stand in the reference by which they are answered?"""
        config = self.material.config
        by_gallery = [
            one for one in ("csls", "znorm") if getattr(config, one).reference == "gallery"
        ]
        return bool({*by_gallery} & {*stages}) and bool(self._asked.any())

    @property
    def _asked(self) -> Bool[Tensor, "clip"]:
        """Which of the searched clips ask."""
        return torch.isin(self.clip_key, self.query_key)

    def _reference(self, gallery: Float[Tensor, "clip dim"]) -> Reference:
        """The gallery, without the clips that ask.

        A query in it would be an impostor of other signs' clips and of none of its own sign's: it
        would tell its sign.
        """
        kept = torch.nonzero(~self._asked)[:, 0]
        return Reference(gallery, self.clip_sign).part(kept)

    def _rescaling(
        self, name: str, queries: Float[Tensor, "query dim"], gallery: Float[Tensor, "clip dim"]
    ) -> tuple[Rescaling, float, float]:
        """The rescaling, and the seconds that the queries and the gallery took."""
        config = self.material.config
        settings = config.csls if name == "csls" else config.znorm
        if settings.reference == "gallery":
            key, reference = self.clip_sign, self._reference(gallery)
        else:
            key, reference = self.clip_key, Reference(queries, self.query_key)
        reference = reference.sample(settings.reference_clips)
        start = time.perf_counter()
        if name == "csls":
            near = nearness(gallery, key, reference, neighbours=config.csls.neighbours)
            return csls(near), 0.0, time.perf_counter() - start
        over = config.znorm.over
        by_clip = usual(gallery, key, reference) if over != "query" else None
        between = time.perf_counter()
        everyone = Reference(gallery, self.clip_key)
        by_query = usual(queries, self.query_key, everyone) if over != "clip" else None
        end = time.perf_counter()
        return znorm(by_clip=by_clip, by_query=by_query), end - between, between - start

    def _distances(self, aligned: Aligned, top: Shortlist) -> Float64[np.ndarray, "query place"]:
        """To the nearer of a query and its mirror image, where that is aligned too."""
        hits = top.clip.numpy()
        clips = np.where(hits >= 0, self.searched[hits], -1)
        band = self.material.config.dtw.band
        distances = [
            dtw_distances(queries[self.asks], aligned.gallery, clips, band=band)
            for queries in aligned.queries
        ]
        return np.stack(distances).min(axis=0)  # type: ignore[no-any-return]


def _in_order(parts: Sequence[Ran]) -> Ran:
    """Put together what the parts of ``Round.run`` found."""
    found = PerQuery.join([part.found for part in parts])
    count = len(found.first_rank)
    order = torch.cat([torch.arange(first, count, len(parts)) for first in range(len(parts))])
    place = order.argsort()
    return Ran(
        replace(
            found,
            first_rank=found.first_rank[place],
            average_precision=found.average_precision[place],
            positives=found.positives[place],
        ),
        torch.cat([part.hits for part in parts])[place],
        sum(part.queries_s for part in parts),
        sum(part.gallery_s for part in parts),
    )
