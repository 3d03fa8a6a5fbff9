"""Several encoders side by side: late fusion of streams, or of models that were trained apart."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import EnsembleConfig, MemberConfig
from raysign.encoders.pick import Pick
from raysign.errors import LayoutError
from raysign.skeleton import ChannelMap


class Ensemble(nn.Module):
    """Members' unit vectors side by side, each times √(its weight / all weights).

    So the length is 1, and the cosine of two clips is the weighted mean of the members' cosines:
    their scores are averaged, not their vectors, which lie in spaces of their own. (With mirror
    images, ``evaluate.mirror``, it is so up to the length of a clip's and its image's sum.)
    """

    def __init__(
        self,
        config: EnsembleConfig,
        channels: ChannelMap,
        build: Callable[..., nn.Module],
    ) -> None:
        """``build(member.encoder, its channels)`` makes a member; raises as ``read_by``."""
        super().__init__()
        read = [read_by(member, channels) for member in config.members]
        self.members = nn.ModuleList(
            build(member.encoder, some) for member, some in zip(config.members, read, strict=True)
        )
        self.picks = nn.ModuleList(
            nn.Identity() if some == channels else Pick(channels, channels.numbers(some))
            for some in read
        )
        total = math.fsum(member.weight for member in config.members)
        self.lengths = [math.sqrt(member.weight / total) for member in config.members]

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        embedded = [
            length * member(pick(channels), shown)
            for length, member, pick in zip(self.lengths, self.members, self.picks, strict=True)
        ]
        return torch.cat(embedded, dim=-1)


def read_by(member: MemberConfig, channels: ChannelMap) -> ChannelMap:
    """The channels that a member reads; ``LayoutError`` where none of its joints is there."""
    some = channels.only(member.joints)
    if not some.layout.num_joints:
        there = " and ".join(channels.layout.parts)
        raise LayoutError(
            f"a member of the ensemble has joints={member.joints}, but of layout "
            f"{channels.layout.name!r} the encoder is given {there} alone; type other joints in "
            "encoder.members, or another prepare.joints"
        )
    return some
