from __future__ import annotations

import pytest
import torch
from torch import Tensor

from raysign.pose.normalise import (
    SHOULDERS_IN_HANDS,
    TORSO_IN_HANDS,
    about_wrists,
    hand_parts,
    hand_size,
    origin_and_scale,
    seen,
    signing_span,
)
from raysign.skeleton import HANDS42, HOLISTIC75, MIDDLE_FINGER_MCP, Layout

NAN = torch.nan
BODY, LEFT, RIGHT = (HOLISTIC75.parts[part] for part in ("body", "left_hand", "right_hand"))


def nothing(layout: Layout, frames: int = 5, clips: int = 1) -> Tensor:
    return torch.full((clips, frames, layout.num_joints, 3), NAN)


def with_hand(xyz: Tensor, part: slice, wrist: Tensor, knuckle: Tensor) -> Tensor:
    """A hand whose joints all lie on its wrist, but for the middle knuckle."""
    xyz = xyz.clone()
    xyz[:, :, part] = wrist.expand(xyz.shape[1], 1, 3)
    xyz[:, :, part.start + MIDDLE_FINGER_MCP] = (wrist + knuckle).expand(xyz.shape[1], 1, 3)[:, 0]
    return xyz


def body(shoulder_y: Tensor | float, hip_y: Tensor | float, frames: int = 5) -> Tensor:
    xyz = nothing(HOLISTIC75, frames)
    for name, x, y in (("shoulder", 0.1, shoulder_y), ("hip", 0.05, hip_y)):
        for side, sign in (("left", 1), ("right", -1)):
            joint = HOLISTIC75.joint(f"{side}_{name}")
            xyz[:, :, joint] = 0.5
            xyz[:, :, joint, 0] += sign * x
            xyz[:, :, joint, 1] = torch.as_tensor(y)
    return xyz


def test_hands_of_every_layout() -> None:
    assert hand_parts(HOLISTIC75) == [slice(33, 54), slice(54, 75)]
    assert hand_parts(HANDS42) == [slice(0, 21), slice(21, 42)]


def test_a_joint_at_the_origin_is_seen() -> None:
    assert seen(torch.tensor([[0.0, 0, 0], [NAN, NAN, NAN]])).tolist() == [True, False]


def test_span_runs_from_the_first_to_the_last_frame_with_a_hand() -> None:
    xyz = nothing(HOLISTIC75, frames=9, clips=4)
    xyz[0, 2:8, BODY] = 0.5  # the body alone does not sign
    xyz[0, 3, LEFT] = xyz[0, 5, RIGHT] = 0.5
    xyz[1, 4, LEFT] = 0.5  # one frame
    xyz[2, 1:7, BODY] = 0.5  # never a hand: wherever anything is
    first, last = signing_span(xyz, HOLISTIC75)
    assert first.tolist() == [3, 4, 1, 0]
    assert last.tolist() == [5, 4, 6, 0]


def test_hand_size_is_wrist_to_middle_knuckle_of_the_larger_hand() -> None:
    xyz = nothing(HANDS42)
    xyz = with_hand(xyz, HANDS42.parts["left_hand"], torch.zeros(3), torch.tensor([0.1, 0.2, 0.2]))
    xyz = with_hand(xyz, HANDS42.parts["right_hand"], torch.zeros(3), torch.tensor([0, 0.4, 0.3]))
    assert hand_size(xyz, HANDS42).tolist() == [[pytest.approx(0.5)]]
    xyz[:, :, HANDS42.parts["right_hand"]] = NAN
    assert hand_size(xyz, HANDS42).tolist() == [[pytest.approx(0.3)]]
    assert hand_size(nothing(HANDS42), HANDS42).isnan().all()


def test_hand_size_in_each_frame_falls_back_on_the_clips_median() -> None:
    xyz = with_hand(
        nothing(HANDS42), HANDS42.parts["left_hand"], torch.zeros(3), torch.tensor([0, 0.2, 0])
    )
    xyz[0, 1] *= 2
    xyz[0, 2] = NAN
    xyz[0, 3] = 0  # a hand of no size is a failed detection
    sizes = hand_size(xyz, HANDS42, per_frame=True)
    torch.testing.assert_close(sizes, torch.tensor([[0.2, 0.4, 0.2, 0.2, 0.2]]))
    torch.testing.assert_close(hand_size(xyz, HANDS42), torch.tensor([[0.2]]))


def test_origin_is_mid_shoulder_and_scale_the_torso() -> None:
    origin, scale = origin_and_scale(body(0.4, 0.8), HOLISTIC75)
    torch.testing.assert_close(origin, torch.tensor([[[0.5, 0.4, 0.0]]]))
    torch.testing.assert_close(scale, torch.tensor([[0.4]]))


def test_the_torso_is_measured_in_the_picture_plane() -> None:
    xyz = body(0.4, 0.8)
    xyz[:, :, HOLISTIC75.joint("left_hip"), 2] = 9
    torch.testing.assert_close(origin_and_scale(xyz, HOLISTIC75)[1], torch.tensor([[0.4]]))


def test_over_the_clip_a_jump_does_not_move_the_origin_but_in_each_frame_it_does() -> None:
    shoulders = torch.tensor([0.4, 0.4, 0.6, 0.4, NAN])
    xyz = body(shoulders, shoulders + 0.3)
    origin, scale = origin_and_scale(xyz, HOLISTIC75)
    assert origin[0, :, 1].tolist() == [pytest.approx(0.4)]
    assert scale[0].tolist() == [pytest.approx(0.3)]
    origin, _ = origin_and_scale(xyz, HOLISTIC75, per_frame=True)
    assert origin[0, :, 1].tolist() == pytest.approx([0.4, 0.4, 0.6, 0.4, 0.4])


@pytest.mark.parametrize("layout", [HANDS42, HOLISTIC75], ids=lambda layout: layout.name)
@pytest.mark.parametrize("per_frame", [False, True])
def test_without_a_body_the_wrists_and_the_hands_size_serve(
    layout: Layout, per_frame: bool
) -> None:
    knuckle = torch.tensor([0, 0.1, 0])
    xyz = with_hand(
        nothing(layout), layout.parts["left_hand"], torch.tensor([0.8, 0.6, 1]), knuckle
    )
    xyz = with_hand(xyz, layout.parts["right_hand"], torch.tensor([0.2, 0.4, 1]), knuckle)
    origin, scale = origin_and_scale(xyz, layout, per_frame=per_frame)
    expected = torch.tensor([0.5, 0.5, 0]).expand_as(origin)  # z has no origin
    torch.testing.assert_close(origin, expected)
    torch.testing.assert_close(scale, torch.full_like(scale, 0.1 * TORSO_IN_HANDS))
    _, shoulders = origin_and_scale(xyz, layout, per_frame=per_frame, unit="shoulders")
    torch.testing.assert_close(shoulders, torch.full_like(shoulders, 0.1 * SHOULDERS_IN_HANDS))


@pytest.mark.parametrize("per_frame", [False, True])
def test_the_unit_may_be_the_shoulders_apart_in_the_picture(per_frame: bool) -> None:
    xyz = body(0.4, 0.8)
    xyz[0, 3, HOLISTIC75.joint("left_shoulder"), 0] += 0.1
    xyz[:, :, HOLISTIC75.joint("right_shoulder"), 2] = 9
    origin, scale = origin_and_scale(xyz, HOLISTIC75, per_frame=per_frame, unit="shoulders")
    expected = [0.2, 0.2, 0.2, 0.3, 0.2] if per_frame else [0.2]
    assert scale[0].tolist() == pytest.approx(expected)
    torch.testing.assert_close(origin[0, 0], torch.tensor([0.5, 0.4, 0.0]))


@pytest.mark.parametrize("layout", [HANDS42, HOLISTIC75], ids=lambda layout: layout.name)
def test_where_there_is_nothing_the_picture_stays_as_it_is(layout: Layout) -> None:
    origin, scale = origin_and_scale(nothing(layout), layout)
    assert not origin.any()
    assert (scale == 1).all()


def test_a_torso_of_no_size_is_a_failed_detection() -> None:
    _, scale = origin_and_scale(body(0.5, 0.5), HOLISTIC75)
    assert scale.item() == 1


def test_so_are_shoulders_in_one_place_in_one_frame() -> None:
    xyz = body(0.4, 0.8)
    xyz[0, 2, HOLISTIC75.joint("left_shoulder")] = xyz[0, 2, HOLISTIC75.joint("right_shoulder")]
    _, scale = origin_and_scale(xyz, HOLISTIC75, per_frame=True, unit="shoulders")
    assert scale[0].tolist() == pytest.approx([0.2] * 5)


def test_fingers_stand_about_their_wrist_and_the_wrist_stays() -> None:
    wrist, knuckle = torch.tensor([0.3, 0.7, 0.2]), torch.tensor([0, 0.3, 0.4])
    xyz = with_hand(nothing(HANDS42), HANDS42.parts["right_hand"], wrist, knuckle)
    placed = xyz + 5
    result = about_wrists(xyz, placed, HANDS42)
    torch.testing.assert_close(result[:, :, 21], placed[:, :, 21])
    torch.testing.assert_close(
        result[0, :, 21 + MIDDLE_FINGER_MCP], (knuckle / 0.5).expand(5, 3), rtol=1e-5, atol=1e-6
    )
    assert not result[0, :, 22].any(), "a joint on the wrist is at 0"
    assert result[:, :, :21].isnan().all()


@pytest.mark.parametrize("per_frame", [False, True])
def test_each_hand_may_be_measured_by_itself(per_frame: bool) -> None:
    wrist = torch.tensor([0.3, 0.7, 0.2])
    sizes = {"left_hand": 0.2, "right_hand": 0.5}
    xyz = nothing(HANDS42)
    for part, size in sizes.items():
        xyz = with_hand(xyz, HANDS42.parts[part], wrist, torch.tensor([0, 0, size]))
    xyz[0, 4, MIDDLE_FINGER_MCP] = xyz[0, 4, 0]  # of no size: a failed detection
    for own, expected in ((True, 1.0), (False, 0.4)):
        result = about_wrists(xyz, xyz, HANDS42, per_frame=per_frame, own_size=own)
        left, right = (result[0, :, first + MIDDLE_FINGER_MCP, 2] for first in (0, 21))
        assert left.tolist() == pytest.approx([expected] * 4 + [0])
        assert right.tolist() == pytest.approx([1] * 5)


def test_a_hand_of_unknown_size_has_the_others() -> None:
    wrist, knuckle = torch.zeros(3), torch.tensor([0, 0.4, 0])
    xyz = with_hand(nothing(HANDS42), HANDS42.parts["right_hand"], wrist, knuckle)
    xyz[:, :, :3] = torch.tensor([0.0, 0.1, 0.2])[:, None].expand(3, 3)  # no knuckle
    result = about_wrists(xyz, xyz, HANDS42, own_size=True)
    torch.testing.assert_close(result[0, :, 2], torch.full((5, 3), 0.2 / 0.4))
