"""Layouts that others give: OpenPose's joints from MediaPipe's, and what keyword search reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from raysign.errors import LayoutError
from raysign.skeleton.layouts import OPENPOSE55, Layout

MIDDLES = {
    "neck": ("left_shoulder", "right_shoulder"),
    "mid_hip": ("left_hip", "right_hip"),
}
"""Joints that OpenPose has and nobody annotated: it was trained on the middle of these two (Cao et
al., 2021, section 5.1; BODY_25's "Neck" and "MidHip"). Every other joint of ``openpose55`` has a
namesake in ``holistic75``, whose hands have the same 21 joints in the same order; MediaPipe's eye
and ear lie where COCO's do.
"""

ARM_TO_HAND = (("left_wrist", "left_hand_wrist"), ("right_wrist", "right_hand_wrist"))
"""One joint seen by two detectors; tied, a graph over all joints hangs together."""


def sources(target: Layout, given: Layout) -> tuple[tuple[int, ...], ...]:
    """For each joint of ``target`` the joints of ``given`` whose mean it is: one, or two.

    ``LayoutError`` where a joint has no source.

    >>> from raysign.skeleton import HOLISTIC75
    >>> sources(OPENPOSE55, HOLISTIC75)[:3]
    ((0,), (11, 12), (12,))
    """
    found = []
    for name in target.joints:
        names = (name,) if name in given.joints else MIDDLES.get(name, ())
        if not names or any(each not in given.joints for each in names):
            raise LayoutError(f"layout {given.name!r} cannot give {target.name!r} its {name!r}")
        found.append(tuple(given.joint(each) for each in names))
    return tuple(found)


def _tied(layout: Layout) -> Layout:
    ties = ((a, b) for a, b in ARM_TO_HAND if {a, b} <= set(layout.joints))
    return replace(
        layout,
        bones=(*layout.bones, *((layout.joint(a), layout.joint(b)) for a, b in ties)),
    )


KEYWORD_LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "body": OPENPOSE55.only("body"),
        "dominant": _tied(
            OPENPOSE55.without(frozenset(OPENPOSE55.joints[OPENPOSE55.parts["left_hand"]]))
        ),
        "both": _tied(OPENPOSE55),
    }
)
"""What keyword search reads (LREC 2020, section 5.1): 13 joints of the upper body, 34 with the
dominant hand, 55 with both. The dominant hand is the right one: the sentence of someone who signs
with the left is mirrored before (``pose.dominant``).
"""
