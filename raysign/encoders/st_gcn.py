"""The reverse dictionary's two-stream ST-GCN (LREC 2026; rows M2–M4).

Blocks are those of Yan et al. (2018, "Spatial temporal graph convolutional networks"), but for the
batch norm of a residual branch in which the width or the stride changes, which is left out. Joints
are nodes, a layout's bones edges; the body and the two hands are a stream each, fused late.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from raysign.config import KeywordSTGCNConfig, STGCNConfig
from raysign.encoders.batch_norm import BatchNorm
from raysign.encoders.dropout import ChannelDropout, DropPath
from raysign.encoders.graph import Edge, GraphConv, convolution, over_pixels, spatial_edges
from raysign.encoders.pick import Pick
from raysign.encoders.pooling import Pooled, unit_length
from raysign.skeleton import ChannelMap


class Block(nn.Module):
    """Graph convolution → norm → ReLU → convolution in time → norm, about a residual → ReLU."""

    def __init__(
        self,
        config: STGCNConfig | KeywordSTGCNConfig,
        edges: list[Edge],
        width: int,
        out: int,
        *,
        stride: int,
        first: bool,
    ) -> None:
        super().__init__()
        self.gather = GraphConv(edges, width, out)
        self.gathered = BatchNorm(out)
        self.convolve = convolution(out, out, config.kernel, stride)
        self.convolved = BatchNorm(out)
        self.dropout = ChannelDropout(config.dropout)
        self.stride = stride
        # The first block has none (as in the authors' code): its input are coordinates.
        self.residual = not first
        changed = self.residual and (stride > 1 or width != out)
        self.skip = convolution(width, out) if changed else None
        self.drop_path = DropPath(config.drop_path if self.residual else 0.0)

    def forward(
        self,
        x: Float[Tensor, "clip frame joint width"],
        shown: Bool[Tensor, "clip frame"] | None,
    ) -> Float[Tensor, "clip frame_out joint out"]:
        y = self.gathered(self.gather(x), shown).relu()
        if shown is not None:
            # A frame that is not shown must not reach its neighbours through the kernel.
            y = y * shown[:, :, None, None]
            shown = any_shown(shown, self.stride) if self.stride > 1 else shown
        y = self.convolved(over_pixels(self.convolve, y), shown)
        y = self.drop_path(self.dropout(y))
        if self.residual:
            # Every so many frames, taken before: strided 1 × 1 convolutions of under 16 channels
            # write past their memory in their backward pass (torch 2.13's oneDNN).
            y = y + (x if self.skip is None else over_pixels(self.skip, x[:, :: self.stride]))
        return y.relu()  # type: ignore[no-any-return]


class Stream(nn.Module):
    """The joints of some parts → a sequence of frames, each the mean over its joints.

    The paper's norm of the input learns a scale and a shift for every joint and channel; they are
    kept, and tell joints apart that have like neighbours. Extras of the parts join the mean.
    """

    def __init__(
        self,
        config: STGCNConfig | KeywordSTGCNConfig,
        channels: ChannelMap,
        parts: list[str],
    ) -> None:
        super().__init__()
        joints = [
            joint
            for part in parts
            for joint in range(channels.layout.parts[part].start, channels.layout.parts[part].stop)
        ]
        self.joints = len(joints)
        self.read = Pick(channels, channels.of_joints(joints))
        self.read_extras = Pick(channels, channels.of_extras(parts))
        self.scale = nn.Parameter(torch.ones(len(self.read)))
        self.shift = nn.Parameter(torch.zeros(len(self.read)))
        edges = spatial_edges(channels.layout, joints)
        widths = channels.num_features, *config.widths
        self.strides = [
            config.stride if number > 0 and width < out else 1
            for number, (width, out) in enumerate(pairwise(widths))
        ]
        self.blocks = nn.ModuleList(
            Block(config, edges, width, out, stride=stride, first=number == 0)
            for number, ((width, out), stride) in enumerate(
                zip(pairwise(widths), self.strides, strict=True)
            )
        )
        width = widths[-1]
        self.join = nn.Linear(len(self.read_extras), width) if len(self.read_extras) else None

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None,
    ) -> tuple[Float[Tensor, "clip frame_out width"], Bool[Tensor, "clip frame_out"] | None]:
        x = (self.read(channels) * self.scale + self.shift).unflatten(-1, (self.joints, -1))
        extras = self.read_extras(channels)
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = block(x, shown)
            if stride > 1:
                extras = thinned(extras, shown, stride)
                shown = None if shown is None else any_shown(shown, stride)
        frames = x.mean(dim=2)
        return (frames if self.join is None else frames + self.join(extras)), shown


def any_shown(shown: Bool[Tensor, "clip frame"], stride: int) -> Bool[Tensor, "clip frame_out"]:
    """Which frames are left shown after a stride: those that stand for at least one shown frame.

    Frame t of the result stands for frames ``stride`` × t to ``stride`` × (t + 1) − 1, so what
    follows the last shown frame adds none, and a clip shown only in between keeps something.
    """
    pooled = nn.functional.max_pool1d(shown.float(), stride, ceil_mode=True)
    return pooled > 0


def thinned(
    extras: Float[Tensor, "clip frame extra"],
    shown: Bool[Tensor, "clip frame"] | None,
    stride: int,
) -> Float[Tensor, "clip frame_out extra"]:
    """The mean over the shown ones of every ``stride`` frames; 0 where none is shown.

    ``extras`` are 0 in frames that are not shown.
    """
    weight = extras.new_ones(extras.shape[:2]) if shown is None else shown.to(extras.dtype)
    both = torch.cat([extras, weight[..., None]], dim=-1)
    both = nn.functional.pad(both, (0, 0, 0, -extras.shape[1] % stride))
    sums: Tensor = both.unflatten(1, (-1, stride)).sum(dim=2)
    return sums[..., :-1] / sums[..., -1:].clamp(min=1)


class STGCN(nn.Module):
    """Streams of graph convolutions → pooling → late fusion → unit length."""

    def __init__(self, config: STGCNConfig, channels: ChannelMap) -> None:
        super().__init__()
        parts = list(channels.layout.parts)
        hands = [part for part in parts if part.endswith("_hand")]
        groups = [group for group in ([p for p in parts if p not in hands], hands) if group]
        self.fusion = config.fusion
        self.streams = nn.ModuleList(Stream(config, channels, group) for group in groups)
        width, number = config.widths[-1], len(groups)
        self.pool = nn.ModuleList(Pooled(width, config.pooling, config.dropout) for _ in groups)
        if config.fusion == "score":
            # The embedding's dimensions are shared out, the first streams take what is left over.
            shares = [(config.embedding + i) // number for i in reversed(range(number))]
            self.project = nn.ModuleList(nn.Linear(width, share) for share in shares)
        else:
            entering = width * number if config.fusion == "concat" else width
            self.project = nn.ModuleList([nn.Linear(entering, config.embedding)])

    def forward(
        self,
        channels: Float[Tensor, "clip frame channel"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip embedding"]:
        if shown is not None:
            channels = channels.masked_fill(~shown[..., None], 0)
        pooled = [
            pool(*stream(channels, shown))
            for stream, pool in zip(self.streams, self.pool, strict=True)
        ]
        if self.fusion == "score":
            scored = [project(x) for project, x in zip(self.project, pooled, strict=True)]
            # Unit vectors side by side over the root of their number: the cosine of two clips is
            # the mean of their streams' cosines.
            return torch.cat([unit_length(x) for x in scored], dim=-1) / math.sqrt(len(scored))
        concat = self.fusion == "concat"
        fused = torch.cat(pooled, dim=-1) if concat else torch.stack(pooled).sum(dim=0)
        return unit_length(self.project[0](fused))
