"""The untrained nearest neighbour: what a sequence finds before anything is learned.

Training has to beat it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float16
from torch import Tensor

from raysign.batches import TrainingClips
from raysign.mapped import AnySequences
from raysign.pose.resample import thinned
from raysign.ranking import Ranking, rank, summarise

FRAMES = 32
"""Frames of a sequence that are compared; more change little and cost memory."""


def flattened(sequences: AnySequences) -> Float[Tensor, "clip value"]:
    """Prepared sequences as unit vectors: every value of ``FRAMES`` frames, missing ones 0.

    Of clips on a disk they are on it too.
    """
    clips, frames, joints, axes = sequences.shape
    kept = thinned(frames, FRAMES)
    if isinstance(sequences, np.ndarray):
        return _flat(sequences[:, kept])
    flat = torch.from_numpy(sequences.scratch(clips, len(kept) * joints * axes))
    for block in sequences.blocks():
        flat[block] = _flat(sequences[block][:, kept])
    return flat


def _flat(
    sequences: Float16[np.ndarray, "clip kept joint axis"],
) -> Float[Tensor, "clip value"]:
    flat = torch.from_numpy(sequences).float().flatten(1).nan_to_num(0)
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
