"""How landmarks become the sequence that an encoder reads, and what is varied while training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from raysign.config.base import Config

Probability = Annotated[float, Field(ge=0, le=1)]
Sigma = Annotated[float, Field(ge=0, le=2)]
Share = Annotated[float, Field(ge=0, lt=1)]


class PrepareConfig(Config):
    """The one ordered list of steps that training and search share; its fingerprint travels with a
    model.

    Defaults follow the reverse dictionary (LREC 2026) where it states a value; the rest is open
    there.
    """

    trim: Literal[True, False, "jerk"] = True
    """`true`: keep only the span from the first to the last frame with a hand. `jerk`: keep what
    lies between the elbows' moves into and out of rest, as the one-shot system does (arXiv
    2502.20171); a layout without elbows refuses it.
    """
    normalise: Literal["clip", "frame"] = "clip"
    """Origin (mid-shoulder), scale (torso length) and hand size from the median over the clip, or
    anew in every frame. Without a body, origin (the wrists' middle) and scale (hand size) are
    always the clip's.
    """
    scale: Literal["torso", "shoulders"] = "torso"
    """The body's unit of length: mid-shoulder to mid-hip (LREC 2026), or shoulder to shoulder
    (arXiv 2502.20171). Without a body, so many hand sizes as make about that.
    """
    hands: Literal["wrist", "body"] = "wrist"
    """`wrist`: finger joints relative to their wrist, in units of hand size; the wrist itself keeps
    its place on the body. `body`: every hand joint in the body's frame, as published.
    """
    own_hand_size: bool = False
    """With `hands: wrist`, each hand in units of its own size (arXiv 2502.20171), not of the larger
    hand's.
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
    the palm's unit normal, and the distances between fingertips. A body alone has none.
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
    """s: at five points of the clip its tempo is drawn from 1 − s to 1 + s, linear in between. The
    clip, less a crop of up to s / 4 at either end, is then stretched over all its frames, so that
    its own tempo may be changed by more than s.
    """
    time_mask: Probability = 0.3
    """Chance that a span of up to a quarter of the clip is hidden."""
    joint_drop: Probability = 0.05
    """Chance for each joint to be hidden throughout the clip."""
    hand_drop: Probability = 0.1
    """Chance that one hand is hidden for up to half of the clip."""
    time_shift: Probability = 0.0
    """Chance that the clip is moved in time; the frames left empty are missing. From here on as the
    one-shot system has it (arXiv 2502.20171), each with a chance of .2 there.
    """
    time_shift_share: Share = 0.1
    """By at most this share of its frames, either way; by one frame at least."""
    time_crop: Probability = 0.0
    """Chance that only a part of the clip is kept, and stretched over all its frames."""
    time_crop_share: Annotated[float, Field(ge=0, le=1)] = 0.8
    """The shortest part that is kept, as a share of the clip."""
    frame_drop: Probability = 0.0
    """Chance that some frames are left out, and the rest stretched over all the clip's."""
    frame_drop_share: Share = 0.1
    """So many of the frames."""
    hand_rotate: Probability = 0.0
    """Chance that each hand is turned about its wrist, in the picture plane."""
    hand_rotate_rad: Annotated[float, Field(ge=0, le=3.2)] = 0.262
    """By at most this angle, drawn for each hand apart; 15° there."""
    hand_jitter: Probability = 0.0
    """Chance of noise on every joint of the hands in every frame."""
    hand_jitter_sigma: Sigma = 0.035
    """In normalised units, that is for fingers in hand sizes. It is .003 of the picture there, in
    which the median hand of WLASL100 measures .086.
    """
    hand_frame_drop: Probability = 0.0
    """Chance that one hand is hidden in some frames."""
    hand_frame_drop_share: Share = 0.1
    """In so many of the frames."""
