"""The scores that a second stage gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int, Int64

from raysign.config import RerankConfig
from raysign.embed import Embedder
from raysign.gallery import Gallery
from raysign.rerank import blended
from raysign.search.reranking.aligned import Aligned
from raysign.search.reranking.first import first_stage
from raysign.search.reranking.rescaled import rescaler
from raysign.second_stage import Sequences, Stages

Rows = Int[np.ndarray, "row"]
Hidden = Int[np.ndarray, "_"]


@dataclass(frozen=True, eq=False)
class Asking:
    """One query."""

    vector: Float32[np.ndarray, "dim"]
    """Of unit length."""
    takes: Sequences | None = None
    """Its recordings, prepared; only DTW looks at them."""
    mirrored: bool = False
    """Whether their mirror images ask too."""


class SecondStage:
    """Puts clips of a gallery in order; what it learns of them it keeps."""

    def __init__(
        self, stages: Stages, gallery: Gallery, embedder: Embedder, config: RerankConfig
    ) -> None:
        """``stages`` as :meth:`Reranks.check` gives them, at least one."""
        self.stages, self._gallery, self._config = stages, gallery, config
        self._rescaler = self._aligned = None
        for name in {"csls", "znorm"} & set(stages):
            self._rescaler = rescaler(gallery, name, config)
        if "dtw" in stages:
            self._aligned = Aligned(gallery, embedder, config.dtw)

    @property
    def aligns(self) -> bool:
        """Whether it looks at the recordings of a query."""
        return self._aligned is not None

    @property
    def least(self) -> int:
        """Clips that it has to be given, where there are so many."""
        return self._config.dtw.top if self._aligned else 0

    def scores(
        self,
        asking: Asking,
        rows: Rows,
        cosine: Float[np.ndarray, "row"],
        hidden: Hidden | None = None,
    ) -> Float64[np.ndarray, "row"]:
        """The score of each of a query's nearest clips; higher is better.

        Args:
            asking: the query.
            rows: as ``first_stage`` gives them.
            cosine: theirs.
            hidden: rows that are not compared with either, as if they were not in the gallery.

        ``DataError`` where the gallery is too small to say what is usual in it.
        """
        score = torch.from_numpy(cosine.astype(np.float64))[None]
        if self._rescaler is not None:
            score = self._rescaler.rescaling(asking.vector, rows, hidden).scores(score)
        if self._aligned is not None:
            dtw = self._config.dtw
            top = score[0].argsort(descending=True, stable=True)[: dtw.top].numpy()
            distance = np.full((1, len(rows)), np.inf)
            distance[0, top] = self._distances(asking, rows[top])
            score = blended(score, distance, weight=dtw.weight, standardise=dtw.standardise)
        return score[0].numpy()

    def _distances(self, asking: Asking, rows: Rows) -> Float64[np.ndarray, "row"]:
        if self._aligned is None or asking.takes is None:
            raise ValueError("a query without recordings cannot be aligned")
        mirrored = asking.mirrored or self._config.dtw.mirror
        return self._aligned.distances(asking.takes, rows, mirrored=mirrored)

    def score_signs(
        self, asking: Sequence[Asking], k: int, hidden: Sequence[Hidden]
    ) -> tuple[Int64[np.ndarray, "query k"], Float32[np.ndarray, "query k"]]:
        """As :func:`raysign.gallery.score_signs`, by each sign's best clip."""
        numbers = np.full((len(asking), k), -1, dtype=np.int64)
        scores = np.full((len(asking), k), -np.inf, dtype=np.float32)
        for query, (one, without) in enumerate(zip(asking, hidden, strict=True)):
            rows, cosine = first_stage(
                self._gallery, one.vector, k, of_signs=True, least=self.least, hidden=without
            )
            if not len(rows):
                continue
            given = self.scores(one, rows, cosine, without)
            best = best_clips(self._gallery, rows, given, k)
            numbers[query, : len(best)] = self._gallery.exemplars.sign_number[rows[best]]
            scores[query, : len(best)] = given[best]
        return numbers, scores


def best_clips(
    gallery: Gallery, rows: Rows, scores: Float[np.ndarray, "row"], k: int
) -> Int64[np.ndarray, "sign"]:
    """Places among the rows of the k best signs' best clips, best first."""
    order = np.argsort(-scores, kind="stable")
    _, first = np.unique(gallery.exemplars.sign_number[rows[order]], return_index=True)
    best: np.ndarray = order[np.sort(first)[:k]]
    return best
