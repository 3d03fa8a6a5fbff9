from __future__ import annotations

import pytest

from raysign.errors import LayoutError
from raysign.skeleton import (
    HANDS42,
    HOLISTIC75,
    KEYWORD_LAYOUTS,
    OPENPOSE55,
    hops_from_centre,
    sources,
)


def test_every_joint_of_openpose_has_its_source_in_holistic() -> None:
    of = sources(OPENPOSE55, HOLISTIC75)
    named = {
        OPENPOSE55.joints[joint]: tuple(HOLISTIC75.joints[source] for source in found)
        for joint, found in enumerate(of)
    }
    assert named.pop("neck") == ("left_shoulder", "right_shoulder")
    assert named.pop("mid_hip") == ("left_hip", "right_hip")
    assert all(found == (name,) for name, found in named.items())
    assert len(named) == 53


def test_a_layout_gives_itself() -> None:
    assert sources(OPENPOSE55, OPENPOSE55) == tuple((joint,) for joint in range(55))


def test_hands_alone_do_not_give_a_body() -> None:
    with pytest.raises(LayoutError, match="'hands42' cannot give 'openpose55' its 'nose'"):
        sources(OPENPOSE55, HANDS42)


def test_the_three_layouts_of_the_paper() -> None:
    sizes = {name: layout.num_joints for name, layout in KEYWORD_LAYOUTS.items()}
    assert sizes == {"body": 13, "dominant": 34, "both": 55}
    assert list(KEYWORD_LAYOUTS["dominant"].parts) == ["body", "right_hand"]
    assert KEYWORD_LAYOUTS["both"].joints == OPENPOSE55.joints
    assert KEYWORD_LAYOUTS["dominant"].joints == (*OPENPOSE55.joints[:13], *OPENPOSE55.joints[34:])


@pytest.mark.parametrize("name", KEYWORD_LAYOUTS)
def test_their_graph_hangs_together(name: str) -> None:
    layout = KEYWORD_LAYOUTS[name]
    hops = hops_from_centre(layout)
    assert [joint for joint in range(layout.num_joints) if hops[joint] == 0] == [
        layout.joint("neck")
    ]
    if name != "body":  # neck, shoulder, elbow, wrist, the hand's wrist, four finger joints
        assert hops[layout.joint("right_hand_pinky_tip")] == 8
