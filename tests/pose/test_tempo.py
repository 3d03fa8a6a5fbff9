from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import AugmentConfig, PrepareConfig
from raysign.pose import Prepare, augment
from raysign.pose.chance import Draw
from raysign.skeleton import HANDS42

FRAMES, CLIPS = 20, 400
PREPARE = Prepare(PrepareConfig(frames=FRAMES), HANDS42)
SIZES = ("_share", "hand_rotate_rad", "hand_jitter_sigma")
OFF: dict[str, Any] = {name: 0.0 for name in AugmentConfig.model_fields if not name.endswith(SIZES)}
NUMBERED = torch.arange(float(FRAMES))[:, None, None].expand(CLIPS, FRAMES, 42, 3)
"""Each frame's landmarks are its number."""


def read_at(xyz: Tensor = NUMBERED, seed: int = 0, **config: float) -> Tensor:
    """[clip frame]: which frame stands in each place; NaN where none does."""
    random = torch.Generator().manual_seed(seed)
    varied = augment(xyz, AugmentConfig(**{**OFF, **config}), PREPARE, random)
    assert varied.shape == xyz.shape
    first = varied[:, :, 0, 0]
    torch.testing.assert_close(varied[:, :, 41, 2], first, equal_nan=True)
    return first


def share_of_changed(position: Tensor) -> float:
    return (position != NUMBERED[:, :, 0, 0]).any(dim=1).float().mean().item()


@pytest.mark.parametrize("name", ["time_shift", "time_crop", "frame_drop"])
def test_each_comes_as_often_as_asked_and_leaves_the_others_as_they_are(name: str) -> None:
    assert share_of_changed(read_at(**{name: 0.2})) == pytest.approx(0.2, abs=0.06)
    assert share_of_changed(read_at(**{name: 1.0})) == pytest.approx(1, abs=0.03)


def test_a_shift_moves_whole_frames_and_leaves_the_rest_missing() -> None:
    position = read_at(time_shift=1, time_shift_share=0.2)
    by = NUMBERED[:, :, 0, 0] - position
    found = []
    for row in by:
        (amount,) = set(row[~row.isnan()].tolist())
        missing = slice(0, int(amount)) if amount > 0 else slice(int(amount), None)
        assert row[missing].isnan().all()
        assert row.isnan().sum() == abs(amount)
        found.append(amount)
    assert set(found) == {-4, -3, -2, -1, 1, 2, 3, 4}


def test_a_shift_is_by_one_frame_at_least() -> None:
    by = NUMBERED[:, :, 0, 0] - read_at(time_shift=1, time_shift_share=0)
    assert set(by[~by.isnan()].tolist()) == {-1, 1}


def test_a_crop_stretches_a_part_over_all_frames() -> None:
    position = read_at(time_crop=1, time_crop_share=0.5)
    steps = position.diff(dim=1)
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps), rtol=0, atol=1e-4)
    assert 0.5 - 1e-4 <= steps.min() < 0.53
    assert 0.97 < steps.max() <= 1 + 1e-4
    longest = FRAMES - 1
    assert position[:, 0].min() >= 0
    assert position[:, -1].max() <= longest + 1e-4
    left, right = position[:, 0], longest - position[:, -1]
    assert left.mean().item() == pytest.approx(right.mean().item(), rel=0.2)
    assert left.mean().item() == pytest.approx(longest / 8, rel=0.2)


def test_dropped_frames_are_gone_and_the_rest_closes_up() -> None:
    share = 0.25
    only = torch.full((CLIPS, FRAMES, 42, 3), 0.0)
    only[:, 7] = 1
    shown = read_at(only, frame_drop=1, frame_drop_share=share).amax(dim=1)
    assert (shown == 0).float().mean().item() == pytest.approx(share, abs=0.06)
    position = read_at(frame_drop=1, frame_drop_share=share)
    steps = position.diff(dim=1)
    assert (steps > 0).all()
    slowest = (FRAMES * (1 - share) - 1) / (FRAMES - 1)
    torch.testing.assert_close(steps.min().item(), slowest, rtol=0, atol=1e-4)
    edges = (position[:, 0] > 0).float().mean().item()
    assert edges == pytest.approx(share, abs=0.06), "the first frame is no safer than any other"


def test_all_of_them_together_make_nothing_up() -> None:
    xyz = torch.ones(CLIPS, FRAMES, 42, 3)
    xyz[:, 5:12] = torch.nan
    chances = dict.fromkeys(("time_shift", "time_crop", "frame_drop"), 0.5)
    position = read_at(xyz, time_warp=0.3, **chances)
    assert (position[~position.isnan()] == 1).all()
    assert position.isnan().any(dim=1).all(), "a gap of 7 frames cannot close"


def test_a_frame_is_always_left() -> None:
    (still,) = set((~Draw(NUMBERED, torch.Generator()).some_frames(0.99)).sum(dim=1).tolist())
    assert still == 1


def test_a_clip_of_few_frames_survives() -> None:
    chances = dict.fromkeys(("time_shift", "time_crop", "frame_drop"), 1.0)
    for frames in (1, 2, 4):
        read_at(NUMBERED[:5, :frames], **chances, time_shift_share=0.9, frame_drop_share=0.5)
