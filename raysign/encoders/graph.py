"""Convolutions over a graph of joints, and over time beside it (Yan et al., 2018).

Tensors stand as [clip frame joint width], width innermost: norms take them as they are, and
convolutions as pictures in torch's ``channels_last``, with nothing copied between them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from raysign.skeleton import Layout, hops_from_centre, neighbours

SUBSETS = 3
"""Of a joint's neighbours and itself: as far from the centre as it, nearer, farther (root,
centripetal, centrifugal: Yan et al., "spatial configuration partitioning")."""


class Edge(NamedTuple):
    """Joint ``source`` flows into joint ``to``, as one of its ``subset``."""

    to: int
    subset: int
    source: int
    weight: float


def spatial_edges(layout: Layout, joints: list[int]) -> list[Edge]:
    """What flows where in one graph convolution over some joints, which are renumbered from 0.

    A joint takes the mean over itself and its neighbours, which the subsets divide among them (the
    authors' code divides the adjacency by each joint's degree, before it is partitioned).
    """
    hops, next_to = hops_from_centre(layout), neighbours(layout)
    place = {joint: number for number, joint in enumerate(joints)}
    edges = []
    for joint in joints:
        sources = [joint, *(other for other in next_to[joint] if other in place)]
        for other in sources:
            step = hops[other] - hops[joint]
            subset = 0 if step == 0 else 1 if step < 0 else 2
            edges.append(Edge(place[joint], subset, place[other], 1 / len(sources)))
    return edges


class GraphConv(nn.Module):
    """Each joint: a linear layer on what each subset of its neighbours holds, summed.

    Every edge has a learned importance (Yan et al., "learnable edge importance weighting"), 1 at
    first.
    """

    where: Tensor
    weight: Tensor

    def __init__(self, edges: list[Edge], width: int, out: int) -> None:
        super().__init__()
        self.joints = 1 + max(edge.to for edge in edges)
        flat = [(to * SUBSETS + subset) * self.joints + source for to, subset, source, _ in edges]
        self.register_buffer("where", torch.tensor(flat), persistent=False)
        self.register_buffer(
            "weight", torch.tensor([edge.weight for edge in edges]), persistent=False
        )
        self.importance = nn.Parameter(torch.ones(len(edges)))
        self.linear = convolution(SUBSETS * width, out)

    def forward(
        self, x: Float[Tensor, "clip frame joint width"]
    ) -> Float[Tensor, "clip frame joint out"]:
        spread = self.weight.new_zeros(self.joints * SUBSETS * self.joints)
        spread = spread.scatter(0, self.where, self.weight * self.importance)
        spread = spread.view(1, -1, self.joints).expand(x.shape[0] * x.shape[1], -1, -1)
        gathered = torch.bmm(spread, x.flatten(0, 1))  # a joint's subsets side by side
        return over_pixels(self.linear, gathered.view(*x.shape[:3], -1))


def over_pixels(
    convolve: nn.Conv2d, x: Float[Tensor, "clip frame joint width"]
) -> Float[Tensor, "clip frame_out joint out"]:
    """A convolution over frames × joints; nothing is copied.

    Linear layers too are written as convolutions (1 × 1): on a CPU torch gives those to oneDNN, in
    float32 two to three times as fast as the matrix product that it takes from MKL (AMD EPYC).
    """
    return convolve(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)  # type: ignore[no-any-return]


def convolution(width: int, out: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    """A convolution over frames, each joint apart."""
    return nn.Conv2d(width, out, (kernel, 1), (stride, 1), (kernel // 2, 0))
