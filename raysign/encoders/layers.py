"""Residual branches over frames that several encoders have."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.encoders.dropout import ChannelDropout


class GatedConv(nn.Module):
    """Norm → linear → GLU → depthwise convolution → norm → SiLU → linear.

    The convolution module of Conformer (Gulati et al., 2020, section 2.2), with layer norm in place
    of batch norm.
    """

    def __init__(self, width: int, hidden: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, 2 * hidden)
        self.convolve = nn.Conv1d(hidden, hidden, kernel, padding=kernel // 2, groups=hidden)
        self.leave = nn.Sequential(
            nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, width), ChannelDropout(dropout)
        )

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        gated = nn.functional.glu(self.enter(self.norm(frames)), dim=-1)
        if shown is not None:
            # A frame that is not shown must not reach its neighbours through the kernel.
            gated = gated * shown[..., None]
        return self.leave(self.convolve(gated.transpose(1, 2)).transpose(1, 2))  # type: ignore[no-any-return]


class FeedForward(nn.Sequential):
    """Pre-norm feed-forward layer."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, hidden),
            nn.SiLU(),
            nn.Linear(hidden, width),
            ChannelDropout(dropout),
        )

    def forward(
        self,
        frames: Float[Tensor, "clip frame width"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip frame width"]:
        return super().forward(frames)  # type: ignore[no-any-return, no-untyped-call]
