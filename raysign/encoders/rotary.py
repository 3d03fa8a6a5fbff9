"""Rotary positions (Su et al., 2021, "RoFormer").

Attention then sees differences of frames alone, as with Transformer-XL's relative positions, but
needs no matrix of frames × frames, no parameters, and no longest clip.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

SLOWEST = 10_000.0
"""Frames over 2π in a turn of the slowest pair of channels (RoFormer, section 3.2.2)."""


def turns(frames: int, size: int) -> Float[Tensor, "frame pair 2"]:
    """Cosine and sine of each frame's angle, for pairs of ``size`` channels."""
    pairs = size // 2
    speed = SLOWEST ** -(torch.arange(pairs) / max(pairs, 1))
    angle = torch.arange(frames)[:, None] * speed
    return torch.stack([angle.cos(), angle.sin()], dim=-1)


def turned(
    x: Float[Tensor, "clip head frame size"], turn: Float[Tensor, "frame pair 2"]
) -> Float[Tensor, "clip head frame size"]:
    """Each pair of channels turned by its frame's angle; an odd channel stays.

    The dot product of two turned vectors depends on the difference of their frames.
    """
    pairs = turn.shape[1]
    cos, sin = turn.to(x.dtype).unbind(-1)
    one, other, rest = x.split([pairs, pairs, x.shape[-1] - 2 * pairs], dim=-1)
    return torch.cat([one * cos - other * sin, other * cos + one * sin, rest], dim=-1)
