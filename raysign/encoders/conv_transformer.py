"""Depthwise convolutions in time with an attention block after each group.

The shape of the Kaggle "Isolated Sign Language Recognition" winner (1st place, Hoyeol Sohn, 2023),
with gated (GLU) convolutions as in Conformer (Gulati et al., 2020) and layer norm in place of batch
norm, so that a clip's embedding never depends on its batch or on how many workers share it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import ConvTransformerConfig
from raysign.encoders.pooling import Head


class DropPath(nn.Module):
    """Skips a residual branch for whole clips while training.

    Stochastic depth (Huang et al., 2016).
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(
        self, branch: Float[Tensor, "clip frame width"]
    ) -> Float[Tensor, "clip frame width"]:
        if not self.training or self.rate == 0:
            return branch
        kept = torch.rand(len(branch), 1, 1, device=branch.device) >= self.rate
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
        self, frames: Float[Tensor, "clip frame width"]
    ) -> Float[Tensor, "clip frame width"]:
        if not self.training or self.rate == 0:
            return frames
        kept = torch.rand(len(frames), 1, frames.shape[2], device=frames.device) >= self.rate
        return frames * (kept.to(frames.dtype) / (1 - self.rate))


class GatedConv(nn.Module):
    """Norm → linear → GLU → depthwise convolution → norm → SiLU → linear."""

    def __init__(self, config: ConvTransformerConfig) -> None:
        super().__init__()
        hidden = config.width * config.expansion
        self.norm = nn.LayerNorm(config.width)
        self.enter = nn.Linear(config.width, 2 * hidden)
        self.convolve = nn.Conv1d(
            hidden, hidden, config.kernel, padding=config.kernel // 2, groups=hidden
        )
        self.leave = nn.Sequential(
            nn.LayerNorm(hidden),
            nn.SiLU(),
            nn.Linear(hidden, config.width),
            ChannelDropout(config.dropout),
        )

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        gated = nn.functional.glu(self.enter(self.norm(frames)), dim=-1)
        if shown is not None:
            # A frame that is not shown must not reach its neighbours through the kernel.
            gated = gated * shown[..., None]
        return self.leave(self.convolve(gated.transpose(1, 2)).transpose(1, 2))  # type: ignore[no-any-return]


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


class FeedForward(nn.Sequential):
    """Pre-norm feed-forward layer."""

    def __init__(self, config: ConvTransformerConfig) -> None:
        hidden = config.width * config.expansion
        super().__init__(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, hidden),
            nn.SiLU(),
            nn.Linear(hidden, config.width),
            ChannelDropout(config.dropout),
        )

    def forward(  # type: ignore[override]
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        return super().forward(frames)  # type: ignore[no-any-return, no-untyped-call]


class ConvTransformer(nn.Module):
    """Linear → groups of (gated convolutions, attention, feed-forward) → pooling → unit length."""

    def __init__(self, config: ConvTransformerConfig, num_channels: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            nn.Linear(num_channels, config.width),
            nn.LayerNorm(config.width),
            ChannelDropout(config.dropout),
        )
        blocks: list[nn.Module] = []
        for _ in range(config.groups):
            blocks.extend(GatedConv(config) for _ in range(config.convolutions))
            blocks.extend([Attention(config), FeedForward(config)])
        self.blocks = nn.ModuleList(blocks)
        self.drop_path = DropPath(config.drop_path)
        self.head = Head(config.width, config.embedding, config.pooling, config.dropout)

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        frames = self.enter(channels)
        for block in self.blocks:
            frames = frames + self.drop_path(block(frames, shown))
        return self.head(frames, shown)  # type: ignore[no-any-return]
