"""The untrained nearest neighbour: what a sequence finds before anything is learned.

Training has to beat it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float16
from torch import Tensor

from raysign.batches import TrainingClips
from raysign.ranking import Ranking, rank, summarise

FRAMES = 32
"""Frames of a sequence that are compared; more change little and cost memory."""


def flattened(
    sequences: Float16[np.ndarray, "clip frame joint axis"],
) -> Float[Tensor, "clip value"]:
    """Prepared sequences as unit vectors: every value of ``FRAMES`` frames, missing ones 0."""
    frames = sequences.shape[1]
    kept = np.linspace(0, frames - 1, min(FRAMES, frames)).round().astype(np.int64)
    flat = torch.from_numpy(sequences[:, kept]).float().flatten(1).nan_to_num(0)
    return torch.nn.functional.normalize(flat, dim=1)


def untrained(clips: TrainingClips, *, resamples: int = 1000) -> Ranking:
    """Val queries → gallery by the cosine of prepared sequences."""
    searched = clips.train if clips.gallery is None else clips.gallery
    found = rank(
        flattened(clips.queries.sequences),
        torch.from_numpy(clips.queries.sign.copy()),
        flattened(searched.sequences),
        torch.from_numpy(searched.sign.copy()),
        query_key=torch.from_numpy(clips.queries.key.copy()),
        gallery_key=torch.from_numpy(searched.key.copy()),
    )
    return summarise(found, torch.from_numpy(clips.queries.sign.copy()), resamples=resamples)
