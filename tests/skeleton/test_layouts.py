from __future__ import annotations

import pytest

from raysign.errors import LayoutError
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, OPENPOSE55, Layout, layout_named

EVERY = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


def test_the_layouts_that_stores_name() -> None:
    assert {name: layout.num_joints for name, layout in LAYOUTS.items()} == {
        "holistic75": 75,
        "hands42": 42,
        "openpose55": 55,
    }
    assert (HOLISTIC75.has_body, HANDS42.has_body) == (True, False)
    assert (HOLISTIC75.hands_unordered, HANDS42.hands_unordered) == (False, True)
    with pytest.raises(LayoutError, match="unknown layout 'x'; known layouts: holistic75, hands"):
        layout_named("x")


@pytest.mark.parametrize(
    ("joint", "index"),
    [
        # mediapipe.solutions.pose.PoseLandmark
        ("nose", 0),
        ("left_ear", 7),
        ("mouth_right", 10),
        ("left_shoulder", 11),
        ("right_shoulder", 12),
        ("left_wrist", 15),
        ("right_wrist", 16),
        ("left_hip", 23),
        ("right_hip", 24),
        ("left_knee", 25),
        ("right_foot_index", 32),
        # mediapipe.solutions.hands.HandLandmark, after 33 and after 33 + 21
        ("left_hand_wrist", 33 + 0),
        ("left_hand_thumb_tip", 33 + 4),
        ("left_hand_index_finger_tip", 33 + 8),
        ("left_hand_middle_finger_mcp", 33 + 9),
        ("left_hand_ring_finger_tip", 33 + 16),
        ("left_hand_pinky_tip", 33 + 20),
        ("right_hand_wrist", 54 + 0),
        ("right_hand_pinky_mcp", 54 + 17),
    ],
)
def test_the_order_is_mediapipes(joint: str, index: int) -> None:
    assert HOLISTIC75.joint(joint) == index
    if "hand" in joint:
        assert HANDS42.joint(joint) == index - 33


@pytest.mark.parametrize(
    ("joint", "index"),
    [
        # BODY_25 of OpenPose's doc/02_output.md, where the legs (9–14) and feet (19–24) drop out.
        ("nose", 0),
        ("neck", 1),
        ("right_shoulder", 2),
        ("right_wrist", 4),
        ("left_wrist", 7),
        ("mid_hip", 8),
        ("right_eye", 9),
        ("left_ear", 12),
        ("left_hand_wrist", 13),
        ("right_hand_pinky_tip", 54),
    ],
)
def test_the_order_is_openposes(joint: str, index: int) -> None:
    assert OPENPOSE55.joint(joint) == index


def test_a_joint_that_is_not_there() -> None:
    with pytest.raises(LayoutError, match="layout 'hands42' has no joint 'nose'"):
        HANDS42.joint("nose")


@EVERY
def test_parts_cover_every_joint_once(layout: Layout) -> None:
    covered = [i for part in layout.parts.values() for i in range(part.start, part.stop)]
    assert covered == list(range(layout.num_joints))
    assert len(set(layout.joints)) == layout.num_joints


@EVERY
def test_the_mirror_is_an_involution_that_swaps_sides(layout: Layout) -> None:
    for joint, other in enumerate(layout.mirror):
        name, mirrored = layout.joints[joint], layout.joints[other]
        assert layout.mirror[other] == joint
        middle = name in ("nose", "neck", "mid_hip")
        assert (joint == other) == middle
        if not middle:
            assert {"left" in name, "left" in mirrored} == {True, False}
            assert name.replace("left", "right") == mirrored.replace("left", "right")


@EVERY
def test_the_mirror_maps_bones_to_bones(layout: Layout) -> None:
    bones = {frozenset(bone) for bone in layout.bones}
    assert {frozenset(layout.mirror[j] for j in bone) for bone in bones} == bones


@EVERY
def test_bones_connect_each_hand_and_stay_in_their_part(layout: Layout) -> None:
    assert len({frozenset(bone) for bone in layout.bones}) == len(layout.bones)
    for name, part in layout.parts.items():
        joints = set(range(part.start, part.stop))
        bones = [bone for bone in layout.bones if joints & {*bone}]
        assert all({*bone} <= joints for bone in bones)
        if name == "body":
            # MediaPipe leaves the mouth and the face apart from the trunk: three pieces.
            pieces = [2, 9, 22] if layout.name == "holistic75" else [13]
            assert sorted(map(len, _pieces(joints, bones))) == pieces
        else:
            assert len(bones) == 21
            assert len(_pieces(joints, bones)) == 1


def test_bones_spot_checks() -> None:
    bones = {frozenset(bone) for bone in HOLISTIC75.bones}
    for a, b in [
        ("left_shoulder", "left_elbow"),
        ("right_elbow", "right_wrist"),
        ("left_shoulder", "right_shoulder"),
        ("left_hand_wrist", "left_hand_index_finger_mcp"),
        ("right_hand_thumb_ip", "right_hand_thumb_tip"),
    ]:
        assert {HOLISTIC75.joint(a), HOLISTIC75.joint(b)} in bones
    assert len(bones) == 35 + 21 + 21


def _pieces(joints: set[int], bones: list[tuple[int, int]]) -> list[set[int]]:
    pieces = [{joint} for joint in joints]
    for a, b in bones:
        (left,) = (piece for piece in pieces if a in piece)
        (right,) = (piece for piece in pieces if b in piece)
        if left is not right:
            pieces.remove(right)
            left |= right
    return pieces


@EVERY
def test_joints_are_chosen_by_part(layout: Layout) -> None:
    hands = {name for name in layout.joints if "_hand_" in name}
    legs = {"left_knee", "right_heel"}
    assert layout.only("all") == layout
    assert set(layout.only("hands").joints) == hands
    assert set(layout.only("hands").parts) == {"left_hand", "right_hand"}
    assert not legs & set(layout.only("signing").joints)
    assert set(layout.only("body").joints) == set(layout.only("signing").joints) - hands
    assert layout.only("body").has_body == layout.has_body
    assert not layout.only("body").only("hands").joints
