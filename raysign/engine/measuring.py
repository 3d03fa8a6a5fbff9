"""How a model is measured on val: while it trains, and once it is put together from others."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from raysign.batches import Prepared, TrainingClips
from raysign.config import EvaluateConfig
from raysign.ranking import Ranking, rank, summarise

Embed = Callable[[Prepared, bool], Float[Tensor, "clip embedding"]]
"""Clips, and whether each is taken with its mirror image → unit vectors."""


def measure(clips: TrainingClips, embed: Embed, config: EvaluateConfig) -> Ranking:
    """Rank the gallery for every val query; a clip is never its own answer."""
    queries = embed(clips.queries, config.mirror != "none")
    searched = clips.train if clips.gallery is None else clips.gallery
    gallery = embed(searched, config.mirror == "both")
    sign, gallery_sign, key, gallery_key = (
        torch.from_numpy(a.copy()).to(queries.device)
        for a in (clips.queries.sign, searched.sign, clips.queries.key, searched.key)
    )
    found = rank(queries, sign, gallery, gallery_sign, query_key=key, gallery_key=gallery_key)
    return summarise(found, sign, resamples=config.bootstrap)
