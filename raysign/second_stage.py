"""The second stage of a search: mirror images, rescaled cosines, the first hits aligned by DTW.

Training measures with it, ``raysign evaluate`` says what it gains and costs; the mathematics is in
:mod:`raysign.rerank`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Float16, Float32, Float64, Int, Int64
from torch import Tensor

from raysign.config import DTWConfig, RerankConfig
from raysign.embed import Embedder
from raysign.errors import ConfigError
from raysign.mapped import MappedSequences, at_frames
from raysign.pose import mirror_image
from raysign.pose.resample import thinned
from raysign.ranking import PerQuery, Shortlist, rank, reordered, shortlist
from raysign.rerank import (
    JointAverages,
    Reference,
    Rescaling,
    blended,
    csls,
    dtw_distances,
    nearness,
    usual,
    znorm,
)

STAGES = ("mirror", "csls", "znorm", "dtw")
"""In the order in which they run. ``mirror`` embeds each query together with its mirror image."""
Stages = tuple[str, ...]
"""One after the other; none: the first stage alone."""
FOLDS = 10
"""Parts in which queries are asked that are also searched; each does without a tenth of them."""
OCCURRENCE = 10
"""Hits of a query in which hubs are counted, as in Radovanović et al. (2010)."""


def parse_stages(text: str) -> Stages:
    """``dtw+csls`` → ``("csls", "dtw")``, in the order in which they run.

    ``ConfigError`` where there is no such stage, one stands twice, or two exclude each other.
    """
    names = text.split("+")
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        raise ConfigError(
            f"no second stage is called {unknown[0]!r}, got --rerank {text}; give one of "
            f"{', '.join(STAGES)}, or several, as in csls+dtw"
        )
    if len(set(names)) < len(names) or {"csls", "znorm"} <= set(names):
        raise ConfigError(
            f"--rerank {text} names a stage twice, or both csls and znorm; give each once and "
            "one of the two"
        )
    return tuple(name for name in STAGES if name in names)


@dataclass(frozen=True, eq=False)
class Side:
    """Clips that ask, or that are searched: unit vectors on the CPU, and who they are."""

    vectors: Float[Tensor, "clip dim"]
    sign: Int64[np.ndarray, "clip"]
    key: Int64[np.ndarray, "clip"]
    """Equal where a query and a searched clip are the same clip."""

    def part(self, which: Int64[np.ndarray, "taken"]) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors, signs and keys of some."""
        sign, key = (torch.from_numpy(of[which]) for of in (self.sign, self.key))
        return self.vectors[torch.from_numpy(which)], sign, key


Sequences = (
    Float16[np.ndarray, "_ frame joint axis"] | Float16[MappedSequences, "_ frame joint axis"]
)
"""Prepared clips, as ``prepare_clips`` gives them or on a disk."""


@dataclass(frozen=True, eq=False)
class Framed:
    """How prepared clips become vectors a frame, for DTW."""

    embedder: Embedder
    config: DTWConfig
    averages: JointAverages | None
    """Of the gallery's joints; None where the encoder's frames are aligned."""

    @classmethod
    def fitted(cls, gallery: Sequences, embedder: Embedder, config: DTWConfig) -> Framed:
        """To a gallery's clips, or a part of them."""
        averages = None
        if config.on == "landmarks":
            averages = JointAverages.of(_thinned(gallery, config))
        return cls(embedder, config, averages)

    def vectors(
        self, sequences: Sequences, mirrored: bool = False
    ) -> Float32[np.ndarray, "clip kept value"]:
        """Of clips, or of their mirror images; ``BundleError`` where the encoder has no frames."""
        if self.averages is None:
            return self.embedder.frames_prepared(sequences, self.config.frames, mirrored)
        xyz = _thinned(sequences, self.config)
        if mirrored:
            xyz = mirror_image(torch.from_numpy(xyz), self.embedder.prepare.output).numpy()
        return self.averages.vectors(xyz)


def _thinned(
    sequences: Sequences, config: DTWConfig
) -> Float32[np.ndarray, "clip kept joint axis"]:
    kept = thinned(sequences.shape[1], config.frames)
    return at_frames(sequences, kept).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Aligned:
    """The clips as vectors a frame, for DTW, and the seconds that either side took."""

    queries: tuple[Float32[np.ndarray, "query frame value"], ...]
    """The queries, and where they are asked for their mirror images."""
    gallery: Float32[np.ndarray, "clip frame value"]
    queries_s: float
    gallery_s: float


@dataclass(frozen=True, eq=False)
class Material:
    """What every round and every chain of stages takes from; each thing is made once, if at all."""

    queries: Side
    gallery: Side
    read: Callable[[], tuple[Sequences, Sequences]]
    """Gives the prepared clips of both sides, where a stage looks at them."""
    embedder: Embedder
    config: RerankConfig

    @cached_property
    def sequences(self) -> tuple[Sequences, Sequences]:
        """The prepared clips of both sides."""
        return self.read()

    @cached_property
    def fused(self) -> tuple[Side, float]:
        """Queries embedded with their mirror images, and the seconds that the images took."""
        queries, _ = self.sequences
        start = time.perf_counter()
        fused = self.embedder.embed_prepared(queries, mirrored=True).cpu()
        seconds = (time.perf_counter() - start) / 2  # the encoder sees each clip twice
        return Side(fused, self.queries.sign, self.queries.key), seconds

    @property
    def first_met_s(self) -> float:
        """What DTW takes for the vectors of one query's clips, where a search meets them for the
        first time; it keeps them from then on. It also has to prepare their landmarks, which are
        prepared here.
        """
        clips = len(self.gallery.sign)
        return self.aligned.gallery_s * min(self.config.dtw.top, clips) / clips

    @cached_property
    def aligned(self) -> Aligned:
        """Vectors for DTW; ``BundleError`` where frames are asked for and the encoder has none."""
        queries, gallery = self.sequences
        start = time.perf_counter()
        framed = Framed.fitted(gallery, self.embedder, self.config.dtw)
        searched = framed.vectors(gallery)
        between = time.perf_counter()
        asking = [framed.vectors(queries)]
        if self.config.dtw.mirror:
            asking.append(framed.vectors(queries, mirrored=True))
        return Aligned(tuple(asking), searched, time.perf_counter() - between, between - start)


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

        ``DataError`` where a gallery is too small to say what is usual in it, ``BundleError`` where
        the encoder has no frames to align.
        """
        if not self._asks_of_itself(stages):
            return self._run(stages)
        folds = [self.asks[part::FOLDS] for part in range(min(FOLDS, len(self.asks)))]
        parts = (Round(self.material, fold, self.searched) for fold in folds)
        return _in_order([part._run(stages) for part in parts])

    def _run(self, stages: Stages) -> Ran:
        """All queries at once."""
        dtw = self.material.config.dtw
        queries, gallery = self.vectors, self.gallery
        if "mirror" in stages:
            queries = self.material.fused[0].vectors[torch.from_numpy(self.asks)]
        queries_s = gallery_s = 0.0
        for name in {"csls", "znorm"} & set(stages):
            rescaling, queries_s, gallery_s = self._rescaling(name, queries, gallery)
            queries, gallery = rescaling.queries(queries), rescaling.gallery(gallery)
        world = queries, self.query_sign, gallery, self.clip_sign
        found = rank(*world, query_key=self.query_key, gallery_key=self.clip_key)
        aligned = self.material.aligned if "dtw" in stages else None
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
