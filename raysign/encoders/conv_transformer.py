"""Depthwise convolutions in time with an attention block after each group.

The shape of the Kaggle "Isolated Sign Language Recognition" winner (1st place, Hoyeol Sohn, 2023),
with gated (GLU) convolutions as in Conformer (Gulati et al., 2020) and layer norm in place of batch
norm, so that a clip's embedding never depends on its batch or on how many workers share it.
"""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import ConvTransformerConfig
from raysign.encoders.attention import SelfAttention
from raysign.encoders.dropout import ChannelDropout, DropPath
from raysign.encoders.layers import FeedForward, GatedConv
from raysign.encoders.pooling import Head
from raysign.skeleton import ChannelMap


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
            blocks.extend(
                [SelfAttention(width, config.heads), FeedForward(width, hidden, config.dropout)]
            )
        self.blocks = nn.ModuleList(blocks)
        self.drop_path = DropPath(config.drop_path)
        self.head = Head(width, config.embedding, config.pooling, config.head_dropout)

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
        for block in self.blocks:
            frames = frames + self.drop_path(block(frames, shown))
        return frames  # type: ignore[no-any-return]
