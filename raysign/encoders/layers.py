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
        self.enter = nn.Linear(width, hidden)
        self.gate = nn.Linear(width, hidden)
        self.convolve = nn.Conv1d(hidden, hidden, kernel, padding=kernel // 2, groups=hidden)
        self.leave = nn.Sequential(
            nn.LayerNorm(hidden), nn.SiLU(), nn.Linear(hidden, width), ChannelDropout(dropout)
        )

    def forward(
        self, frames: Float[Tensor, "clip frame width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> Float[Tensor, "clip frame width"]:
        x = self.norm(frames)
        # GLU. Apart, as torch takes six times as long over the halves of one tensor.
        gated = self.enter(x) * self.gate(x).sigmoid()
        if shown is not None:
            # A frame that is not shown must not reach its neighbours through the kernel.
            gated = gated * shown[..., None]
        return self.leave(over_frames(self.convolve, gated))  # type: ignore[no-any-return]


def over_frames(
    convolve: nn.Conv1d, frames: Float[Tensor, "clip frame width"]
) -> Float[Tensor, "clip frame width"]:
    """A depthwise convolution in time.

    On a CPU as one over pixels, which torch does in half the time and where the channels lie.
    """
    x = frames.transpose(1, 2)
    if x.device.type != "cpu":
        return convolve(x).transpose(1, 2)  # type: ignore[no-any-return]
    weight, padding = convolve.weight[:, :, None], convolve.kernel_size[0] // 2
    wide = nn.functional.conv2d(
        x[:, :, None], weight, convolve.bias, padding=(0, padding), groups=convolve.groups
    )
    return wide[:, :, 0].transpose(1, 2)


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
