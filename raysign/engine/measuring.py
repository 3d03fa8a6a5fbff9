"""How a model is measured on val: while it trains, and once it is put together from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from raysign.batches import Prepared, TrainingClips
from raysign.config import EvaluateConfig
from raysign.embed import Embedder
from raysign.ranking import PerQuery, Ranking, rank, summarise
from raysign.second_stage import Material, Round, Side

Embed = Callable[[Prepared, bool], Float[Tensor, "clip embedding"]]
"""Clips, and whether each is taken with its mirror image → unit vectors."""


@dataclass(frozen=True)
class Measured:
    """The figures of val."""

    ranking: Ranking
    rerank_ms: float | None
    """What the second stage adds to a query, on this machine; None without one."""
    evidence: Mapping[str, Tensor] = field(default_factory=dict)
    """What every query got: ``first_rank``, ``average_precision`` and ``positives`` as
    :class:`raysign.ranking.PerQuery` has them, and its ``sign``; ``gallery`` is its size.
    """

    @classmethod
    def of(
        cls,
        found: PerQuery,
        sign: Int[Tensor, "query"],
        resamples: int,
        rerank_ms: float | None = None,
    ) -> Measured:
        """The figures of a ranking, with so many resamples behind each interval."""
        evidence = {
            "first_rank": found.first_rank,
            "average_precision": found.average_precision,
            "positives": found.positives,
            "sign": sign.cpu(),
            "gallery": torch.tensor(found.gallery),
        }
        return cls(summarise(found, sign, resamples=resamples), rerank_ms, evidence)

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
    return Measured.of(found, sign, config.bootstrap)


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
        mirrored=config.mirror != "none",
    )
    stages = tuple(config.rerank.stages.split("+"))
    one = Round(material)
    ran = one.run(stages)
    rerank_ms = 1000 * ran.queries_s / len(asking)
    if "dtw" in stages:
        aligned = material.aligned(with_mirror="mirror" in stages)
        # A budget is kept by a search, which meets its first hits for the first time.
        rerank_ms += 1000 * (aligned.queries_s / len(asking) + material.first_met_s)
    return Measured.of(ran.found, one.query_sign, config.bootstrap, rerank_ms)
