"""What a request asks with, as clips."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

import numpy as np

from raysign.clip import USUAL_FPS, Clip
from raysign.search.query import between
from raysign.serve.problems import Refused
from raysign.serve.takes.made import check
from raysign.serve.words import Landmarks, Part
from raysign.skeleton import layout_named

HALF = np.dtype("<f2")
AXES = 3


def part_of(clip: Clip, part: Part) -> Clip:
    """The part of a take that asks.

    Raises:
        Refused: 422 ``empty_span``, or as ``check``.
    """
    check_span(part.start_s, part.end_s)
    fps = clip.fps or USUAL_FPS
    cut = between(replace(clip, fps=fps), part.start_s, part.end_s)
    if not len(cut.xyz):
        raise Refused(
            422,
            "empty_span",
            f"Nothing of the recording lies there: it lasts {len(clip.xyz) / fps:.1f} seconds.",
        )
    if part.start_s is not None or part.end_s is not None:
        check(cut)
    return cut


def check_span(start_s: float | None, end_s: float | None) -> None:
    """``Refused`` where a span ends before it begins."""
    if end_s is not None and end_s <= (start_s or 0.0):
        raise Refused(422, "empty_span", "The part's end must come after its beginning.")


def clip_from(landmarks: Landmarks, number: int, longest_s: float) -> Clip:
    """Landmarks that somebody sent.

    Args:
        landmarks: as they came.
        number: which of several, from 1.
        longest_s: how long they may last.

    Raises:
        Refused: they are not what they say, or cannot ask.
    """
    joints = layout_named(landmarks.layout).num_joints
    shape = (landmarks.frames, joints, AXES)
    bytes_ = HALF.itemsize * int(np.prod(shape))
    if landmarks.frames / landmarks.fps > longest_s:
        raise Refused(
            422, "too_long", f"Clip {number} is too long: it may last {longest_s:.0f} seconds."
        )
    try:
        content = base64.b64decode(landmarks.xyz, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(
            422, "not_understood", f"clips.{number - 1}.xyz must be Base64 of float16 numbers."
        ) from None
    if len(content) != bytes_:
        raise Refused(
            422,
            "not_understood",
            f"clips.{number - 1}.xyz must hold {landmarks.frames} frames × {joints} joints × "
            f"{AXES} float16 numbers, {bytes_:,} bytes, got {len(content):,}.",
        )
    clip = Clip(
        clip_id=f"clip {number}",
        xyz=np.frombuffer(content, HALF).reshape(shape).astype(np.float16),
        layout=landmarks.layout,
        fps=landmarks.fps,
        width=landmarks.width,
        height=landmarks.height,
    )
    check(clip)
    return clip
