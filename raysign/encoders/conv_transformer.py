"""Depthwise convolutions in time with an attention block after each group.

The shape of the Kaggle "Isolated Sign Language Recognition" winner (1st place, Hoyeol Sohn, 2023),
with gated (GLU) convolutions as in Conformer (Gulati et al., 2020) and layer norm in place of batch
norm, so that a clip's embedding never depends on its batch or on how many workers share it.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import ConvTransformerConfig
from raysign.encoders.dropout import ChannelDropout, DropPath
from raysign.encoders.layers import FeedForward, GatedConv
from raysign.encoders.pooling import Head
from raysign.skeleton import ChannelMap


class Attention(nn.Module):
    """Pre-norm self-attention over frames."""

    def __init__(self, config: ConvTransformerConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        # No dropout on the weights: it would keep torch from its fused attention.
        self.attend = nn.MultiheadAttention(config.width, config.heads, batch_first=True)

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        x = self.norm(frames)
        hidden = None if shown is None else ~shown
        attended, _ = self.attend(x, x, x, key_padding_mask=hidden, need_weights=False)
        return attended  # type: ignore[no-any-return]


class ConvTransformer(nn.Module):
    """Linear → groups of (gated convolutions, attention, feed-forward) → pooling → unit length."""

    def __init__(self, config: ConvTransformerConfig, channels: ChannelMap) -> None:
        super().__init__()
        width, hidden = config.width, config.width * config.expansion
        self.enter = nn.Sequential(
            nn.Linear(channels.num_channels, width),
            nn.LayerNorm(width),
            ChannelDropout(config.dropout),
        )
        blocks: list[nn.Module] = []
        for _ in range(config.groups):
            blocks.extend(
                GatedConv(width, hidden, config.kernel, config.dropout)
                for _ in range(config.convolutions)
            )
            blocks.extend([Attention(config), FeedForward(width, hidden, config.dropout)])
        self.blocks = nn.ModuleList(blocks)
        self.drop_path = DropPath(config.drop_path)
        self.head = Head(width, config.embedding, config.pooling, config.dropout)

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        frames = self.enter(channels)
        for block in self.blocks:
            frames = frames + self.drop_path(block(frames, shown))
        return self.head(frames, shown)  # type: ignore[no-any-return]
