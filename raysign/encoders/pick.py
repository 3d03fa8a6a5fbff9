"""Some of an encoder's channels, as its parts want them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from raysign.skeleton import ChannelMap


class Pick(nn.Module):
    """Takes channels by number, in the order given.

    With ``mirrored``, as if the picture were flipped left to right; joints stay in their places, so
    that a left hand's channels come out as those of a right hand that does the same.
    """

    numbers: Tensor
    sign: Tensor

    def __init__(
        self, channels: ChannelMap, numbers: Sequence[int], *, mirrored: bool = False
    ) -> None:
        super().__init__()
        # Buffers, so that they stand on the device; the config makes them anew, no file holds them.
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.long), persistent=False)
        self.mirrored = mirrored
        sign = [-1.0 if channels.flips[number] else 1.0 for number in numbers]
        self.register_buffer("sign", torch.tensor(sign), persistent=False)

    def __len__(self) -> int:
        return len(self.numbers)

    def forward(
        self, channels: Float[Tensor, "clip frame channel"]
    ) -> Float[Tensor, "clip frame picked"]:
        picked = channels.index_select(-1, self.numbers)
        return picked * self.sign if self.mirrored else picked
