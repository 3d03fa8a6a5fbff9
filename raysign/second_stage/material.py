"""What second stages work on: the two sides of a search, and their clips ready for DTW."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Float16, Float32, Int64
from torch import Tensor

from raysign.config import DTWConfig, RerankConfig
from raysign.embed import Embedder
from raysign.mapped import MappedSequences, at_frames
from raysign.pose import mirror_image
from raysign.pose.resample import thinned
from raysign.rerank import JointAverages


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
    mirrored: bool = False
    """Whether the queries' vectors are of their mirror images too."""

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
        return self._searched[2] * min(self.config.dtw.top, clips) / clips

    def aligned(self, *, with_mirror: bool = False) -> Aligned:
        """Vectors for DTW; ``BundleError`` where frames are asked for and the encoder has none.

        Queries are aligned with their mirror images where they ask with them, as in a search, or
        where ``dtw.mirror`` says so.
        """
        _, searched, gallery_s = self._searched
        ways = [self._as_recorded]
        if with_mirror or self.mirrored or self.config.dtw.mirror:
            ways.append(self._as_mirrored)
        asking, seconds = zip(*ways, strict=True)
        return Aligned(asking, searched, sum(seconds), gallery_s)

    @cached_property
    def _searched(self) -> tuple[Framed, Float32[np.ndarray, "clip frame value"], float]:
        """What the gallery's clips are made vectors by, those, and the seconds that they took."""
        _, gallery = self.sequences
        start = time.perf_counter()
        framed = Framed.fitted(gallery, self.embedder, self.config.dtw)
        return framed, framed.vectors(gallery), time.perf_counter() - start

    @cached_property
    def _as_recorded(self) -> tuple[Float32[np.ndarray, "query frame value"], float]:
        return self._asking(mirrored=False)

    @cached_property
    def _as_mirrored(self) -> tuple[Float32[np.ndarray, "query frame value"], float]:
        return self._asking(mirrored=True)

    def _asking(self, *, mirrored: bool) -> tuple[Float32[np.ndarray, "query frame value"], float]:
        framed, _, _ = self._searched
        start = time.perf_counter()
        vectors = framed.vectors(self.sequences[0], mirrored)
        return vectors, time.perf_counter() - start
