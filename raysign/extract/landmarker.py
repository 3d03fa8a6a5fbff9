"""What turns pictures into landmarks: one interface, two backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from raysign.config.extract import ExtractConfig
from raysign.extract.backend import chosen_backend
from raysign.skeleton import BODY_JOINTS, HAND_SIZE, HOLISTIC75

BODY = HOLISTIC75.parts["body"]
LEFT_HAND = HOLISTIC75.parts["left_hand"]
RIGHT_HAND = HOLISTIC75.parts["right_hand"]


class Landmarks(NamedTuple):
    """One picture's landmarks in layout ``holistic75``."""

    xyz: Float32[np.ndarray, "75 3"]
    """In units of the picture's width and height; NaN where not detected."""
    confidence: Float32[np.ndarray, "75"]
    """Of the body, MediaPipe's visibility; of a hand, 1 if it was found; else 0."""


@runtime_checkable
class Landmarker(Protocol):
    """Finds landmarks in the pictures of one video after another.

    It follows the signer from picture to picture, so it must see a video's pictures in order, each
    once, and be reset between videos. MediaPipe takes them to be 1/30 s apart, whatever the rate:
    it matters to the smoothing.
    """

    def landmarks(self, rgb: UInt8[np.ndarray, "height width rgb"]) -> Landmarks:
        """The next picture's landmarks; ``rgb`` is contiguous and read-only."""
        ...

    def reset(self) -> None:
        """Forget the pictures before: what follows is exactly as from a new landmarker."""
        ...

    def close(self) -> None:
        """Free MediaPipe's memory, some 200 MB."""
        ...


def open_landmarker(config: ExtractConfig) -> Landmarker:
    """A landmarker of the backend that ``config`` means here.

    Raises:
        ExtractionError: MediaPipe, or something that it needs, is not there.
    """
    if chosen_backend(config) == "holistic":
        from raysign.extract.holistic import HolisticLandmarker

        return HolisticLandmarker(config)
    from raysign.extract.tasks import TasksLandmarker

    return TasksLandmarker(config)


def joined(
    body: Sequence[Any] | None, left: Sequence[Any] | None, right: Sequence[Any] | None
) -> Landmarks:
    """MediaPipe's three lists of landmarks, each None or empty where nothing was found, as one."""
    xyz = np.full((HOLISTIC75.num_joints, 3), np.nan, np.float32)
    confidence = np.zeros(HOLISTIC75.num_joints, np.float32)
    if body:
        xyz[BODY] = [(mark.x, mark.y, mark.z) for mark in body[: len(BODY_JOINTS)]]
        confidence[BODY] = [mark.visibility for mark in body[: len(BODY_JOINTS)]]
    for hand, part in ((left, LEFT_HAND), (right, RIGHT_HAND)):
        if hand:
            xyz[part] = [(mark.x, mark.y, mark.z) for mark in hand[:HAND_SIZE]]
            confidence[part] = 1
    return Landmarks(xyz, confidence)
