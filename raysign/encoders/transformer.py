"""The reverse dictionary's Transformer (LREC 2026; rows M1 and M5)."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import TransformerConfig
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


class Transformer(nn.Module):
    """Linear → sinusoidal positions → pre-norm self-attention blocks → pooling → unit length."""

    def __init__(self, config: TransformerConfig, channels: ChannelMap) -> None:
        super().__init__()
        self.width = config.width
        self.enter = nn.Sequential(
            nn.Linear(channels.num_channels, config.width), nn.LayerNorm(config.width)
        )
        self.dropout = nn.Dropout(config.dropout)
        block = nn.TransformerEncoderLayer(
            config.width,
            config.heads,
            config.feedforward,
            config.dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        # What torch drops at the end of both residual branches, it skips for whole clips too.
        for name in ("dropout1", "dropout2"):
            setattr(block, name, nn.Sequential(getattr(block, name), DropPath(config.drop_path)))
        self.blocks = nn.TransformerEncoder(
            block, config.depth, norm=nn.LayerNorm(config.width), enable_nested_tensor=False
        )
        self.head = Head(config.width, config.embedding, config.pooling)

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        frames = self.enter(channels)
        positions = sinusoids(frames.shape[1], self.width).to(frames)
        frames = self.dropout(frames + positions)
        frames = self.blocks(frames, src_key_padding_mask=None if shown is None else ~shown)
        return self.head(frames, shown)  # type: ignore[no-any-return]
