"""The reverse dictionary's Transformer (LREC 2026; rows M1 and M5)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import PoseFormerConfig, TransformerConfig
from raysign.encoders.attention import SelfAttention
from raysign.encoders.dropout import DropPath
from raysign.encoders.pooling import Head
from raysign.skeleton import ChannelMap


def sinusoids(frames: int, width: int) -> Float[Tensor, "frame width"]:
    """Positional encoding of Vaswani et al. (2017), section 3.5.

    Sines in even channels, cosines in odd ones.
    """
    frequency = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angle = torch.arange(frames)[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]


class Block(nn.Module):
    """Pre-norm self-attention, then a pre-norm feed-forward layer, each about a residual."""

    def __init__(self, config: TransformerConfig | PoseFormerConfig, width: int) -> None:
        super().__init__()
        self.attend = SelfAttention(width, config.heads)
        self.forth = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, config.feedforward),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.feedforward, width),
        )
        self.leave = nn.Sequential(nn.Dropout(config.dropout), DropPath(config.drop_path))

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        frames = frames + self.leave(self.attend(frames, shown))
        return frames + self.leave(self.forth(frames))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Linear → sinusoidal positions → pre-norm self-attention blocks → pooling → unit length."""

    def __init__(self, config: TransformerConfig, channels: ChannelMap) -> None:
        super().__init__()
        self.width = config.width
        self.enter = nn.Sequential(
            nn.Linear(channels.num_channels, config.width), nn.LayerNorm(config.width)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config, config.width) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)
        self.head = Head(config.width, config.embedding, config.pooling)

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        return self.head(self.frames(channels, shown), shown)  # type: ignore[no-any-return]

    def frames(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip frame width"]:
        """What the head pools."""
        frames = self.enter(channels)
        positions = sinusoids(frames.shape[1], self.width).to(frames)
        frames = self.dropout(frames + positions)
        for block in self.blocks:
            frames = block(frames, shown)
        return self.norm(frames)  # type: ignore[no-any-return]
