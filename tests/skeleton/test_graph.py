from __future__ import annotations

import pytest

from raysign.skeleton import (
    HANDS42,
    HOLISTIC75,
    LAYOUTS,
    LEG_JOINTS,
    Layout,
    hops_from_centre,
    neighbours,
    parents,
)

EVERY = pytest.mark.parametrize(
    "layout",
    [*LAYOUTS.values(), HOLISTIC75.without(LEG_JOINTS)],
    ids=[*LAYOUTS, "holistic75, no legs"],
)


def named(layout: Layout, joints: tuple[int, ...]) -> dict[str, str]:
    return {name: layout.joints[other] for name, other in zip(layout.joints, joints, strict=True)}


@EVERY
def test_neighbours_are_the_bones_both_ways(layout: Layout) -> None:
    ties = {(a, b) for a, others in enumerate(neighbours(layout)) for b in others}
    assert ties == {*layout.bones} | {(b, a) for a, b in layout.bones}


@EVERY
def test_a_parent_is_a_neighbour_one_bone_nearer_to_the_centre(layout: Layout) -> None:
    hops = hops_from_centre(layout)
    for joint, parent in enumerate(parents(layout)):
        if parent == joint:
            assert hops[joint] == 0
        else:
            assert parent in neighbours(layout)[joint]
            assert hops[parent] == hops[joint] - 1


@EVERY
def test_the_graph_is_its_own_mirror_image(layout: Layout) -> None:
    hops, above = hops_from_centre(layout), parents(layout)
    for joint, other in enumerate(layout.mirror):
        assert hops[other] == hops[joint]
        assert above[other] == layout.mirror[above[joint]]


def test_where_the_centres_are() -> None:
    expected = {
        "hands42": {"left_hand_wrist", "right_hand_wrist"},
        "openpose55": {"neck", "left_hand_wrist", "right_hand_wrist"},
        "holistic75": {
            *("left_shoulder", "right_shoulder", "nose", "mouth_left", "mouth_right"),
            *("left_hand_wrist", "right_hand_wrist"),
        },
    }
    for name, centres in expected.items():
        layout = LAYOUTS[name]
        at = {
            n for n, hops in zip(layout.joints, hops_from_centre(layout), strict=True) if not hops
        }
        assert at == centres


def test_parents_spot_checks() -> None:
    body = named(HOLISTIC75, parents(HOLISTIC75))
    assert body["left_wrist"] == "left_elbow"
    assert body["left_elbow"] == "left_shoulder"
    assert body["right_hip"] == "right_shoulder"
    assert body["left_ear"] == "left_eye_outer"
    hand = named(HANDS42, parents(HANDS42))
    assert hand["left_hand_index_finger_mcp"] == "left_hand_wrist"
    assert hand["right_hand_thumb_tip"] == "right_hand_thumb_ip"
    # The palm is a ring of bones: the knuckles between are reached from its near end.
    assert hand["left_hand_middle_finger_mcp"] == "left_hand_index_finger_mcp"
    assert hand["left_hand_ring_finger_mcp"] == "left_hand_pinky_mcp"


def test_a_piece_without_a_known_centre_has_its_first_joint() -> None:
    elbow_down = Layout("arm", ("left_elbow", "left_wrist", "left_pinky"), {}, ((0, 1), (1, 2)))
    assert hops_from_centre(elbow_down) == (0, 1, 2)
    assert parents(elbow_down) == (0, 0, 1)
