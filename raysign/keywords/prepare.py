"""From a sentence's landmarks to the channels that its frames are read from."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float16
from numpy.typing import NDArray
from torch import Tensor

from raysign.config import KeywordPrepareConfig
from raysign.errors import DataError, LayoutError
from raysign.pose import mirror_image
from raysign.pose.dominant import for_the_right, left_handed
from raysign.pose.features import motion
from raysign.pose.normalise import about_wrists, fingers_of, origin_and_scale
from raysign.pose.prepare import FARTHEST
from raysign.pose.resample import interpolate_at, repaired
from raysign.skeleton import (
    KEYWORD_LAYOUTS,
    OPENPOSE55,
    ChannelMap,
    Layout,
    sources,
)

VERSION = 3
"""Counted up when a step's result changes for the same config: old fingerprints stop matching."""

AXES = 3
"""Numbers of a joint: x, y, and its confidence or presence."""

SAME_RATE = 0.02
"""A sentence whose frames a second differ by less than this share is not resampled."""


@dataclass(frozen=True)
class PrepareSentences:
    """Sentences of one layout, of any length → frames with x, y and presence → channels.

    ``geometry`` is all that can be done once and kept; ``channels`` comes after augmentation.
    ``LayoutError`` where the layout has no body: keyword search reads ``openpose55``'s joints.
    """

    config: KeywordPrepareConfig
    layout: Layout

    def __post_init__(self) -> None:
        if not self.layout.has_body:
            raise LayoutError(
                f"keyword search needs a body and both hands, got layout {self.layout.name!r}; "
                "extract the store with --layout holistic75"
            )

    @property
    def output(self) -> Layout:
        """The joints that are left after ``geometry``."""
        return KEYWORD_LAYOUTS[self.config.joints]

    @property
    def relative(self) -> tuple[bool, ...]:
        """For each joint of ``output``: does it stand relative to its wrist?"""
        fingers = fingers_of(self.output)
        return fingers if self.config.hands == "wrist" else (False,) * len(fingers)

    @property
    def channel_map(self) -> ChannelMap:
        """Which channel of ``channels`` is what."""
        lags = (f"motion_{lag}" for lag in self.config.motion_lags)
        return ChannelMap(self.output, AXES, ("position", *lags))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits; two prepares with the same one give the same numbers."""
        text = f"keywords {VERSION}\n{self.layout.name}\n{self.config.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def rate(self, fps: float | None) -> float:
        """Frames of a sentence for each frame of its ``geometry``: 1 where nothing is resampled."""
        if not fps or not math.isfinite(fps):
            return 1.0
        rate = fps / self.config.fps
        return rate if rate > 0 and abs(rate - 1) > SAME_RATE else 1.0

    def geometry(
        self,
        xyz: NDArray[np.floating[Any]],
        confidence: NDArray[np.floating[Any]] | None = None,
        aspect: float = 1.0,
        fps: float | None = None,
        left: bool | None = None,
    ) -> Float16[np.ndarray, "frame_out joint_out axis"]:
        """OpenPose's joints; resampled, dominant hand to the right, repaired, normalised, chosen.

        Args:
            xyz: one sentence's landmarks [frame joint 3] as a store holds them, NaN where missing.
            confidence: the detector's, [frame joint]; None: 1 for what is detected.
            aspect: width / height of the picture, 1 where unknown.
            fps: frames a second; None or NaN where unknown: the frames stay as they are.
            left: whether the signer's dominant hand is the left one; None: this sentence tells.
                Nobody asks with ``prepare.dominant=right``.

        Returns:
            x and y of each joint, NaN where it is missing, and its confidence, 0 there; all NaN
            and 0 where nobody is seen. Without ``prepare.confidence`` 1 where x and y are.

        ``DataError`` where there is no frame, or there are more than ``prepare.longest_frames``.
        """
        joints, trust = self._in_time(xyz, confidence, aspect, fps)
        if self.config.dominant == "found":
            if left is None:
                left = bool(left_handed(joints, OPENPOSE55)[0])
            if left:
                joints = mirror_image(joints, OPENPOSE55)
                trust = trust[:, :, list(OPENPOSE55.mirror)]
        joints = repaired(joints, OPENPOSE55, self.config.repair_gap_frames)
        placed = self._normalised(joints)
        keep = [OPENPOSE55.joint(name) for name in self.output.joints]
        placed, trust = placed[:, :, keep, :2].clamp(-FARTHEST, FARTHEST), trust[:, :, keep]
        if not self.config.confidence:
            trust = (~placed.isnan().any(-1, keepdim=True)).float()
        return torch.cat([placed, trust], dim=-1)[0].numpy().astype(np.float16)

    def for_the_right(
        self, xyz: NDArray[np.floating[Any]], aspect: float = 1.0, fps: float | None = None
    ) -> float:
        """What in a sentence speaks for the right hand as its signer's dominant one; see
        :func:`raysign.pose.dominant.for_the_right`. Arguments and errors as above.
        """
        joints, _ = self._in_time(xyz, None, aspect, fps)
        return float(for_the_right(joints, OPENPOSE55)[0])

    def _in_time(
        self,
        xyz: NDArray[np.floating[Any]],
        confidence: NDArray[np.floating[Any]] | None,
        aspect: float,
        fps: float | None,
    ) -> tuple[Float[Tensor, "1 frame_out 55 3"], Float[Tensor, "1 frame_out 55 1"]]:
        """OpenPose's joints and their confidence, of square pixels and resampled."""
        rate = self.rate(fps)
        frames = self._check_length(len(xyz), rate)
        joints, trust = self._derived(torch.tensor(np.asarray(xyz, np.float32)), confidence)
        joints = joints * joints.new_tensor([aspect, 1.0, aspect])
        if rate != 1:
            at = torch.arange(frames)[None] * rate
            joints, trust = interpolate_at(joints, at), interpolate_at(trust, at)
            trust = trust.masked_fill(joints.isnan().any(-1, keepdim=True), 0)
        return joints, trust

    def _check_length(self, frames: int, rate: float) -> int:
        """How many frames there will be."""
        if not frames:
            raise DataError("it has no frames; leave it out of the store")
        kept = frames_read(frames, rate)
        if kept > self.config.longest_frames:
            raise DataError(
                f"it has {kept} frames at {self.config.fps:g} a second, more than "
                f"prepare.longest_frames={self.config.longest_frames}; cut it into sentences"
            )
        return kept

    @cached_property
    def _sources(self) -> tuple[tuple[int, ...], ...]:
        return sources(OPENPOSE55, self.layout)

    def _derived(
        self, xyz: Float[Tensor, "frame joint 3"], confidence: NDArray[np.floating[Any]] | None
    ) -> tuple[Float[Tensor, "1 frame 55 3"], Float[Tensor, "1 frame 55 1"]]:
        """OpenPose's joints and their confidence; a joint of two has the lower one's."""
        known = xyz[..., :2].isfinite().all(-1)
        trust = known.float()
        if confidence is not None:
            given = torch.tensor(np.asarray(confidence, np.float32)).nan_to_num(0).clamp(0, 1)
            trust = trust * given
        xyz = torch.cat([xyz[..., :2], xyz[..., 2:].nan_to_num(0, 0, 0)], dim=-1)
        xyz = xyz.masked_fill(~known[..., None], torch.nan)
        joints = torch.stack([xyz[:, list(of)].mean(1) for of in self._sources], dim=1)
        trusts = torch.stack([trust[:, list(of)].amin(1) for of in self._sources], dim=1)
        return joints[None], trusts[None, ..., None]

    def _normalised(self, xyz: Float[Tensor, "1 frame 55 3"]) -> Float[Tensor, "1 frame 55 3"]:
        per_frame = self.config.normalise == "frame"
        origin, scale = origin_and_scale(
            xyz, OPENPOSE55, per_frame=per_frame, unit=self.config.scale
        )
        placed = (xyz - origin[:, :, None]) / scale[:, :, None, None]
        if self.config.hands == "wrist":
            placed = about_wrists(xyz, placed, OPENPOSE55, per_frame=per_frame)
        return placed

    def channels(
        self, joints: Float[Tensor, "sentence frame joint axis"]
    ) -> Float[Tensor, "sentence frame channel"]:
        """What ``channel_map`` names, side by side; missing values become 0 only here.

        The confidence, or presence, tells a missing joint from one that stands at the origin.
        """
        copies = [joints, *(motion(joints, lag) for lag in self.config.motion_lags)]
        return torch.cat([copy.flatten(2) for copy in copies], dim=-1).nan_to_num(0)


def frames_read(frames: int, rate: float) -> int:
    """How many frames are read of a sentence of one frame or more: those at 0, ``rate``, 2 ``rate``
    and so on, up to its last one.
    """
    return max(1, math.floor((frames - 1) / rate) + 1)
