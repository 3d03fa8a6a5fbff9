from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from raysign.config import AugmentConfig, PrepareConfig
from raysign.errors import LayoutError
from raysign.pose import Prepare, augment
from raysign.pose.features import bones, hand_shape, hand_shape_extras, motion
from raysign.skeleton import HAND_JOINTS, HANDS42, HOLISTIC75, LAYOUTS, Layout, parents

NAN = torch.nan
MakeSigner = Callable[..., Tensor]
every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
every_side = pytest.mark.parametrize("left", [False, True], ids=["right", "left"])
NAMES = [extra.name for extra in hand_shape_extras("right_hand", 3)]


def hands(clips: int = 3, frames: int = 5, seed: int = 0) -> Tensor:
    return torch.randn(clips, frames, 21, 3, generator=torch.Generator().manual_seed(seed))


def part_of(shape: Tensor, name: str) -> Tensor:
    return shape[..., [number for number, full in enumerate(NAMES) if f"_{name}_" in full]]


def rotation(seed: int = 0) -> Tensor:
    square, _ = torch.linalg.qr(
        torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    )
    return (square * torch.linalg.det(square)).float()


def open_right_hand() -> Tensor:
    """[1 1 21 3]; fingers up, palm to the camera, as a viewer sees it: y down, z away."""
    hand = torch.zeros(21, 3)
    for finger, x in enumerate((0.6, 0.3, 0.1, -0.1, -0.3)):
        for joint in range(4):
            hand[4 * finger + 1 + joint] = torch.tensor([x * (joint + 1), -1.0 - joint, 0])
    return hand[None, None]


def test_names_and_numbers_agree() -> None:
    for axes, count in ((3, 15 + 3 + 10), (2, 15 + 1 + 10)):
        extras = hand_shape_extras("left_hand", axes)
        assert hand_shape(hands()[..., :axes], left=True).shape[-1] == len(extras) == count
        assert len({extra.name for extra in extras}) == count
        assert {extra.part for extra in extras} == {"left_hand"}
    assert [e.name for e in hand_shape_extras("left_hand", 3) if e.flips] == ["left_hand_palm_x"]
    assert not any(e.flips for e in hand_shape_extras("left_hand", 2))


def test_against_one_frame_worked_out_by_hand() -> None:
    hand = hands(1, 1)
    shape = dict(zip(NAMES, hand_shape(hand, left=False)[0, 0].tolist(), strict=True))
    at = {name: hand[0, 0, number] for number, name in enumerate(HAND_JOINTS)}
    before, after = at["pinky_pip"] - at["pinky_mcp"], at["pinky_dip"] - at["pinky_pip"]
    cosine = float(before @ after / before.norm() / after.norm())
    assert shape["right_hand_bend_pinky_pip"] == pytest.approx(cosine, abs=1e-5)
    before, after = at["thumb_cmc"] - at["wrist"], at["thumb_mcp"] - at["thumb_cmc"]
    cosine = float(before @ after / before.norm() / after.norm())
    assert shape["right_hand_bend_thumb_cmc"] == pytest.approx(cosine, abs=1e-5)
    gap = float((at["thumb_tip"] - at["ring_finger_tip"]).norm())
    assert shape["right_hand_gap_thumb_ring_finger"] == pytest.approx(gap, abs=1e-5)
    index, pinky = at["index_finger_mcp"] - at["wrist"], at["pinky_mcp"] - at["wrist"]
    palm = torch.linalg.cross(index, pinky)
    got = [shape[f"right_hand_palm_{axis}"] for axis in "xyz"]
    assert got == pytest.approx((palm / palm.norm()).tolist(), abs=1e-5)


@every_side
def test_turned_in_space_the_angles_and_gaps_stay_and_the_normal_turns(left: bool) -> None:
    hand, turn = hands(), rotation()
    shape, turned = (hand_shape(x, left=left) for x in (hand, hand @ turn.T + 3))
    for name in ("bend", "gap"):
        torch.testing.assert_close(part_of(turned, name), part_of(shape, name), rtol=0, atol=1e-4)
    palm = part_of(shape, "palm")
    torch.testing.assert_close(part_of(turned, "palm"), palm @ turn.T, rtol=0, atol=1e-4)
    torch.testing.assert_close(palm.norm(dim=-1), torch.ones(3, 5))


@every_side
def test_twice_as_large_only_the_gaps_grow(left: bool) -> None:
    shape, larger = (hand_shape(x, left=left) for x in (hands(), 2 * hands()))
    factor = torch.tensor([2.0 if "_gap_" in name else 1.0 for name in NAMES])
    torch.testing.assert_close(larger, shape * factor, rtol=0, atol=1e-4)


@pytest.mark.parametrize("axes", [2, 3])
def test_a_mirrored_hand_is_the_other_hand_mirrored(axes: int) -> None:
    right = hands()[..., :axes]
    left = right * torch.tensor([-1.0, 1, 1])[:axes]
    sign = [-1.0 if extra.flips else 1.0 for extra in hand_shape_extras("left_hand", axes)]
    got = hand_shape(left, left=True)
    torch.testing.assert_close(got, hand_shape(right, left=False) * torch.tensor(sign))


@pytest.mark.parametrize("axes", [2, 3])
def test_a_palm_to_the_camera_faces_it(axes: int) -> None:
    right = open_right_hand()[..., :axes]
    left = right * torch.tensor([-1.0, 1, 1])[:axes]
    depth = 15 + axes % 2 * 2  # z is the normal's last number
    for hand, is_left in ((right, False), (left, True)):
        assert hand_shape(hand, left=is_left)[0, 0, depth] < 0
    back = right * torch.tensor([-1.0, 1, 1])[:axes]
    assert hand_shape(back, left=False)[0, 0, depth] > 0


def test_a_straight_finger_has_cosine_1_and_a_fist_less() -> None:
    hand = open_right_hand()
    straight = part_of(hand_shape(hand, left=False), "bend")
    assert straight[0, 0, [1, 2, 4, 5]].tolist() == pytest.approx([1] * 4, abs=1e-5)
    hand[0, 0, 8] = hand[0, 0, 6]  # the index fingertip back at its middle joint
    bent = part_of(hand_shape(hand, left=False), "bend")
    assert bent[0, 0, 5].item() == pytest.approx(-1, abs=1e-5)


def test_bones_of_no_length_have_no_direction() -> None:
    assert not hand_shape(torch.zeros(1, 1, 21, 3), left=True).any()


@every_side
def test_a_missing_joint_takes_only_what_needs_it(left: bool) -> None:
    whole, hand = hands(), hands()
    hand[0, 2, HAND_JOINTS.index("index_finger_tip")] = NAN
    before, after = (hand_shape(x, left=left) for x in (whole, hand))
    gone = [NAMES[number] for number in after[0, 2].isnan().nonzero().flatten().tolist()]
    assert len(gone) == 1 + 4
    assert all("index_finger" in name for name in gone)
    assert torch.equal(after[after.isfinite()], before[after.isfinite()])


# In prepare.


def prepared(layout: Layout, signer: MakeSigner, **config: Any) -> tuple[Prepare, Tensor]:
    prepare = Prepare(PrepareConfig(**{"frames": 12, "trim": False, **config}), layout)
    clip = signer(layout)[None]
    return prepare, prepare.geometry(clip, torch.ones(1))


def channels_named(prepare: Prepare, xyz: Tensor, word: str) -> Tensor:
    names = [extra.name for extra in prepare.channel_map.extras]
    extras = prepare.channels(xyz)[..., -len(names) :]
    return extras[..., [number for number, name in enumerate(names) if word in name]]


ALL = {"bones": True, "angles": True, "motion_lags": (1, 2)}
PREPARES: dict[str, dict[str, Any]] = {
    "about the wrist": {},
    "in the body's frame": {"hands": "body"},
    "flat": {"axes": 2},
    "hands": {"joints": "hands"},
}
every_prepare = pytest.mark.parametrize("config", PREPARES.values(), ids=PREPARES.keys())


@every_layout
@every_prepare
def test_the_map_says_what_each_channel_is(
    layout: Layout, config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare, xyz = prepared(layout, signer, **ALL, **config)
    channels, where = prepare.channels(xyz), prepare.channel_map
    assert where.copies == ("position", "bone", "motion_1", "motion_2")
    copies = (xyz, bones(xyz, prepare.output, prepare.relative), motion(xyz, 1), motion(xyz, 2))
    expected = torch.stack(copies, dim=3).nan_to_num(0)  # [clip frame joint copy axis]
    for joint in range(prepare.output.num_joints):
        got = channels[..., list(where.of_joints([joint]))]
        assert torch.equal(got, expected[:, :, joint].flatten(2)), where.layout.joints[joint]
    names = [extra.name for extra in where.extras]
    assert names[-len(where.layout.parts) :] == [f"{p}_presence" for p in where.layout.parts]


@every_layout
@every_prepare
def test_a_mirrored_clip_gives_the_mirrored_channels(
    layout: Layout, config: dict[str, Any], signer: MakeSigner
) -> None:
    prepare, xyz = prepared(layout, signer, **ALL, **config)
    off = dict.fromkeys(AugmentConfig.model_fields, 0.0) | {"mirror": 1.0}
    mirrored = augment(xyz, AugmentConfig(**off), prepare, torch.Generator())
    channels, got, where = prepare.channels(xyz), prepare.channels(mirrored), prepare.channel_map
    sign = torch.tensor([-1.0 if flip else 1.0 for flip in where.flips])
    for joint, other in enumerate(where.layout.mirror):
        ours, theirs = (list(where.of_joints([j])) for j in (joint, other))
        torch.testing.assert_close(got[..., ours], (channels * sign)[..., theirs])
    other_side = {"left_hand": "right_hand", "right_hand": "left_hand", "body": "body"}
    for part in where.layout.parts:
        ours, theirs = (list(where.of_extras([p])) for p in (part, other_side[part]))
        torch.testing.assert_close(got[..., ours], (channels * sign)[..., theirs])


@every_layout
def test_a_bone_is_a_joint_less_its_parent_wherever_the_fingers_stand(
    layout: Layout, signer: MakeSigner
) -> None:
    units = []
    for config in ({"hands": "body"}, {"hands": "wrist"}):
        prepare, xyz = prepared(layout, signer, repair_gap_frames=0, **config)
        units.append((bones(xyz, prepare.output, prepare.relative), prepare))
    (in_body, prepare), (at_wrist, _) = units
    _, xyz = prepared(layout, signer, repair_gap_frames=0, hands="body")
    expected = xyz - xyz[:, :, list(parents(prepare.output))]
    torch.testing.assert_close(in_body, expected, equal_nan=True)
    roots = [joint for joint, above in enumerate(parents(prepare.output)) if joint == above]
    assert not in_body[:, :, roots].nan_to_num(0).any()
    # The same bones, in units of the hand and not of the body.
    part = prepare.output.parts["right_hand"]
    one, other = (b[:, :, part][:, :, 1:].flatten(2) for b in (in_body, at_wrist))
    ratio = (other.norm(dim=-1) / one.norm(dim=-1))[:, :, None]
    torch.testing.assert_close(one * ratio, other, rtol=0, atol=1e-3, equal_nan=True)
    assert one.isfinite().any()


def test_a_hidden_wrist_does_not_hide_fingers_that_stand_about_it() -> None:
    prepare = Prepare(PrepareConfig(frames=4, bones=True, angles=True), HANDS42)
    xyz = torch.randn(1, 4, 42, 3)
    hidden = xyz.clone()
    hidden[:, :, 21] = NAN
    assert torch.equal(
        bones(hidden, HANDS42, prepare.relative)[:, :, 22:],
        bones(xyz, HANDS42, prepare.relative)[:, :, 22:],
    )
    assert torch.equal(
        channels_named(prepare, hidden, "bend"), channels_named(prepare, xyz, "bend")
    )


@every_layout
@pytest.mark.parametrize("frame", ["wrist", "body"])
def test_a_missing_hand_has_no_shape(layout: Layout, frame: str, signer: MakeSigner) -> None:
    prepare, xyz = prepared(layout, signer, angles=True, hands=frame)
    xyz[:, 3:6, prepare.output.parts["left_hand"]] = NAN
    gone = channels_named(prepare, xyz, "left_hand")
    assert not gone[:, 3:6].any()
    assert gone[:, :3].any(dim=-1).all()
    assert channels_named(prepare, xyz, "right_hand_palm")[:, 3:6].any()


def test_shapes_are_the_same_about_the_wrist_and_in_the_body(signer: MakeSigner) -> None:
    shapes = []
    for frame in ("wrist", "body"):
        prepare, xyz = prepared(HANDS42, signer, angles=True, hands=frame)
        shapes.append(
            torch.cat([channels_named(prepare, xyz, w) for w in ("bend", "palm")], dim=-1)
        )
    torch.testing.assert_close(*shapes, rtol=0, atol=1e-3)
    assert shapes[0].any()


@every_layout
def test_streams_of_hands_alone_and_of_the_body_alone(layout: Layout, signer: MakeSigner) -> None:
    both, everything = prepared(layout, signer)
    alone, hands_only = prepared(layout, signer, joints="hands")
    assert list(alone.output.parts) == ["left_hand", "right_hand"]
    assert alone.output.num_joints == 42
    where = [both.output.joint(name) for name in alone.output.joints]
    torch.testing.assert_close(hands_only, everything[:, :, where], equal_nan=True)
    if not layout.has_body:
        return
    alone, body_only = prepared(layout, signer, joints="body", angles=True)
    assert list(alone.output.parts) == ["body"]
    assert not any(alone.relative)
    assert [extra.name for extra in alone.channel_map.extras] == ["body_presence"]
    where = [both.output.joint(name) for name in alone.output.joints]
    torch.testing.assert_close(body_only, everything[:, :, where], equal_nan=True)
    assert alone.channels(body_only).shape[-1] == alone.num_channels


def test_a_layout_without_a_body_refuses_to_be_one() -> None:
    with pytest.raises(LayoutError, match=r"'hands42' has no body, .* type prepare.joints=hands"):
        Prepare(PrepareConfig(joints="body"), HANDS42)


@every_layout
def test_the_number_of_channels_is_what_channels_gives(layout: Layout, signer: MakeSigner) -> None:
    options = itertools.product((True, False), (True, False), (2, 3), ("signing", "hands", "all"))
    for has_bones, angles, axes, joints in options:
        config = {"bones": has_bones, "angles": angles, "axes": axes, "joints": joints}
        prepare, xyz = prepared(layout, signer, **config)
        channels = prepare.channels(xyz)
        assert channels.shape == (1, 12, prepare.num_channels), config
        assert channels.isfinite().all()
        assert math.isfinite(channels.abs().max())


def test_body_bones_of_a_real_torso(signer: MakeSigner) -> None:
    prepare, xyz = prepared(HOLISTIC75, signer, bones=True)
    bone = prepare.channels(xyz)[..., list(prepare.channel_map.of_joints([13]))][..., 3:6]
    expected = xyz[:, :, HOLISTIC75.joint("left_elbow")] - xyz[:, :, 11]
    torch.testing.assert_close(bone, expected)
