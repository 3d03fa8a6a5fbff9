"""Embedding many clips with the landmarks of few in working memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from raysign.clip import Clips

if TYPE_CHECKING:
    from raysign.embed import Embedder

BLOCK_CLIPS = 2_048
"""Clips that are prepared and embedded at a time: about 100 MB of prepared sequences."""

Say = Callable[[str], None]


def embed_clips(
    clips: Clips, embedder: Embedder, *, mirrored: bool, say: Say, what: str
) -> Float[Tensor, "clip dim"]:
    """The vectors of clips, in their order, on the CPU; ``say`` hears how far it is."""
    vectors = []
    for start in range(0, len(clips), BLOCK_CLIPS):
        block = np.arange(start, min(start + BLOCK_CLIPS, len(clips)))
        part = clips if len(block) == len(clips) else clips.select(block)
        vectors.append(embedder.embed(part, mirrored).cpu())
        say(f"{what}: {int(block[-1]) + 1:,} of {len(clips):,} clips embedded")
    return torch.cat(vectors)
