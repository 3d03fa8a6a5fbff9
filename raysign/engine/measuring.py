"""How a model is measured on val: while it trains, and once it is put together from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from raysign.batches import Prepared, TrainingClips
from raysign.config import EvaluateConfig
from raysign.embed import Embedder
from raysign.ranking import Ranking, rank, summarise
from raysign.second_stage import Material, Round, Side

Embed = Callable[[Prepared, bool], Float[Tensor, "clip embedding"]]
"""Clips, and whether each is taken with its mirror image → unit vectors."""


@dataclass(frozen=True)
class Measured:
    """The figures of val."""

    ranking: Ranking
    rerank_ms: float | None
    """What the second stage adds to a query, on this machine; None without one."""

    def metrics(self) -> dict[str, float]:
        """``val/recall_at_1`` and so on, with their ends and counts, and ``val/rerank_ms``."""
        figures = {f"val/{name}": float(value) for name, value in self.ranking.as_json().items()}
        return figures | ({} if self.rerank_ms is None else {"val/rerank_ms": self.rerank_ms})


def measure(
    clips: TrainingClips, embed: Embed, embedder: Embedder, config: EvaluateConfig
) -> Measured:
    """Rank the gallery for every val query; a clip is never its own answer.

    Args:
        clips: of the run.
        embed: makes the vectors, on one worker or several.
        embedder: of the same encoder, for the frames that a second stage may align.
        config: whose mirror images count, and which second stage ranks.
    """
    searched = clips.train if clips.gallery is None else clips.gallery
    queries = embed(clips.queries, config.mirror != "none")
    gallery = embed(searched, config.mirror == "both")
    if config.rerank.stages:
        return _reranked(clips.queries, queries, searched, gallery, embedder, config)
    sign, gallery_sign, key, gallery_key = (
        torch.from_numpy(a.copy()).to(queries.device)
        for a in (clips.queries.sign, searched.sign, clips.queries.key, searched.key)
    )
    found = rank(queries, sign, gallery, gallery_sign, query_key=key, gallery_key=gallery_key)
    return Measured(summarise(found, sign, resamples=config.bootstrap), None)


def _reranked(
    asking: Prepared,
    queries: Float[Tensor, "query dim"],
    searched: Prepared,
    gallery: Float[Tensor, "clip dim"],
    embedder: Embedder,
    config: EvaluateConfig,
) -> Measured:
    material = Material(
        Side(queries.cpu(), asking.sign, asking.key),
        Side(gallery.cpu(), searched.sign, searched.key),
        lambda: (asking.sequences, searched.sequences),
        embedder,
        config.rerank,
    )
    stages = tuple(config.rerank.stages.split("+"))
    one = Round(material)
    ran = one.run(stages)
    seconds = ran.queries_s + (material.aligned.queries_s if "dtw" in stages else 0)
    return Measured(
        summarise(ran.found, one.query_sign, resamples=config.bootstrap),
        1000 * seconds / len(asking),
    )
