"""The one ordered list of steps from landmarks to what an encoder reads.

Training and search share it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from raysign.config import PrepareConfig
from raysign.pose.hands import assign_hands
from raysign.pose.normalise import (
    about_wrists,
    hand_parts,
    origin_and_scale,
    seen,
    signing_span,
)
from raysign.pose.resample import fill_gaps, interpolate_at
from raysign.skeleton import HAND_SIZE, LEG_JOINTS, Layout

VERSION = 1
"""Counted up when a step's result changes for the same config: old fingerprints stop matching."""

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

    @property
    def output(self) -> Layout:
        """The joints that are left after ``geometry``."""
        return self.layout.without(LEG_JOINTS) if self.config.joints == "signing" else self.layout

    @property
    def relative(self) -> tuple[bool, ...]:
        """For each joint of ``output``: does it stand relative to its wrist?"""
        fingers: set[int] = set()
        if self.config.hands == "wrist":
            for part in hand_parts(self.output):
                fingers.update(range(part.start + 1, part.start + HAND_SIZE))
        return tuple(joint in fingers for joint in range(self.output.num_joints))

    @property
    def num_channels(self) -> int:
        """Channels a frame, as ``channels`` gives them."""
        values = self.output.num_joints * self.config.axes
        copies = int(self.config.pose) + len(self.config.motion_lags)
        return values * copies + (len(self.output.parts) if self.config.presence else 0)

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits; two prepares with the same one give the same numbers."""
        text = f"{VERSION}\n{self.layout.name}\n{self.config.model_dump_json()}"
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
        if config.trim:
            first, last = signing_span(xyz, self.layout)
        else:
            # What lies after the last frame with any joint is padding as far as anyone can tell.
            frames = torch.arange(xyz.shape[1], device=xyz.device)
            last = torch.where(present, frames, 0).amax(dim=1).float()
            first = torch.zeros_like(last)
        xyz = self._repaired(xyz)
        per_frame = config.normalise == "frame"
        origin, scale = origin_and_scale(xyz, self.layout, per_frame=per_frame)
        placed = (xyz - origin[:, :, None]) / scale[:, :, None, None]
        if config.hands == "wrist":
            placed = about_wrists(xyz, placed, self.layout, per_frame=per_frame)
        keep = [self.layout.joint(name) for name in self.output.joints]
        placed = placed[:, :, keep, : config.axes].clamp(-FARTHEST, FARTHEST)
        steps = torch.linspace(0, 1, config.frames, device=xyz.device)
        return interpolate_at(placed, first[:, None] + steps * (last - first)[:, None])

    def _repaired(
        self, xyz: Float[Tensor, "clip frame joint 3"]
    ) -> Float[Tensor, "clip frame joint 3"]:
        if not self.config.repair_gap_frames:
            return xyz
        xyz = xyz.clone()
        for part in hand_parts(self.layout):
            hand = xyz[:, :, part]
            xyz[:, :, part] = fill_gaps(hand, seen(hand).any(-1), self.config.repair_gap_frames)
        return xyz

    def channels(
        self, xyz: Float[Tensor, "clip frame joint axis"]
    ) -> Float[Tensor, "clip frame channel"]:
        """Positions, motion and presence side by side; missing values become 0 only here.

        Presence tells a missing part from one that stands at the origin.
        """
        parts = []
        if self.config.pose:
            parts.append(xyz.flatten(2).nan_to_num(0))
        for lag in self.config.motion_lags:
            motion = torch.zeros_like(xyz)
            motion[:, lag:] = xyz[:, lag:] - xyz[:, :-lag]
            parts.append(motion.flatten(2).nan_to_num(0))
        if self.config.presence:
            parts.append(self.present(xyz).to(xyz.dtype))
        return torch.cat(parts, dim=-1)

    def present(
        self, xyz: Float[Tensor, "clip frame joint axis"]
    ) -> Bool[Tensor, "clip frame part"]:
        """True where any joint of a part is seen; parts in the layout's order."""
        joints = seen(xyz)
        return torch.stack([joints[:, :, p].any(-1) for p in self.output.parts.values()], dim=-1)
