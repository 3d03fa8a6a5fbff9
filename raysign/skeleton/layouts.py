"""Which joints a layout has, in which order: the one table that the whole house reads.

Joint names and orders are MediaPipe's own:

* body, 33 joints: ``mediapipe.solutions.pose.PoseLandmark`` (BlazePose topology),
* hand, 21 joints: ``mediapipe.solutions.hands.HandLandmark``.

OpenPose's body is the upper part of BODY_25 in its own order (OpenPose 1.7,
``doc/02_output.md``, "Pose Output Format (BODY_25)"); its hand has the 21 joints of MediaPipe's, in
the same order.

Check MediaPipe's with ``[j.name.lower() for j in mediapipe.solutions.pose.PoseLandmark]`` and the
same for ``HandLandmark``; bones with ``mediapipe.solutions.{pose,hands}_connections``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from raysign.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_JOINTS = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)
"""``PoseLandmark`` in order; left and right are the signer's own."""

HAND_JOINTS = (
    "wrist",
    "thumb_cmc",
    "thumb_mcp",
    "thumb_ip",
    "thumb_tip",
    "index_finger_mcp",
    "index_finger_pip",
    "index_finger_dip",
    "index_finger_tip",
    "middle_finger_mcp",
    "middle_finger_pip",
    "middle_finger_dip",
    "middle_finger_tip",
    "ring_finger_mcp",
    "ring_finger_pip",
    "ring_finger_dip",
    "ring_finger_tip",
    "pinky_mcp",
    "pinky_pip",
    "pinky_dip",
    "pinky_tip",
)
"""``HandLandmark`` in order."""

LEG_JOINTS = frozenset(BODY_JOINTS[25:])
"""Knees, ankles and feet: out of most signing videos' frame, and silent in signing."""

HAND_BONES = (
    *((0, 1), (1, 2), (2, 3), (3, 4)),
    *((0, 5), (5, 6), (6, 7), (7, 8)),
    *((5, 9), (9, 10), (10, 11), (11, 12)),
    *((9, 13), (13, 14), (14, 15), (15, 16)),
    *((13, 17), (0, 17), (17, 18), (18, 19), (19, 20)),
)
"""``HAND_CONNECTIONS``, sorted from the wrist outwards."""

BODY_BONES = (
    *((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10)),
    *((11, 12), (11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19)),
    *((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20)),
    *((11, 23), (12, 24), (23, 24), (23, 25), (24, 26), (25, 27), (26, 28)),
    *((27, 29), (28, 30), (29, 31), (30, 32), (27, 31), (28, 32)),
)
"""``POSE_CONNECTIONS``, sorted from the nose downwards."""

Joints = Literal["all", "signing", "hands", "body"]
"""Every joint; those less knees and feet; both hands alone; all others, less knees and feet."""

HAND_SIZE = len(HAND_JOINTS)
MIDDLE_FINGER_MCP = HAND_JOINTS.index("middle_finger_mcp")


@dataclass(frozen=True)
class Layout:
    """A fixed order of joints, and what is known about them.

    ``parts`` maps a part (``body``, ``left_hand``, ``right_hand``) to its joints; ``mirror[j]`` is
    the joint that takes joint j's place when the picture is flipped left to right; ``bones`` are
    pairs of joints. ``hands_unordered`` says that the two hands stand in detection order and still
    have to be told apart.
    """

    name: str
    joints: tuple[str, ...]
    parts: Mapping[str, slice]
    bones: tuple[tuple[int, int], ...]
    hands_unordered: bool = False
    mirror: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mirror", _mirror(self.joints))

    @property
    def num_joints(self) -> int:
        return len(self.joints)

    @property
    def has_body(self) -> bool:
        return "body" in self.parts

    def joint(self, name: str) -> int:
        """The index of a joint by name; ``LayoutError`` where this layout does not have it."""
        try:
            return self.joints.index(name)
        except ValueError:
            raise LayoutError(f"layout {self.name!r} has no joint {name!r}") from None

    def only(self, joints: Joints) -> Layout:
        """The joints that a choice of ``prepare.joints`` names, in the same order.

        None are left where there is no hand, or no body, to choose.
        """
        hands = frozenset(
            joint
            for part, where in self.parts.items()
            if part.endswith("_hand")
            for joint in self.joints[where]
        )
        match joints:
            case "all":
                return self
            case "signing":
                return self.without(LEG_JOINTS)
            case "hands":
                return self.without(frozenset(self.joints) - hands)
            case "body":
                return self.without(LEG_JOINTS | hands)

    def without(self, dropped: frozenset[str]) -> Layout:
        """This layout less some joints, the rest in the same order; parts and bones follow."""
        kept = [i for i, name in enumerate(self.joints) if name not in dropped]
        place = {old: new for new, old in enumerate(kept)}
        parts: dict[str, slice] = {}
        for part, where in self.parts.items():
            new = [place[i] for i in range(where.start, where.stop) if i in place]
            if new:
                parts[part] = slice(new[0], new[-1] + 1)
        return Layout(
            name=self.name,
            joints=tuple(self.joints[i] for i in kept),
            parts=MappingProxyType(parts),
            bones=tuple((place[a], place[b]) for a, b in self.bones if a in place and b in place),
            hands_unordered=self.hands_unordered,
        )


def _mirror(joints: tuple[str, ...]) -> tuple[int, ...]:
    def other_side(name: str) -> str:
        swapped = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
        return swapped if swapped in joints else name

    return tuple(joints.index(other_side(name)) for name in joints)


def _hand(side: str) -> tuple[str, ...]:
    return tuple(f"{side}_hand_{name}" for name in HAND_JOINTS)


def _shifted(bones: tuple[tuple[int, int], ...], by: int) -> tuple[tuple[int, int], ...]:
    return tuple((a + by, b + by) for a, b in bones)


HOLISTIC75 = Layout(
    name="holistic75",
    joints=(*BODY_JOINTS, *_hand("left"), *_hand("right")),
    parts=MappingProxyType(
        {"body": slice(0, 33), "left_hand": slice(33, 54), "right_hand": slice(54, 75)}
    ),
    bones=(
        *BODY_BONES,
        *_shifted(HAND_BONES, 33),
        *_shifted(HAND_BONES, 54),
    ),
)
"""MediaPipe Holistic without the face mesh: 33 body, 21 left-hand, 21 right-hand joints."""

HANDS42 = Layout(
    name="hands42",
    joints=(*_hand("left"), *_hand("right")),
    parts=MappingProxyType({"left_hand": slice(0, 21), "right_hand": slice(21, 42)}),
    bones=(*HAND_BONES, *_shifted(HAND_BONES, 21)),
    hands_unordered=True,
)
"""MediaPipe Hands, two slots of 21 joints. In a store the slots stand in detection order; from the
first step of prepare on they are the left and the right hand.
"""

BODY_25_UPPER = {
    0: "nose",
    1: "neck",
    2: "right_shoulder",
    3: "right_elbow",
    4: "right_wrist",
    5: "left_shoulder",
    6: "left_elbow",
    7: "left_wrist",
    8: "mid_hip",
    15: "right_eye",
    16: "left_eye",
    17: "right_ear",
    18: "left_ear",
}
"""The upper body in OpenPose's BODY_25: the index there, and our name. The side hips, legs and feet
are left out. Keyword search (LREC 2020, section 5.1) uses 13 upper-body joints without naming them;
BODY_25 has these 13.
"""

BODY_25_BONES = (
    *((1, 0), (0, 9), (9, 11), (0, 10), (10, 12)),
    *((1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8)),
)
"""OpenPose's ``POSE_BODY_25_PAIRS`` among those joints, by our index."""

OPENPOSE55 = Layout(
    name="openpose55",
    joints=(*BODY_25_UPPER.values(), *_hand("left"), *_hand("right")),
    parts=MappingProxyType(
        {"body": slice(0, 13), "left_hand": slice(13, 34), "right_hand": slice(34, 55)}
    ),
    bones=(*BODY_25_BONES, *_shifted(HAND_BONES, 13), *_shifted(HAND_BONES, 34)),
)
"""OpenPose: 13 upper-body, 21 left-hand, 21 right-hand joints. It sees no depth: z is 0 where a
joint is detected.
"""

LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {layout.name: layout for layout in (HOLISTIC75, HANDS42, OPENPOSE55)}
)


def layout_named(name: str) -> Layout:
    """The layout of that name; ``LayoutError`` lists the known ones where there is none."""
    try:
        return LAYOUTS[name]
    except KeyError:
        known = ", ".join(LAYOUTS)
        raise LayoutError(f"unknown layout {name!r}; known layouts: {known}") from None
