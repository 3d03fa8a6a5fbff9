from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import AugmentConfig, PrepareConfig
from raysign.pose import Prepare, augment
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS

NAN = torch.nan
FRAMES = 20
SIZES = {
    "time_shift_share": "time_shift",
    "time_crop_share": "time_crop",
    "frame_drop_share": "frame_drop",
    "hand_rotate_rad": "hand_rotate",
    "hand_jitter_sigma": "hand_jitter",
    "hand_frame_drop_share": "hand_frame_drop",
}
"""How much, and what it is a size of: nothing without that chance."""
OFF: dict[str, Any] = dict.fromkeys(sorted(AugmentConfig.model_fields.keys() - SIZES), 0.0)
every_prepare = pytest.mark.parametrize(
    "prepare",
    [
        Prepare(PrepareConfig(frames=FRAMES, axes=axes, hands=hands), layout)
        for layout, axes, hands in (
            (HOLISTIC75, 3, "wrist"),
            (HOLISTIC75, 2, "body"),
            (HANDS42, 3, "wrist"),
        )
    ],
    ids=["holistic75", "holistic75, flat, in the body's frame", "hands42"],
)
HOLISTIC = Prepare(PrepareConfig(frames=FRAMES), HOLISTIC75)
RELATIVE = torch.tensor(HOLISTIC.relative)


def sequences(prepare: Prepare, clips: int = 6) -> Tensor:
    random = torch.Generator().manual_seed(1)
    shape = (clips, FRAMES, prepare.output.num_joints, prepare.config.axes)
    xyz = torch.randn(shape, generator=random)
    xyz[::2, 4:9, prepare.output.parts["left_hand"]] = NAN
    return xyz


def varied(xyz: Tensor, prepare: Prepare, seed: int = 0, **config: float) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return augment(xyz, AugmentConfig(**{**OFF, **config}), prepare, random)


def assert_identical(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=0, equal_nan=True)


@every_prepare
def test_with_everything_off_nothing_changes(prepare: Prepare) -> None:
    xyz = sequences(prepare)
    assert_identical(varied(xyz, prepare), xyz)


@every_prepare
@pytest.mark.parametrize("name", list(OFF))
def test_each_option_alone_changes_something_but_not_its_input(name: str, prepare: Prepare) -> None:
    xyz = sequences(prepare)
    before = xyz.clone()
    changed = varied(xyz, prepare, **{name: 0.9})
    assert_identical(xyz, before)
    assert changed.shape == xyz.shape
    assert not torch.equal(changed.nan_to_num(9), xyz.nan_to_num(9))


@every_prepare
@pytest.mark.parametrize(("size", "chance"), SIZES.items(), ids=SIZES)
def test_a_size_decides_how_much_and_nothing_without_its_chance(
    size: str, chance: str, prepare: Prepare
) -> None:
    xyz = sequences(prepare)
    assert_identical(varied(xyz, prepare, **{size: 0.7}), xyz)
    one, other = (varied(xyz, prepare, **{chance: 1, size: much}) for much in (0.3, 0.7))
    assert not torch.equal(one.nan_to_num(9), other.nan_to_num(9))


def test_the_defaults_give_the_numbers_that_they_gave() -> None:
    # What is off draws nothing: a recipe of old has its old random numbers.
    xyz = torch.arange(4.0 * FRAMES * 67 * 3).view(4, FRAMES, 67, 3) / 4000
    got = varied(xyz, HOLISTIC, seed=5, **AugmentConfig().model_dump())
    shown = got[~got.isnan()].double()
    assert (len(shown), shown.sum().item()) == (15_120, pytest.approx(11_012.685, rel=1e-4))


@every_prepare
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(prepare: Prepare) -> None:
    xyz, defaults = sequences(prepare), AugmentConfig().model_dump()
    once = varied(xyz, prepare, seed=3, **defaults)
    torch.rand(5)  # torch's own generator has no part in it
    assert_identical(varied(xyz, prepare, seed=3, **defaults), once)
    other = varied(xyz, prepare, seed=4, **defaults)
    assert not torch.equal(other.nan_to_num(9), once.nan_to_num(9))


@every_prepare
def test_clips_are_varied_apart(prepare: Prepare) -> None:
    same = sequences(prepare)[1:2].expand(4, -1, -1, -1)
    first, *rest = varied(same, prepare, rotate_sigma_rad=0.3)
    assert all(not torch.equal(first, other) for other in rest)


@every_prepare
def test_missing_stays_missing(prepare: Prepare) -> None:
    xyz = sequences(prepare)
    defaults = AugmentConfig().model_dump() | {"time_warp": 0, "mirror": 0}
    assert varied(xyz, prepare, **defaults)[xyz.isnan()].isnan().all()
    xyz[:] = NAN
    assert varied(xyz, prepare, **AugmentConfig().model_dump()).isnan().all()


@every_prepare
def test_mirror_swaps_left_and_right_and_twice_is_nothing(prepare: Prepare) -> None:
    xyz = sequences(prepare)
    mirrored = varied(xyz, prepare, mirror=1)
    joint = prepare.output.joint
    for part in ("wrist", "index_finger_tip"):
        left, right = joint(f"left_hand_{part}"), joint(f"right_hand_{part}")
        assert_identical(mirrored[:, :, left, 0], -xyz[:, :, right, 0])
        assert_identical(mirrored[:, :, right, 1:], xyz[:, :, left, 1:])
    assert_identical(varied(mirrored, prepare, mirror=1), xyz)


def test_mirror_leaves_the_nose_in_its_place() -> None:
    xyz = sequences(HOLISTIC)
    mirrored = varied(xyz, HOLISTIC, mirror=1)
    assert_identical(mirrored[:, :, 0], xyz[:, :, 0] * torch.tensor([-1, 1, 1]))


def test_mirror_comes_as_often_as_asked() -> None:
    xyz = torch.ones(400, 2, 42, 3)
    hands = Prepare(PrepareConfig(frames=4), HANDS42)
    share = (varied(xyz, hands, mirror=0.25)[:, 0, 0, 0] < 0).float().mean().item()
    assert share == pytest.approx(0.25, abs=0.08)


def test_a_shift_moves_all_but_what_stands_about_a_wrist() -> None:
    xyz = sequences(HOLISTIC, clips=200)
    by = varied(xyz, HOLISTIC, shift_sigma=0.1) - xyz
    assert not by[:, :, RELATIVE][~by[:, :, RELATIVE].isnan()].any()
    assert not by[..., 2].nan_to_num(0).any(), "z has no place"
    body = by[:, :, ~RELATIVE, :2]
    shift = body[:, :1, :1]
    assert torch.allclose(body.nan_to_num(0), shift.where(~body.isnan(), 0), atol=1e-5)
    assert shift.std().item() == pytest.approx(0.1, rel=0.2)


def test_a_rotation_keeps_lengths_and_turns_by_the_stated_angle() -> None:
    xyz = sequences(HOLISTIC, clips=200).nan_to_num(0.5)
    turned = varied(xyz, HOLISTIC, rotate_sigma_rad=0.1)
    plane = torch.view_as_complex(xyz[..., :2].contiguous())
    angle = (torch.view_as_complex(turned[..., :2].contiguous()) / plane).angle()
    torch.testing.assert_close(turned[..., :2].norm(dim=-1), xyz[..., :2].norm(dim=-1))
    assert_identical(turned[..., 2], xyz[..., 2])
    assert (angle - angle[:, :1, :1]).abs().max() < 1e-3, "one angle a clip"
    assert angle.abs().max() <= 0.3 + 1e-3
    assert angle[:, 0, 0].std().item() == pytest.approx(0.1, rel=0.2)


def test_a_scale_stretches_x_and_y_apart() -> None:
    xyz = sequences(HOLISTIC, clips=200).nan_to_num(0.5)
    stretched = varied(xyz, HOLISTIC, scale_sigma=0.1)
    log = (stretched[..., :2] / xyz[..., :2]).log()[:, 0, 0]
    assert_identical(stretched[..., 2], xyz[..., 2])
    assert log.abs().max() <= 0.3 + 1e-3
    assert log.std(dim=0).tolist() == pytest.approx([0.1, 0.1], rel=0.2)
    assert abs(torch.corrcoef(log.T)[0, 1]) < 0.25


def test_a_shear_moves_x_by_y_and_y_by_x() -> None:
    xyz = torch.zeros(200, FRAMES, 67, 3)
    xyz[:, :, 0, 0] = xyz[:, :, 1, 1] = 1
    sheared = varied(xyz, HOLISTIC, shear_sigma=0.1)
    assert torch.equal(sheared[:, :, 0, 0], torch.ones(200, FRAMES))
    assert torch.equal(sheared[:, :, 1, 1], torch.ones(200, FRAMES))
    for by in (sheared[:, 0, 0, 1], sheared[:, 0, 1, 0]):
        assert by.abs().max() <= 0.3 + 1e-6
        assert by.std().item() == pytest.approx(0.1, rel=0.2)


def test_jitter_is_noise_on_every_value() -> None:
    xyz = sequences(HOLISTIC)
    noise = varied(xyz, HOLISTIC, jitter_sigma=0.01) - xyz
    noise = noise[~noise.isnan()]
    assert noise.std().item() == pytest.approx(0.01, rel=0.05)
    assert noise.mean().item() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("strength", [0.3, 0.9])
def test_a_time_warp_runs_forwards_and_crops_a_little(strength: float) -> None:
    frame = torch.arange(float(FRAMES))
    xyz = frame[:, None, None].expand(100, FRAMES, 67, 3)
    position = varied(xyz, HOLISTIC, time_warp=strength)[:, :, 0, 0]
    steps = position.diff(dim=1)
    assert (steps > 0).all()
    longest = FRAMES - 1
    assert (position[:, 0] <= strength / 4 * longest).all()
    assert (position[:, -1] >= (1 - strength / 4) * longest - 1e-4).all()
    slowest, fastest = (1 - strength) / (1 + strength), (1 + strength) / (1 - strength)
    assert (steps >= slowest * (1 - strength / 2) - 1e-4).all()
    assert (steps <= fastest + 1e-4).all()
    assert (position - frame).abs().max() > 1, "nothing was warped: the test tests nothing"


def test_a_time_warp_makes_nothing_up() -> None:
    xyz = torch.ones(50, FRAMES, 67, 3)
    xyz[:, 5:15] = NAN
    warped = varied(xyz, HOLISTIC, time_warp=0.3)
    shown = warped[~warped.isnan()]
    assert (shown == 1).all()
    gone = warped.isnan().all(dim=(2, 3)).sum(dim=1)
    assert gone.min() >= 6, "a gap of 10 frames cannot close"


def spans(hidden: Tensor) -> Tensor:
    """The length of each clip's one hidden span; fails where there are several."""
    edges = hidden.int().diff(dim=1, prepend=torch.zeros(len(hidden), 1), append=hidden[:, :1] * 0)
    assert ((edges == 1).sum(dim=1) <= 1).all()
    return hidden.sum(dim=1)


def test_a_time_mask_hides_everything_in_one_span() -> None:
    xyz = torch.ones(300, FRAMES, 67, 3)
    hidden = varied(xyz, HOLISTIC, time_mask=1).isnan()
    assert torch.equal(hidden.all(dim=(2, 3)), hidden.any(dim=(2, 3)))
    lengths = spans(hidden[:, :, 0, 0])
    assert 1 <= lengths.max() <= math.ceil(FRAMES / 4)
    assert 0 < lengths.float().mean() < FRAMES / 4
    some = varied(xyz, HOLISTIC, time_mask=0.3).isnan().any(dim=(1, 2, 3)).float().mean()
    assert some.item() == pytest.approx(0.3, abs=0.1)


def test_a_dropped_joint_is_gone_throughout_the_clip() -> None:
    xyz = torch.ones(100, FRAMES, 67, 3)
    hidden = varied(xyz, HOLISTIC, joint_drop=0.2).isnan()
    assert torch.equal(hidden.all(dim=(1, 3)), hidden.any(dim=(1, 3)))
    assert hidden.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert varied(xyz, HOLISTIC, joint_drop=1).isnan().all()


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_dropped_hand_is_one_hand_for_up_to_half_of_the_clip(layout: Any) -> None:
    prepare = Prepare(PrepareConfig(frames=FRAMES), layout)
    parts = prepare.output.parts
    xyz = torch.ones(300, FRAMES, prepare.output.num_joints, 3)
    hidden = varied(xyz, prepare, hand_drop=1).isnan().all(-1)
    if layout.has_body:
        assert not hidden[:, :, parts["body"]].any()
    left, right = (hidden[:, :, parts[name]] for name in ("left_hand", "right_hand"))
    for hand in (left, right):
        assert torch.equal(hand.all(-1), hand.any(-1))
        assert 1 <= spans(hand[..., 0]).max() <= FRAMES // 2 + 1
    assert not (left.any(dim=(1, 2)) & right.any(dim=(1, 2))).any()
    assert left.any(dim=(1, 2)).float().mean().item() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("hands", ["wrist", "body"])
def test_each_hand_turns_about_its_wrist_by_an_angle_of_its_own(hands: Any) -> None:
    prepare = Prepare(PrepareConfig(frames=FRAMES, hands=hands), HOLISTIC75)
    xyz = torch.randn(300, FRAMES, 67, 3, generator=torch.Generator().manual_seed(2))
    turned = varied(xyz, prepare, hand_rotate=1, hand_rotate_rad=0.262)
    assert_identical(turned[..., 2], xyz[..., 2])
    angles = []
    for name in ("left_hand", "right_hand"):
        part = prepare.output.parts[name]
        assert_identical(turned[:, :, part.start], xyz[:, :, part.start])
        wrist = 0 if hands == "wrist" else xyz[:, :, part.start, None, :2]
        before, after = (
            torch.view_as_complex((z[:, :, part.start + 1 : part.stop, :2] - wrist).contiguous())
            for z in (xyz, turned)
        )
        angle = (after / before).angle()
        assert (angle - angle[:, :1, :1]).abs().max() < 1e-3, "one angle a clip"
        torch.testing.assert_close(after.abs(), before.abs(), rtol=0, atol=1e-5)
        angles.append(angle[:, 0, 0])
    body = prepare.output.parts["body"]
    assert_identical(turned[:, :, body], xyz[:, :, body])
    for angle in angles:
        assert 0.24 < angle.abs().max() <= 0.262 + 1e-3
        assert angle.std().item() == pytest.approx(0.262 / math.sqrt(3), rel=0.1)
    assert torch.corrcoef(torch.stack(angles))[0, 1].abs() < 0.2


def test_hands_alone_are_jittered_anew_in_every_frame() -> None:
    xyz = sequences(HOLISTIC, clips=60)
    noise = varied(xyz, HOLISTIC, hand_jitter=1, hand_jitter_sigma=0.035) - xyz
    body, hands = HOLISTIC.output.parts["body"], noise[:, :, 25:]
    assert not noise[:, :, body].any()
    hands = hands[~hands.isnan()]
    assert hands.std().item() == pytest.approx(0.035, rel=0.03)
    assert hands.unique().numel() > 0.5 * hands.numel()


@pytest.mark.parametrize("chance", [1e-9, 1])
def test_a_hand_without_its_wrist_stays_as_it_is(chance: float) -> None:
    prepare = Prepare(PrepareConfig(frames=FRAMES, hands="body"), LAYOUTS["openpose55"])
    hand = prepare.output.parts["right_hand"]
    xyz = sequences(prepare)
    xyz[:, 3:8, hand.start] = NAN
    turned = varied(xyz, prepare, hand_rotate=chance, hand_rotate_rad=0.262)
    assert_identical(turned[:, 3:8, hand], xyz[:, 3:8, hand])
    assert torch.equal(turned.isnan(), xyz.isnan())
    still = torch.allclose(turned.nan_to_num(0), xyz.nan_to_num(0), atol=1e-6)
    assert still == (chance < 1), "the other frames are turned where they are drawn"


@pytest.mark.parametrize("name", ["hand_rotate", "hand_jitter", "hand_frame_drop"])
def test_what_is_done_to_hands_comes_as_often_as_asked(name: str) -> None:
    xyz = sequences(HOLISTIC, clips=400).nan_to_num(0.5)
    differs = (varied(xyz, HOLISTIC, **{name: 0.2}) != xyz).flatten(1).any(1)
    assert differs.float().mean().item() == pytest.approx(0.2, abs=0.06)


def test_some_frames_of_one_hand_are_hidden() -> None:
    xyz = torch.ones(400, FRAMES, 67, 3)
    hidden = varied(xyz, HOLISTIC, hand_frame_drop=1, hand_frame_drop_share=0.1).isnan().all(-1)
    left, right = (hidden[:, :, part] for part in (slice(25, 46), slice(46, 67)))
    assert not hidden[:, :, :25].any()
    for hand in (left, right):
        assert torch.equal(hand.all(-1), hand.any(-1))
        assert set(hand[..., 0].sum(dim=1).tolist()) == {0, 2}
        assert hand[..., 0].any(dim=1).float().mean().item() == pytest.approx(0.5, abs=0.1)
        assert hand[..., 0].any(dim=0).all(), "any frame may be"
    assert not (left.any(dim=(1, 2)) & right.any(dim=(1, 2))).any()
