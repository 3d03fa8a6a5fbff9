"""How videos become landmarks."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from raysign.config.base import Config

Fraction = Annotated[float, Field(ge=0, le=1)]


class CropConfig(Config):
    """The part of the picture that is looked at, in units of its width and height, after rotation.

    Landmarks are given in units of the crop.
    """

    left: Fraction = 0.0
    """Where it begins, from the picture's left side."""
    top: Fraction = 0.0
    """Where it begins, from the picture's top."""
    right: Fraction = 1.0
    """Where it ends, from the picture's left side."""
    bottom: Fraction = 1.0
    """Where it ends, from the picture's top."""

    @model_validator(mode="after")
    def _has_area(self) -> CropConfig:
        if self.left >= self.right or self.top >= self.bottom:
            raise ValueError("left must be less than right, and top less than bottom")
        return self


class LookConfig(Config):
    """How pictures are looked at: what a query should have in common with the clips it finds."""

    complexity: Literal[0, 1, 2] = 1
    """Of `holistic`'s body model: lite, full, heavy. MediaPipe's wheel holds only 1."""
    detection_confidence: Fraction = 0.5
    """Least confidence with which a body is found."""
    tracking_confidence: Fraction = 0.5
    """Least confidence with which a body is followed instead of found anew."""
    smooth: bool = True
    """Smooth the body's landmarks over time, as MediaPipe does by default."""
    fps: float | None = Field(default=None, gt=0, le=240)
    """Frames a second to take, by their time; None: the video's own rate, every frame."""


class ExtractConfig(LookConfig):
    """What decides about a clip's landmarks. Its fingerprint travels with the store."""

    LISTED: ClassVar[str] = "raysign config --kind extract"

    backend: Literal["auto", "holistic", "tasks"] = "auto"
    """`holistic`: MediaPipe's Holistic graph (0.10.21 and older) without the face mesh. `tasks`:
    the HolisticLandmarker of newer MediaPipe, with `model`. `auto`: what is installed can run.
    """
    model: str = ""
    """Path of holistic_landmarker.task; read by `tasks` only."""
    most_fps: float | None = Field(default=None, gt=0, le=240)
    """Videos with more frames a second are taken at this rate, as by `fps`; None: at their own."""
    crop: CropConfig = CropConfig()
    rotation: Literal["auto", 0, 90, 180, 270] = "auto"
    """Degrees clockwise to turn the picture by; `auto`: as the video's metadata says."""
    min_frames: int = Field(default=2, ge=1)
    """Clips with fewer are skipped."""
    max_s: float | None = Field(default=None, gt=0)
    """Clips that last longer are skipped before a frame of them is decoded; None: none are."""
    max_frames: int | None = Field(default=None, ge=1)
    """Clips of which more frames would have to be decoded are skipped before one is, though `fps`
    or `most_fps` would leave some of them out; and afterwards those that have more, because `fps`
    repeats their frames or gaps between them are filled; None: none are."""
    max_pixels: int | None = Field(default=None, ge=1)
    """Videos with more in a picture are skipped before one is decoded; None: none are."""
    keep_truncated: bool = False
    """Keep what could be decoded of a video that ends early, instead of failing it."""
    timeout_s: float = Field(default=300.0, gt=0)
    """A clip without progress for this long is failed, and its process ended. Progress is a
    piece of the file read, a frame decoded or looked at: a long video takes as long as it needs."""
