"""Random numbers for a batch of clips."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor


class Draw:
    """Random tensors, one row a clip, on the clips' device and in their precision."""

    def __init__(self, like: Float[Tensor, "clip frame joint axis"], generator: Generator) -> None:
        self.clips, self.frames, self.joints, _ = like.shape
        self.options = {"device": like.device, "dtype": like.dtype, "generator": generator}

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(self.clips, *shape, **self.options)  # type: ignore[call-overload,no-any-return]

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.clips, *shape, **self.options)  # type: ignore[call-overload,no-any-return]

    def chance(self, probability: float, *shape: int) -> Tensor:
        return self.uniform(*shape) < probability

    def span(self, longest: float) -> Bool[Tensor, "clip frame"]:
        """One span of frames a clip, up to that share of it."""
        length = self.uniform(1) * longest * self.frames
        start = self.uniform(1) * (self.frames - length)
        frame = torch.arange(self.frames, device=length.device)
        return (frame >= start) & (frame < start + length)

    def some_frames(self, share: float) -> Bool[Tensor, "clip frame"]:
        """That share of each clip's frames, rounded, never all; none is likelier than another."""
        rank = self.uniform(self.frames).argsort(dim=1).argsort(dim=1)
        return rank < min(round(share * self.frames), self.frames - 1)
