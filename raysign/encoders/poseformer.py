"""The one-shot system's encoder (De Coster et al., 2025, arXiv 2502.20171).

Sizes are those of the authors' public code, which states what the paper leaves open. Two things
differ from it: what padding holds never reaches a frame that is shown, and attention's weights have
no dropout of their own (``SelfAttention``).
"""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import PoseFormerConfig
from raysign.encoders.layers import over_frames
from raysign.encoders.pooling import unit_length
from raysign.encoders.transformer import Block, sinusoids
from raysign.skeleton import ChannelMap

KERNELS = (3, 5, 7, 9)
"""Lengths of the convolutions in time, one after the other, in frames."""

SIGMA = 0.02
"""Standard deviation of all weights at the start."""


def _depthwise(width: int, kernel: int) -> nn.Conv1d:
    return nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)


class FrameEmbedding(nn.Module):
    """Each frame by itself: an MLP beside a linear layer.

    The MLP is what lets the encoder learn about several joints at once, such as a hand that touches
    the head (section 2.2). Without it the linear layer is all.
    """

    def __init__(self, num_channels: int, width: int, dropout: float, *, mlp: bool) -> None:
        super().__init__()
        sizes = (num_channels, 4 * num_channels, 4 * width, 2 * width)
        layers: list[nn.Module] = []
        for entering, leaving in itertools.pairwise(sizes):
            norm = nn.LayerNorm(leaving)
            layers += [nn.Linear(entering, leaving), norm, nn.GELU(), nn.Dropout(dropout)]
        layers += [nn.Linear(sizes[-1], width), nn.LayerNorm(width)]
        self.mlp = nn.Sequential(*layers) if mlp else None
        self.linear = nn.Linear(num_channels, width)

    def forward(
        self, frames: Float[Tensor, "clip frame channel"]
    ) -> Float[Tensor, "clip frame width"]:
        straight = self.linear(frames)
        return straight if self.mlp is None else straight + self.mlp(frames)  # type: ignore[no-any-return]


class Convolutions(nn.Module):
    """Residual depthwise convolutions in time, one a kernel; ``twice`` with a GELU between two."""

    def __init__(self, width: int, *, twice: bool) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.ModuleList(_depthwise(width, kernel) for _ in range(2 if twice else 1))
            for kernel in KERNELS
        )

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"]
    ) -> Float[Tensor, "clip frame width"]:
        kept = shown[..., None]
        for branch in self.branches:
            x = frames
            for number, convolve in enumerate(branch):  # type: ignore[arg-type, var-annotated]
                # A frame that is not shown must not reach its neighbours through the next kernel.
                x = over_frames(convolve, nn.functional.gelu(x) if number else x) * kept
            frames = frames + x
        return frames


class PoseFormer(nn.Module):
    """Convolutions → each frame's embedding → convolutions → token and frames attend → the token.

    The embedding is the learned token's vector at unit length. A frame all of whose channels are 0
    is one in which nothing was seen, and counts as not shown.
    """

    def __init__(self, config: PoseFormerConfig, channels: ChannelMap) -> None:
        super().__init__()
        self.width = config.embedding
        self.enter = Convolutions(channels.num_channels, twice=False)
        self.embed = FrameEmbedding(
            channels.num_channels, self.width, config.dropout, mlp=config.frame_embedding
        )
        inner = config.intermediate_convolutions
        self.convolve = Convolutions(self.width, twice=True) if inner else None
        self.dropout = nn.Dropout(config.dropout / 2)
        self.token = nn.Parameter(torch.zeros(self.width))
        self.blocks = nn.ModuleList(Block(config, self.width) for _ in range(config.depth))
        self.norm = nn.LayerNorm(self.width)
        self._start()

    def _start(self) -> None:
        """Weights and the token from a normal distribution, biases 0."""
        nn.init.normal_(self.token, std=SIGMA)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv1d):
                nn.init.normal_(module.weight, std=SIGMA)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        return unit_length(self._attended(channels, shown)[:, 0])

    def frames(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip frame width"]:
        """The frames that stand beside the token after the last block."""
        return self._attended(channels, shown)[:, 1:]

    def _attended(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None,
    ) -> Float[Tensor, "clip place width"]:
        """The token, then each frame."""
        something = (channels != 0).any(dim=-1)
        shown = something if shown is None else something & shown
        frames = self.enter(channels.masked_fill(~shown[..., None], 0), shown)
        frames = self.embed(frames) * shown[..., None]
        if self.convolve is not None:
            frames = self.convolve(frames, shown)
        positions = sinusoids(frames.shape[1], self.width).to(frames)
        frames = self.dropout(frames + positions)
        # It stands before the first frame, has no position, and is always there to attend to.
        token = self.token.to(frames.dtype).expand(len(frames), 1, -1)
        frames = torch.cat([token, frames], dim=1)
        shown = nn.functional.pad(shown, (1, 0), value=True)
        for block in self.blocks:
            frames = block(frames, shown)
        return self.norm(frames)  # type: ignore[no-any-return]
