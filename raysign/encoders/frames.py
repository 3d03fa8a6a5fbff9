"""An encoder's frames, before they are pooled to one vector."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.encoders.conformer import Conformer
from raysign.encoders.conv_transformer import ConvTransformer
from raysign.encoders.transformer import Transformer

KEEPS_TIME = (Transformer, ConvTransformer, Conformer)
"""Encoders whose frames are the clip's own: ``frames(channels, shown)`` gives one for each."""


class Frames(nn.Module):
    """What an encoder knows of each frame, as a module: DistributedDataParallel calls ``forward``.

    The encoder's head is part of it and gets no gradient.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        assert isinstance(encoder, KEEPS_TIME)  # the config of a run refuses others
        self.encoder = encoder

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip frame width"]:
        return self.encoder.frames(channels, shown)
