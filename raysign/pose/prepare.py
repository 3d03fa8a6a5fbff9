"""The one ordered list of steps from landmarks to what an encoder reads.

Training and search share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.config import PrepareConfig
from raysign.errors import LayoutError
from raysign.pose.features import bones, hand_shape, hand_shape_extras, motion
from raysign.pose.hands import assign_hands
from raysign.pose.normalise import (
    about_wrists,
    fingers_of,
    origin_and_scale,
    seen,
    signing_span,
)
from raysign.pose.resample import interpolate_at, repaired
from raysign.pose.trim import elbow_span, has_elbows
from raysign.skeleton import ChannelMap, Extra, Layout

VERSION = 1
"""Counted up when a step's result changes for the same config: old fingerprints stop matching."""

LATER: Mapping[str, object] = {
    "bones": False,
    "angles": False,
    "scale": "torso",
    "own_hand_size": False,
}
"""Settings that the first fingerprints did not know, and the value with which they change no
number. With it they leave the fingerprint as it was, so that models from before them go on being
read.
"""

FARTHEST = 20.0
"""In torso or hand lengths. WLASL's landmarks stay within 8; what lies farther out is a failed
detection, and could overflow the float16 that prepared clips are kept in.
"""


@dataclass(frozen=True)
class Prepare:
    """Landmarks of one layout → sequences of N frames → channels.

    ``geometry`` is all that can be done once and kept; ``channels`` comes after augmentation.
    """

    config: PrepareConfig
    layout: Layout

    def __post_init__(self) -> None:
        if self.config.joints == "body" and not self.layout.has_body:
            raise LayoutError(
                f"layout {self.layout.name!r} has no body, got prepare.joints=body; "
                "type prepare.joints=hands"
            )
        if self.config.trim == "jerk" and not has_elbows(self.layout):
            raise LayoutError(
                f"layout {self.layout.name!r} has no elbows, got prepare.trim=jerk; "
                "type prepare.trim=true"
            )

    @property
    def output(self) -> Layout:
        """The joints that are left after ``geometry``."""
        return self.layout.only(self.config.joints)

    @property
    def relative(self) -> tuple[bool, ...]:
        """For each joint of ``output``: does it stand relative to its wrist?"""
        fingers = fingers_of(self.output)
        return fingers if self.config.hands == "wrist" else (False,) * len(fingers)

    @property
    def channel_map(self) -> ChannelMap:
        """Which channel of ``channels`` is what."""
        config, layout = self.config, self.output
        copies = [
            *(["position"] if config.pose else []),
            *(["bone"] if config.bones else []),
            *(f"motion_{lag}" for lag in config.motion_lags),
        ]
        extras: list[Extra] = []
        if config.angles:
            for part in self._hands:
                extras.extend(hand_shape_extras(part, config.axes))
        if config.presence:
            extras.extend(Extra(f"{part}_presence", part) for part in layout.parts)
        return ChannelMap(layout, config.axes, tuple(copies), tuple(extras))

    @property
    def num_channels(self) -> int:
        """Channels a frame, as ``channels`` gives them."""
        return self.channel_map.num_channels

    @property
    def _hands(self) -> list[str]:
        """The hands of ``output``, in its order."""
        return [part for part in self.output.parts if part.endswith("_hand")]

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits; two prepares with the same one give the same numbers."""
        unused = {name for name, value in LATER.items() if getattr(self.config, name) == value}
        text = f"{VERSION}\n{self.layout.name}\n{self.config.model_dump_json(exclude=unused)}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def geometry(
        self, xyz: Float[Tensor, "clip frame joint 3"], aspect: Float[Tensor, "clip"]
    ) -> Float[Tensor, "clip sample joint_out axis"]:
        """Assign hands, square the pixels, repair, normalise, centre the hands, trim and resample.

        Args:
            xyz: landmarks as a store holds them, NaN where missing and in short clips' padding.
            aspect: width / height of each clip's picture, 1 where unknown.

        A clip's result depends neither on its padding nor on the other clips. A clip in which
        nothing is seen stays all NaN.
        """
        config = self.config
        if self.layout.hands_unordered:
            xyz = assign_hands(xyz)
        present = seen(xyz).any(-1)
        square = torch.stack([aspect, torch.ones_like(aspect), aspect], dim=-1)
        xyz = xyz * square[:, None, None]
        if config.trim == "jerk":
            first, last = elbow_span(xyz, self.layout)
        elif config.trim:
            first, last = signing_span(xyz, self.layout)
        else:
            # What lies after the last frame with any joint is padding as far as anyone can tell.
            frames = torch.arange(xyz.shape[1], device=xyz.device)
            last = torch.where(present, frames, 0).amax(dim=1).float()
            first = torch.zeros_like(last)
        xyz = repaired(xyz, self.layout, config.repair_gap_frames)
        per_frame = config.normalise == "frame"
        origin, scale = origin_and_scale(xyz, self.layout, per_frame=per_frame, unit=config.scale)
        placed = (xyz - origin[:, :, None]) / scale[:, :, None, None]
        if config.hands == "wrist":
            placed = about_wrists(
                xyz, placed, self.layout, per_frame=per_frame, own_size=config.own_hand_size
            )
        keep = [self.layout.joint(name) for name in self.output.joints]
        placed = placed[:, :, keep, : config.axes].clamp(-FARTHEST, FARTHEST)
        steps = torch.linspace(0, 1, config.frames, device=xyz.device)
        return interpolate_at(placed, first[:, None] + steps * (last - first)[:, None])

    def channels(
        self, xyz: Float[Tensor, "clip frame joint axis"]
    ) -> Float[Tensor, "clip frame channel"]:
        """What ``channel_map`` names, side by side; missing values become 0 only here.

        Presence tells a missing part from one that stands at the origin.
        """
        config = self.config
        parts = []
        if config.pose:
            parts.append(xyz.flatten(2))
        if config.bones:
            parts.append(bones(xyz, self.output, self.relative).flatten(2))
        parts.extend(motion(xyz, lag).flatten(2) for lag in config.motion_lags)
        if config.angles:
            parts.extend(self._hand_shape(xyz, part) for part in self._hands)
        if config.presence:
            parts.append(self.present(xyz).to(xyz.dtype))
        return torch.cat(parts, dim=-1).nan_to_num(0)

    def _hand_shape(
        self, xyz: Float[Tensor, "clip frame joint axis"], part: str
    ) -> Float[Tensor, "clip frame extra"]:
        hand = xyz[:, :, self.output.parts[part]]
        if self.config.hands == "wrist":
            # The fingers stand about their wrist; its own place is that of the hand's path.
            hand = torch.cat([torch.zeros_like(hand[:, :, :1]), hand[:, :, 1:]], dim=2)
        return hand_shape(hand, left=part.startswith("left"))

    def present(
        self, xyz: Float[Tensor, "clip frame joint axis"]
    ) -> Bool[Tensor, "clip frame part"]:
        """True where any joint of a part is seen; parts in the layout's order."""
        joints = seen(xyz)
        return torch.stack([joints[:, :, p].any(-1) for p in self.output.parts.values()], dim=-1)
