"""A sentence's channels → a vector a frame, which keep time."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import KeywordEncoderConfig, KeywordSTGCNConfig
from raysign.encoders import build_encoder
from raysign.encoders.frames import KEEPS_TIME
from raysign.encoders.st_gcn import Stream
from raysign.skeleton import ChannelMap


class KeywordEncoder(nn.Module):
    """One of the config's encoders, its frames projected to where queries look.

    The published one is one stream of graph convolutions over all joints (LREC 2020, section 2.1;
    Yan et al., 2018), each frame the mean over its joints; the others are the house's, without
    their heads. All vectors of a ReLU lie in one corner, where every cosine is large: the
    projection, which is ours, lets them point anywhere.
    """

    def __init__(self, config: KeywordEncoderConfig, channels: ChannelMap) -> None:
        super().__init__()
        self.inner: nn.Module
        if isinstance(config, KeywordSTGCNConfig):
            self.inner = Stream(config, channels, list(channels.layout.parts))
            self.width, self.stride = config.widths[-1], config.total_stride
        else:
            self.inner = build_encoder(config, channels)
            self.inner.head = nn.Identity()  # what it would pool is not pooled
            self.width, self.stride = config.width, 1
        self.project = nn.Sequential(nn.LayerNorm(self.width), nn.Linear(self.width, self.width))

    def forward(
        self,
        channels: Float[Tensor, "sentence frame channel"],
        shown: Bool[Tensor, "sentence frame"] | None = None,
    ) -> tuple[
        Float[Tensor, "sentence frame_out width"], Bool[Tensor, "sentence frame_out"] | None
    ]:
        """One vector for every ``stride`` frames, and which of them stand for a shown one."""
        if shown is not None:
            channels = channels.masked_fill(~shown[..., None], 0)
        if isinstance(self.inner, KEEPS_TIME):
            frames = self.inner.frames(channels, shown)
        else:
            frames, shown = self.inner(channels, shown)
        return self.project(frames), shown
