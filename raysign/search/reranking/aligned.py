"""DTW of one query and a gallery's clips, by the landmarks that the gallery keeps of them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float32, Float64, Int

from raysign.clip import Clips
from raysign.config import DTWConfig
from raysign.embed import Embedder, prepare_clips
from raysign.gallery import Gallery
from raysign.rerank import dtw_distances
from raysign.second_stage import Framed, Sequences

AVERAGED = 300
"""Clips that say where a joint is on average, drawn at random: its mean is then known to 6 % of its
deviation. Preparing them takes about a second, once.
"""
KEPT = 10_000
"""Clips that stay ready to be aligned: up to 200 MB of the body's landmarks at 16 frames."""

Rows = Int[np.ndarray, "row"]


class Aligned:
    """Distances of recordings to clips."""

    def __init__(self, gallery: Gallery, embedder: Embedder, config: DTWConfig) -> None:
        self._gallery, self._embedder, self.config = gallery, embedder, config
        self._ready = dict[int, Float32[np.ndarray, "frame value"]]()

    def distances(
        self, takes: Sequences, rows: Rows, *, mirrored: bool
    ) -> Float64[np.ndarray, "row"]:
        """Of recordings of one sign, on average, to each clip.

        Args:
            takes: prepared.
            rows: of the gallery.
            mirrored: take the smaller distance of a recording and its mirror image.
        """
        clips = self._vectors(rows)
        hits = np.tile(np.arange(len(rows)), (len(takes), 1))
        ways = [
            dtw_distances(self._framed.vectors(takes, way), clips, hits, band=self.config.band)
            for way in (False, True)[: 1 + mirrored]
        ]
        return np.asarray(np.minimum.reduce(ways).mean(axis=0))

    @cached_property
    def _framed(self) -> Framed:
        rows = np.flatnonzero(self._gallery.exemplars.alive)
        if len(rows) > AVERAGED:
            rows = np.sort(np.random.default_rng(0).choice(rows, AVERAGED, replace=False))
        return Framed.fitted(self._prepared(rows), self._embedder, self.config)

    def _vectors(self, rows: Rows) -> Float32[np.ndarray, "row frame value"]:
        new = [row for row in rows.tolist() if row not in self._ready]
        if new:
            vectors = self._framed.vectors(self._prepared(np.array(new)))
            self._ready.update(zip(new, vectors, strict=True))
        found = [self._ready[row] for row in rows.tolist()]
        while len(self._ready) > KEPT:
            del self._ready[next(iter(self._ready))]
        return np.stack(found)

    def _prepared(self, rows: Rows) -> Sequences:
        return prepared(self._gallery, rows, self._embedder)


def prepared(gallery: Gallery, rows: Rows, embedder: Embedder) -> Sequences:
    """Clips of a gallery, which must keep the landmarks of all of them."""
    kept = (gallery.clip(row) for row in rows.tolist())
    clips = Clips.pack(clip for clip in kept if clip is not None)
    return prepare_clips(clips, embedder.prepare, embedder.device)
