"""How landmarks become the sequence that an encoder reads, and what is varied while training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raysign.config.base import Config

Probability = Annotated[float, Field(ge=0, le=1)]
Sigma = Annotated[float, Field(ge=0, le=2)]


class PrepareConfig(Config):
    """The one ordered list of steps that training and search share; its fingerprint travels with a
    model.

    Defaults follow the reverse dictionary (LREC 2026) where it states a value; the rest is open
    there.
    """

    trim: bool = True
    """Keep only the span from the first to the last frame with a hand."""
    normalise: Literal["clip", "frame"] = "clip"
    """Origin (mid-shoulder), scale (torso length) and hand size from the median over the clip, or
    anew in every frame. Without a body, origin (the wrists' middle) and scale (hand size) are
    always the clip's.
    """
    hands: Literal["wrist", "body"] = "wrist"
    """`wrist`: finger joints relative to their wrist, in units of hand size; the wrist itself keeps
    its place on the body. `body`: every hand joint in the body's frame, as published.
    """
    joints: Literal["signing", "all", "hands", "body"] = "signing"
    """`signing`: leave out knees and feet (a layout without them is unchanged). `all`: every joint.
    `hands`: both hands alone, still placed on the body. `body`: the body alone, less knees and
    feet; a layout without a body refuses it.
    """
    axes: Literal[2, 3] = 3
    """2 drops z, which a single camera only guesses."""
    repair_gap_frames: int = Field(default=8, ge=0, le=100)
    """Gaps up to this many frames inside a hand's track are filled by linear interpolation; 0 =
    never.
    """
    frames: int = Field(default=100, ge=4, le=1000)
    """Length N after linear resampling in time."""
    pose: bool = True
    """Give the encoder the positions."""
    bones: bool = False
    """Give the encoder each joint less its parent, along the layout's bones; where there is none,
    0.
    """
    motion_lags: tuple[Annotated[int, Field(ge=1, le=16)], ...] = (1,)
    """Give the encoder the differences over these numbers of resampled frames; () = no motion."""
    angles: bool = False
    """Give the encoder, for each hand, the cosines of the angles between successive finger bones,
    the palm's unit normal, and the distances between fingertips.
    """
    presence: bool = True
    """Give the encoder one 0/1 channel for each part that says whether it was seen."""

    @model_validator(mode="after")
    def _something_to_read(self) -> PrepareConfig:
        if not (self.pose or self.bones or self.motion_lags):
            raise ValueError(
                "pose=false, bones=false and motion_lags=[] leave the encoder no joint to read"
            )
        return self


class AugmentConfig(Config):
    """What is varied, clip by clip, while training; σ are standard deviations of a normal draw."""

    mirror: Probability = 0.5
    """Chance of a left-right flip, with left and right joints swapped."""
    rotate_sigma_rad: Sigma = 0.1
    """In-plane rotation."""
    scale_sigma: Sigma = 0.1
    """Log-scale, drawn for x and y apart."""
    shear_sigma: Sigma = 0.1
    """Shear of x by y and of y by x."""
    shift_sigma: Sigma = 0.1
    """Shift of the whole body, in units of the normalised scale; finger joints about a wrist stay.
    """
    jitter_sigma: Sigma = 0.01
    """Noise on every joint in every frame."""
    time_warp: float = Field(default=0.3, ge=0, lt=1)
    """Largest relative change of tempo, varying smoothly within the clip."""
    time_mask: Probability = 0.3
    """Chance that a span of up to a quarter of the clip is hidden."""
    joint_drop: Probability = 0.05
    """Chance for each joint to be hidden throughout the clip."""
    hand_drop: Probability = 0.1
    """Chance that one hand is hidden for up to half of the clip."""
