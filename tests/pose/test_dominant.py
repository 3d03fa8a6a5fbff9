from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from raysign.pose import left_handed, mirror_image
from raysign.skeleton import HOLISTIC75, OPENPOSE55, Layout
from raysign.store import load_clips

BOTH = pytest.mark.parametrize("layout", [HOLISTIC75, OPENPOSE55], ids=lambda layout: layout.name)


def signing(
    layout: Layout, *, frames: int = 40, side: str = "right", width: float = 0.25
) -> Tensor:
    """Both hands are seen; one draws circles in front of the chest, the other hangs."""
    random = torch.Generator().manual_seed(0)
    xyz = 0.5 + 0.002 * torch.randn(1, frames, layout.num_joints, 3, generator=random)
    for name, joint in ((name, layout.joint(name)) for name in layout.joints):
        sign = -1 if name.startswith("right") else 1  # the signer's right is left in the picture
        if "shoulder" in name:
            xyz[:, :, joint, 0] += sign * width / 2
            xyz[:, :, joint, 1] = 0.4
        if "wrist" in name or "_hand_" in name:
            xyz[:, :, joint, 0] += sign * width / 2
            xyz[:, :, joint, 1] += 0.4
            if name.startswith(side):
                turn = torch.arange(frames) * 0.5
                xyz[:, :, joint, 0] += 0.1 * turn.cos()
                xyz[:, :, joint, 1] += 0.1 * turn.sin() - 0.3
    return xyz


@BOTH
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hand_that_signs(layout: Layout, side: str) -> None:
    xyz = signing(layout, side=side)
    assert left_handed(xyz, layout).tolist() == [side == "left"]
    mirrored = mirror_image(xyz, layout)
    assert left_handed(mirrored, layout).tolist() == [side == "right"]


@BOTH
def test_the_hand_that_is_seen(layout: Layout) -> None:
    xyz = signing(layout, side="neither")
    assert not left_handed(xyz, layout)[0]
    xyz[:, :, layout.parts["right_hand"]] = torch.nan
    assert left_handed(xyz, layout)[0]


@BOTH
@pytest.mark.parametrize("frames", [1, 2, 40])
def test_in_doubt_it_is_the_right_one(layout: Layout, frames: int) -> None:
    nobody = torch.full((1, frames, layout.num_joints, 3), torch.nan)
    alike = signing(layout, side="neither", frames=frames)
    assert left_handed(torch.cat([nobody, alike]), layout).tolist() == [False, False]


@BOTH
def test_neither_padding_nor_neighbours_nor_the_picture_count(layout: Layout) -> None:
    left, right = signing(layout, side="left"), signing(layout, side="right", frames=60)
    padded = torch.nn.functional.pad(left, (0, 0, 0, 0, 0, 20), value=torch.nan)
    assert left_handed(torch.cat([padded, right]), layout).tolist() == [True, False]
    moved = 0.3 * left + 0.2
    assert left_handed(moved, layout)[0]


@pytest.mark.real
def test_the_signers_of_wlasl100(real_data: Path) -> None:
    """Five clips of a signer end to end, as in a sentence: all are told."""
    clips = load_clips(real_data / "wlasl100", "train")
    square = [
        torch.from_numpy(x.astype("float32")) * torch.tensor([float(a), 1, float(a)])
        for x, a in zip(clips, clips.aspect, strict=True)
    ]
    told = {}
    for signer in sorted(set(clips.signer.tolist())):
        own = [x for x, who in zip(square, clips.signer, strict=True) if who == signer]
        if len(own) >= 5:
            told[signer] = bool(left_handed(torch.cat(own)[None], HOLISTIC75)[0])
    assert {signer for signer, left in told.items() if left} == {"31", "64", "99"}
    assert len(told) > 40
