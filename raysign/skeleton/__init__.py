"""Joints, layouts, the graph that bones make, and where a joint stands among an encoder's channels.

No import here is heavier than the standard library.
"""

from raysign.skeleton.channels import ChannelMap, Extra
from raysign.skeleton.derived import KEYWORD_LAYOUTS, sources
from raysign.skeleton.graph import hops_from_centre, neighbours, parents
from raysign.skeleton.layouts import (
    BODY_25_BONES,
    BODY_25_UPPER,
    BODY_BONES,
    BODY_JOINTS,
    HAND_BONES,
    HAND_JOINTS,
    HAND_SIZE,
    HANDS42,
    HOLISTIC75,
    LAYOUTS,
    LEG_JOINTS,
    MIDDLE_FINGER_MCP,
    OPENPOSE55,
    Joints,
    Layout,
    layout_named,
)

__all__ = [
    "BODY_25_BONES",
    "BODY_25_UPPER",
    "BODY_BONES",
    "BODY_JOINTS",
    "HANDS42",
    "HAND_BONES",
    "HAND_JOINTS",
    "HAND_SIZE",
    "HOLISTIC75",
    "KEYWORD_LAYOUTS",
    "LAYOUTS",
    "LEG_JOINTS",
    "MIDDLE_FINGER_MCP",
    "OPENPOSE55",
    "ChannelMap",
    "Extra",
    "Joints",
    "Layout",
    "hops_from_centre",
    "layout_named",
    "neighbours",
    "parents",
    "sources",
]
