"""Conformer over two hands that one network sees, and all else.

Blocks of Gulati et al. (2020, "Conformer"), with layer norm in place of batch norm, so that a
clip's embedding never depends on its batch or on how many workers share it. The hands' network is
SignSeek's lever (arXiv 2609.03695): the left hand is mirrored, so that one set of weights learns
every handshape from both hands.
Positions are rotary, where Gulati has Transformer-XL's relative ones.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import ConformerConfig
from raysign.encoders.attention import SelfAttention
from raysign.encoders.dropout import ChannelDropout, DropPath
from raysign.encoders.layers import FeedForward, GatedConv
from raysign.encoders.pick import Pick
from raysign.encoders.pooling import Head
from raysign.encoders.rotary import turns
from raysign.skeleton import ChannelMap


class Block(nn.Module):
    """½ feed-forward → attention → gated convolution → ½ feed-forward → norm (Gulati, eq. 1)."""

    def __init__(self, config: ConformerConfig) -> None:
        super().__init__()
        width, dropout = config.width, config.dropout
        self.first = FeedForward(width, width * config.expansion, dropout)
        self.attend = SelfAttention(width, config.heads)
        self.dropout = ChannelDropout(dropout)
        self.convolve = GatedConv(width, width, config.kernel, dropout)
        self.last = FeedForward(width, width * config.expansion, dropout)
        self.norm = nn.LayerNorm(width)
        self.drop_path = DropPath(config.drop_path)

    def forward(
        self,
        frames: Float[Tensor, "clip frame width"],
        turn: Float[Tensor, "frame pair 2"],
        shown: Bool[Tensor, "clip frame"] | None,
    ) -> Float[Tensor, "clip frame width"]:
        frames = frames + self.drop_path(0.5 * self.first(frames))
        frames = frames + self.drop_path(self.dropout(self.attend(frames, shown, turn)))
        frames = frames + self.drop_path(self.convolve(frames, shown))
        frames = frames + self.drop_path(0.5 * self.last(frames))
        return self.norm(frames)  # type: ignore[no-any-return]


class HandNetwork(nn.Module):
    """One hand's channels → what it does, frame by frame; the same weights for both hands."""

    def __init__(self, config: ConformerConfig, num_channels: int) -> None:
        super().__init__()
        width = config.hand_width
        self.enter = nn.Sequential(
            nn.Linear(num_channels, width),
            nn.LayerNorm(width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.LayerNorm(width),
            ChannelDropout(config.dropout),
        )
        self.blocks = nn.ModuleList(
            GatedConv(width, width, config.kernel, config.dropout)
            for _ in range(config.hand_blocks)
        )
        self.drop_path = DropPath(config.drop_path)

    def forward(
        self, hand: Float[Tensor, "hand frame channel"], shown: Bool[Tensor, "hand frame"] | None
    ) -> Float[Tensor, "hand frame width"]:
        frames = self.enter(hand)
        for block in self.blocks:
            frames = frames + self.drop_path(block(frames, shown))
        return frames  # type: ignore[no-any-return]


class Conformer(nn.Module):
    """Both hands' network beside the rest → Conformer blocks → pooling → unit length.

    A hand's network reads its fingers and its extras. Its wrist, which carries the path through
    signing space, stands in the rest, with the body where there is one.
    """

    def __init__(self, config: ConformerConfig, channels: ChannelMap) -> None:
        super().__init__()
        layout = channels.layout
        parts = {part: range(where.start, where.stop) for part, where in layout.parts.items()}
        hands = [part for part in parts if part.endswith("_hand")]
        fingers = {part: parts[part][1:] for part in hands}
        apart = {joint for joints in fingers.values() for joint in joints}
        self.hands = nn.ModuleList(
            Pick(
                channels,
                channels.of_joints(fingers[part]) + channels.of_extras([part]),
                mirrored=part.startswith("left"),
            )
            for part in hands
        )
        self.hand = HandNetwork(config, len(self.hands[0])) if hands else None  # type: ignore[arg-type]
        rest = [joint for joint in range(layout.num_joints) if joint not in apart]
        other_parts = [part for part in parts if part not in hands]
        self.rest = Pick(channels, channels.of_joints(rest) + channels.of_extras(other_parts))
        self.enter_rest = nn.Sequential(
            nn.Linear(len(self.rest), config.hand_width),
            nn.LayerNorm(config.hand_width),
            ChannelDropout(config.dropout),
        )
        self.enter = nn.Sequential(
            nn.Linear((len(hands) + 1) * config.hand_width, config.width),
            nn.LayerNorm(config.width),
        )
        self.turn_size = config.width // config.heads
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.head = Head(config.width, config.embedding, config.pooling, config.dropout)

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
        frames = self.enter(torch.cat(self._streams(channels, shown), dim=-1))
        turn = turns(frames.shape[1], self.turn_size).to(frames.device)
        for block in self.blocks:
            frames = block(frames, turn, shown)
        return frames  # type: ignore[no-any-return]

    def _streams(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None,
    ) -> list[Float[Tensor, "clip frame width"]]:
        """What is all else, then each hand."""
        streams = [self.enter_rest(self.rest(channels))]
        if self.hand is not None:
            hands = torch.cat([pick(channels) for pick in self.hands])
            each = None if shown is None else shown.repeat(len(self.hands), 1)
            streams.extend(self.hand(hands, each).chunk(len(self.hands)))
        return streams
