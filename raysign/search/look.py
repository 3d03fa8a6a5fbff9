"""What can be seen of a recording in its landmarks: how much of it signs, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from raysign.clip import Clip
from raysign.skeleton import Layout, layout_named

SIDES = ("left", "right")

ENDS = 0.15
"""Share of the signing, at either end, in which a hand may be cut off: it comes, or goes."""


@dataclass(frozen=True, eq=False)
class Look:
    """What the remarks look at."""

    layout: Layout
    xy: Float[np.ndarray, "frame joint 2"]
    """In units of the picture's width and height; NaN = not detected."""
    square: Float[np.ndarray, "frame joint 2"]
    """The same in units of the picture's shorter side."""
    hand: Bool[np.ndarray, "frame 2"]
    """Whether any joint of the left, of the right hand is seen."""
    fps: float | None
    shorter_px: int | None
    """The picture's shorter side; None where it is not known."""

    @classmethod
    def at(cls, clip: Clip) -> Look:
        """The landmarks of one recording, in a layout with two hands."""
        layout = layout_named(clip.layout)
        xy = clip.xyz[..., :2].astype(np.float32)
        scale = np.asarray([max(clip.aspect, 1), max(1 / clip.aspect, 1)], dtype=np.float32)
        shorter = min(clip.width, clip.height) if clip.width and clip.height else None
        seen = ~np.isnan(xy[..., 0])
        hand = np.stack([seen[:, layout.parts[f"{s}_hand"]].any(axis=1) for s in SIDES], axis=1)
        return cls(layout, xy, xy * scale, hand, clip.fps, shorter)

    @property
    def signing(self) -> slice:
        """From the first frame with a hand to the last; empty where there is none."""
        frames = np.flatnonzero(self.hand.any(axis=1))
        return slice(int(frames[0]), int(frames[-1]) + 1) if len(frames) else slice(0, 0)

    @property
    def inside(self) -> slice:
        """The signing less its ends, in which hands come into the picture and go."""
        ends = int(ENDS * self.signing_frames)
        return slice(self.signing.start + ends, self.signing.stop - ends)

    @property
    def signing_frames(self) -> int:
        frames = self.signing
        return int(frames.stop - frames.start)

    @property
    def hands_seen(self) -> float:
        """Share of the signing's frames with a hand, 0 where there is none."""
        return float(self.hand[self.signing].any(axis=1).mean()) if self.signing_frames else 0.0

    @property
    def body_seen(self) -> float | None:
        """Share of all frames with a body; None where the layout has none."""
        if not self.layout.has_body:
            return None
        return float((~np.isnan(self.xy[:, self.layout.parts["body"], 0])).any(axis=1).mean())

    def seconds(self, frames: int) -> float | None:
        """How long so many frames last; None where the rate is not known."""
        return frames / self.fps if self.fps else None

    def joint(self, name: str) -> Float[np.ndarray, "frame 2"]:
        """One joint's place, in units of the picture's width and height."""
        return self.xy[:, self.layout.joint(name)]

    def length(self, first: int, second: int) -> float:
        """The median distance of two joints in units of the shorter side, NaN where never seen."""
        apart = np.linalg.norm(self.square[:, first] - self.square[:, second], axis=1)
        known = apart[~np.isnan(apart)]
        return float(np.median(known)) if len(known) else np.nan
