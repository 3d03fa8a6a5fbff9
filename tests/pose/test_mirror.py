from __future__ import annotations

import pytest
import torch
from torch import Tensor

from raysign.config import AugmentConfig, PrepareConfig
from raysign.pose import Prepare, augment, mirror_image
from raysign.skeleton import LAYOUTS, Layout

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())


def sequences(layout: Layout, axes: int = 3) -> Tensor:
    random = torch.Generator().manual_seed(0)
    xyz = torch.randn(3, 5, layout.num_joints, axes, generator=random)
    xyz[:, 2:4, layout.parts["left_hand"]] = torch.nan
    return xyz


def assert_identical(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=0, equal_nan=True)


@every_layout
@pytest.mark.parametrize("axes", [2, 3])
def test_x_is_turned_and_hands_are_swapped(layout: Layout, axes: int) -> None:
    xyz = sequences(layout, axes)
    before = xyz.clone()
    mirrored = mirror_image(xyz, layout)
    assert_identical(xyz, before)
    left, right = layout.parts["left_hand"], layout.parts["right_hand"]
    assert_identical(mirrored[:, :, left, 0], -xyz[:, :, right, 0])
    assert_identical(mirrored[:, :, right, 1:], xyz[:, :, left, 1:])
    assert mirrored[:, 2:4, right].isnan().all(), "what was missing on the left is on the right"
    assert not mirrored[:, :, left].isnan().any()
    assert_identical(mirror_image(mirrored, layout), xyz)


def test_it_is_what_augmentation_shows() -> None:
    prepare = Prepare(PrepareConfig(frames=5), LAYOUTS["holistic75"])
    xyz = sequences(prepare.output)
    off = dict.fromkeys(AugmentConfig.model_fields, 0.0)
    shown = augment(xyz, AugmentConfig(**off | {"mirror": 1.0}), prepare, torch.Generator())
    assert_identical(shown, mirror_image(xyz, prepare.output))
