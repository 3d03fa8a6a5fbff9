"""Frames → one vector → unit length."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

POOLING_HEADS = 4
"""Attention pooling weighs so many groups of channels apart."""


class MeanPooling(nn.Module):
    """The mean over shown frames."""

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip width"]:
        if shown is None:
            return frames.mean(dim=1)
        weight = shown.to(frames.dtype)[..., None]
        return (frames * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


class AttentionPooling(nn.Module):
    """A weighted mean over shown frames; each head learns which frames matter for its channels."""

    def __init__(self, width: int, heads: int = POOLING_HEADS) -> None:
        super().__init__()
        self.heads = heads if width % heads == 0 else 1
        self.score = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, self.heads))

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip width"]:
        score = self.score(frames)
        if shown is not None:
            # Finite, so that a clip with no shown frame gives a plain mean and not NaN.
            score = score.masked_fill(~shown[..., None], torch.finfo(score.dtype).min)
        weight = score.softmax(dim=1)
        grouped = frames.unflatten(-1, (self.heads, -1))
        return torch.einsum("c f h, c f h w -> c h w", weight, grouped).flatten(1)


class Pooled(nn.Module):
    """Pooling, layer norm and dropout."""

    def __init__(
        self, width: int, pooling: Literal["mean", "attention"], dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.pool = AttentionPooling(width) if pooling == "attention" else MeanPooling()
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip width"]:
        return self.dropout(self.norm(self.pool(frames, shown)))  # type: ignore[no-any-return]


class Head(Pooled):
    """Pooling, a linear layer, and unit length."""

    def __init__(
        self,
        width: int,
        embedding: int,
        pooling: Literal["mean", "attention"],
        dropout: float = 0.0,
    ) -> None:
        super().__init__(width, pooling, dropout)
        self.project = nn.Linear(width, embedding)

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip embedding"]:
        return unit_length(self.project(super().forward(frames, shown)))


def unit_length(vectors: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
    """Each vector over its length, in float32 whatever it came in."""
    return nn.functional.normalize(vectors.float(), dim=-1)
