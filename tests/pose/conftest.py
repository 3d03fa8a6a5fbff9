"""A made-up signer, for every layout, in square units."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from raysign.skeleton import HOLISTIC75, OPENPOSE55, Layout

MakeSigner = Callable[..., Tensor]


@pytest.fixture(scope="session")
def signer() -> MakeSigner:
    return make_signer


def make_signer(layout: Layout, frames: int = 24, seed: int = 0) -> Tensor:
    """[frame joint axis], the middle of the picture at (.5, .5); both hands gone now and then.

    The same seed gives the same hands in every layout.
    """
    random = torch.Generator().manual_seed(seed)
    time = torch.linspace(0, 1, frames)[:, None]

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random)

    hands = []
    for side, middle in ((-1.0, 0.65), (1.0, 0.35)):
        wrist = torch.cat([middle + 0.04 * time, 0.5 + 0.1 * time * draw(1), 0 * time], dim=1)
        # A palm to the camera, fingers up and bent a little.
        bones = torch.tensor([0.015, -0.03, -0.008]) * torch.arange(21)[:, None] / 5
        bones = bones * torch.tensor([side, 1, 1]) + 0.004 * draw(21, 3)
        hand = wrist[:, None] + bones - bones[:1] + 0.001 * draw(frames, 21, 3)
        hands.append(hand)
    if frames > 16:
        hands[0][5:8] = torch.nan
        hands[1][10:12] = torch.nan
    if not layout.has_body:
        return torch.cat(hands, dim=1)
    body = 0.5 + 0.02 * draw(33, 3) + 0.002 * draw(frames, 33, 3)
    places = {"left_shoulder": (0.6, 0.4), "right_shoulder": (0.4, 0.4)}
    places |= {"left_hip": (0.57, 0.75), "right_hip": (0.43, 0.75)}
    for name, place in places.items():
        body[:, HOLISTIC75.joint(name), :2] += torch.tensor(place) - 0.5
    if layout is OPENPOSE55:
        # The same person as OpenPose sees it: two of its joints lie between two of ours.
        halves = {"neck": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}
        named = [
            body[:, [HOLISTIC75.joint(half) for half in halves.get(name, (name,))]].mean(1)
            for name in layout.joints[layout.parts["body"]]
        ]
        body = torch.stack(named, dim=1)
    return torch.cat([body, *hands], dim=1)
