"""Where the body stands and how large it is, taken out of the landmarks."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.skeleton import HAND_SIZE, MIDDLE_FINGER_MCP, Layout

TORSO_IN_HANDS = 5.0
"""Torso (mid-shoulder to mid-hip) over hand (wrist to middle knuckle): about 50 cm over 10 cm. It
puts the wrists' paths of a layout without a body into about the units of one with a body."""

SHOULDERS_IN_HANDS = 3.7
"""Shoulder to shoulder over hand, both medians over a clip: the median of WLASL100 train."""

SMALLEST = 1e-3
"""A size under this share of the picture is a failed detection, not a size."""


def hand_parts(layout: Layout) -> list[slice]:
    """The joints of each hand that the layout has."""
    return [where for part, where in layout.parts.items() if part.endswith("_hand")]


def fingers_of(layout: Layout) -> tuple[bool, ...]:
    """For each joint: is it a finger's, which ``about_wrists`` puts relative to its wrist?"""
    fingers: set[int] = set()
    for part in hand_parts(layout):
        fingers.update(range(part.start + 1, part.start + HAND_SIZE))
    return tuple(joint in fingers for joint in range(layout.num_joints))


def seen(xyz: Float[Tensor, "*batch joint axis"]) -> Bool[Tensor, "*batch joint"]:
    """True where a joint was detected."""
    return ~xyz[..., 0].isnan()


def signing_span(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout
) -> tuple[Float[Tensor, "clip"], Float[Tensor, "clip"]]:
    """First and last frame in which a hand is seen (in frames); where none ever is, any joint."""
    any_hand = torch.stack([seen(xyz[:, :, part]).any(-1) for part in hand_parts(layout)]).any(0)
    any_joint = seen(xyz).any(-1)
    shown = torch.where(any_hand.any(1, keepdim=True), any_hand, any_joint).float()
    frames = xyz.shape[1]
    first = shown.argmax(dim=1).float()
    last = (frames - 1 - shown.flip(1).argmax(dim=1)).float()
    return first, torch.where(shown.any(1), last, first)


def _over_time(value: Tensor, *, per_frame: bool) -> Tensor:
    """Median over frames (axis 1), kept as an axis.

    With ``per_frame``, only where a frame lacks the value.
    """
    median = value.nanmedian(dim=1, keepdim=True).values
    return torch.where(value.isnan(), median, value) if per_frame else median


def hand_size(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout, *, per_frame: bool = False
) -> Float[Tensor, "clip frame_or_1"]:
    """Wrist to middle-finger knuckle in three dimensions, of the larger hand in each frame.

    The median over the clip, or with ``per_frame`` each frame's own; NaN where no hand is seen.
    """
    return _hand_size(xyz, hand_parts(layout), per_frame)


def _hand_size(
    xyz: Float[Tensor, "clip frame joint axis"], hands: list[slice], per_frame: bool
) -> Float[Tensor, "clip frame_or_1"]:
    """The same of the larger of these hands. Three dimensions: in the picture alone the size of a
    hand that points at the camera is nearly 0, and its joints would fly apart (up to 166 hand sizes
    in WLASL100 train, against 5).
    """
    sizes = []
    for part in hands:
        hand = xyz[:, :, part]
        sizes.append((hand[:, :, MIDDLE_FINGER_MCP] - hand[:, :, 0]).norm(dim=-1))
    size = torch.stack(sizes).nan_to_num(-1).amax(dim=0)
    return _over_time(size.where(size > SMALLEST, torch.nan), per_frame=per_frame)


def _middle(
    xyz: Float[Tensor, "clip frame joint axis"], layout: Layout, name: str
) -> Float[Tensor, "clip frame axis"]:
    """Between the left and the right joint, or the joint that a layout has in their place."""
    if f"mid_{name}" in layout.joints:
        return xyz[:, :, layout.joint(f"mid_{name}")]
    return (xyz[:, :, layout.joint(f"left_{name}")] + xyz[:, :, layout.joint(f"right_{name}")]) / 2


def origin_and_scale(
    xyz: Float[Tensor, "clip frame joint axis"],
    layout: Layout,
    *,
    per_frame: bool = False,
    unit: Literal["torso", "shoulders"] = "torso",
) -> tuple[Float[Tensor, "clip frame_or_1 axis"], Float[Tensor, "clip frame_or_1"]]:
    """Mid-shoulder and torso length (LREC 2026, section 4), over the clip or in each frame.

    With ``shoulders`` the distance between them (arXiv 2502.20171) in place of the torso; either in
    the picture plane, where it is steadier than with z. Over the clip: the median. Where there is
    no body: the middle of the wrists, and hand size × ``TORSO_IN_HANDS`` or ``SHOULDERS_IN_HANDS``,
    always over the clip, as the hands' path would be lost in each frame. Where there is nothing at
    all: 0 and 1. z has no origin of its own in MediaPipe's hands, so it is only scaled.
    """
    wrists = torch.stack([xyz[:, :, part.start] for part in hand_parts(layout)])
    middle = wrists.nanmean(dim=0)
    origin = _over_time(middle, per_frame=False)
    in_hands = TORSO_IN_HANDS if unit == "torso" else SHOULDERS_IN_HANDS
    scale = in_hands * hand_size(xyz, layout)
    if layout.has_body:
        shoulders = _middle(xyz, layout, "shoulder")
        if unit == "torso":
            along = shoulders - _middle(xyz, layout, "hip")
        else:
            left, right = (layout.joint(f"{side}_shoulder") for side in ("left", "right"))
            along = xyz[:, :, left] - xyz[:, :, right]
        length = along[..., :2].norm(dim=-1)
        length = _over_time(length.where(length > SMALLEST, torch.nan), per_frame=per_frame)
        body_origin = _over_time(shoulders, per_frame=per_frame)
        origin = torch.where(body_origin.isnan(), origin, body_origin)
        scale = torch.where(length.isnan(), scale, length)
    origin = origin.nan_to_num(0).clone()
    origin[..., 2] = 0
    return origin, scale.nan_to_num(1).clamp(min=SMALLEST)


def about_wrists(
    xyz: Float[Tensor, "clip frame joint axis"],
    placed: Float[Tensor, "clip frame joint axis"],
    layout: Layout,
    *,
    per_frame: bool = False,
    own_size: bool = False,
) -> Float[Tensor, "clip frame joint axis"]:
    """``placed`` with each hand's finger joints put relative to their wrist, in units of hand size.

    Of the larger hand's, or with ``own_size`` of each one's own, where that is known. The wrist
    joint itself stays where it is placed, so that the hand's path is not lost.
    """
    larger = hand_size(xyz, layout, per_frame=per_frame).nan_to_num(1)
    result = placed.clone()
    for part in hand_parts(layout):
        hand, size = xyz[:, :, part], larger
        if own_size:
            own = _hand_size(xyz, [part], per_frame)
            size = torch.where(own.isnan(), larger, own)
        fingers = slice(part.start + 1, part.start + HAND_SIZE)
        result[:, :, fingers] = (hand[:, :, 1:] - hand[:, :, :1]) / size[:, :, None, None]
    return result
