"""``.pose`` files of MediaPipe Holistic, through the pose-format library.

The format: https://github.com/sign-language-processing/pose/blob/master/docs/specs ; what Holistic
puts into it: ``pose_format.utils.holistic`` (not imported, for it needs MediaPipe). What maps to
what:

* components ``POSE_LANDMARKS``, ``LEFT_HAND_LANDMARKS``, ``RIGHT_HAND_LANDMARKS`` ↔ the body and
  hands of ``holistic75``, joint by joint by name; face and world landmarks are left out;
* x and y in pixels of the header's width and height ↔ units of them; z as it is (0 where a file has
  none);
* confidence 0 ↔ missing (NaN). A joint that is there with confidence 0 in a store is written with
  ``LEAST``, which float16 can still tell from 0;
* frames a second 0 ↔ not known. A clip whose picture's size is not known is written as ``UNKNOWN``
  × ``UNKNOWN`` pixels, pose-format's own default for OpenPose's, and comes back with it.

A file knows no labels: those come from the manifest's row.
"""

from __future__ import annotations

import math
import struct
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

from raysign.clip import Clip
from raysign.datasets.found import labels_of
from raysign.errors import DataError, LayoutError
from raysign.skeleton import BODY_BONES, BODY_JOINTS, HAND_BONES, HAND_JOINTS, HOLISTIC75
from raysign.whole import whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from raysign.manifest import VideoClip

SUFFIX = ".pose"
VERSION = 0.2
UNKNOWN = 1000
LEAST = float(np.finfo(np.float16).smallest_subnormal)

COMPONENTS = {
    "POSE_LANDMARKS": ("body", BODY_JOINTS, BODY_BONES, (255, 0, 0)),
    "LEFT_HAND_LANDMARKS": ("left_hand", HAND_JOINTS, HAND_BONES, (0, 128, 0)),
    "RIGHT_HAND_LANDMARKS": ("right_hand", HAND_JOINTS, HAND_BONES, (0, 0, 192)),
}
"""Component → our part, its joints, its bones, and the colour that viewers draw it in."""

# What pose-format raises on bytes that are no .pose file, or half of one.
BROKEN = (struct.error, ValueError, TypeError, IndexError, NotImplementedError, MemoryError)


def read_pose(row: VideoClip) -> Clip:
    """One ``.pose`` file as a ``holistic75`` clip, with the row's labels.

    Joints and components that the file lacks are missing. Of several people the one with the
    greatest summed confidence is taken. ``DataError`` where the file cannot be read or is not
    Holistic's.
    """
    labels = labels_of(row)
    try:
        pose = Pose.read(Path(row.path).read_bytes(), NumPyPoseBody)
        points = np.asarray(pose.body.data.data, dtype=np.float32)
        confidence = np.asarray(pose.body.confidence, dtype=np.float32)
    except OSError as error:
        raise DataError(f"cannot read {row.path!r}: {error.strerror}") from None
    except BROKEN as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"{row.path!r} is not a .pose file, or damaged: {reason}") from None
    width, height = pose.header.dimensions.width, pose.header.dimensions.height
    if not (width and height):
        raise DataError(f"{row.path!r}: its picture is {width} × {height} pixels")
    person = confidence.sum(axis=(0, 2)).argmax() if confidence.shape[1] else None
    xyz = np.full((len(points), HOLISTIC75.num_joints, 3), np.nan, dtype=np.float32)
    seen = np.zeros(xyz.shape[:2], dtype=np.float32)
    for ours, theirs in _joints(pose.header, row.path):
        if person is None:
            break
        axes = min(points.shape[-1], 3)
        xyz[:, ours, 2] = 0
        xyz[:, ours, :axes] = points[:, person, theirs, :axes]
        seen[:, ours] = confidence[:, person, theirs]
    xyz[..., 0] /= width
    xyz[..., 1] /= height
    xyz[~(seen > 0)] = np.nan
    fps = float(pose.body.fps)
    return Clip(
        xyz=xyz,
        layout=HOLISTIC75.name,
        fps=fps if math.isfinite(fps) and fps > 0 else None,
        width=width,
        height=height,
        confidence=seen,
        **labels,
    )


def write_pose(clip: Clip, path: str | Path) -> None:
    """Write a clip as a ``.pose`` file, which appears whole or not at all.

    ``LayoutError`` where the clip is not ``holistic75``: the two hands of ``hands42`` have no side,
    and OpenPose's joints are others. ``DataError`` where the file cannot be written.
    """
    if clip.layout != HOLISTIC75.name:
        raise LayoutError(
            f"clip {clip.clip_id!r}: .pose files are written from {HOLISTIC75.name}, "
            f"got {clip.layout}"
        )
    buffer = BytesIO()
    _pose_of(clip).write(buffer)
    with whole_file(path) as draft:
        draft.write_bytes(buffer.getvalue())


def _joints(header: PoseHeader, path: str) -> list[tuple[int, int]]:
    """Pairs of our joint and the file's point of the same name."""
    pairs: list[tuple[int, int]] = []
    start = 0
    for component in header.components:
        if component.name in COMPONENTS:
            part, names, _, _ = COMPONENTS[component.name]
            first = HOLISTIC75.parts[part].start
            pairs += [
                (first + names.index(point.lower()), start + place)
                for place, point in enumerate(component.points)
                if point.lower() in names
            ]
        start += len(component.points)
    if not pairs:
        named = ", ".join(component.name for component in header.components) or "nothing"
        raise DataError(
            f"{path!r} is not of MediaPipe Holistic: it holds {named}; expected "
            f"{', '.join(COMPONENTS)}"
        )
    return pairs


def _pose_of(clip: Clip) -> Pose:
    width, height = clip.width or UNKNOWN, clip.height or UNKNOWN
    missing: NDArray[np.bool_] = np.isnan(clip.xyz).any(axis=2)
    given = np.ones(missing.shape) if clip.confidence is None else clip.confidence
    confidence = np.where(missing, 0, np.nan_to_num(given).clip(min=LEAST)).astype(np.float32)
    points = clip.xyz.astype(np.float32) * np.asarray([width, height, 1], dtype=np.float32)
    points[missing] = 0
    components: list[Any] = [
        PoseHeaderComponent(
            name=name,
            points=[joint.upper() for joint in joints],
            limbs=list(bones),
            colors=[colour],
            point_format="XYZC",
        )
        for name, (_, joints, bones, colour) in COMPONENTS.items()
    ]
    header = PoseHeader(VERSION, PoseHeaderDimensions(width, height), components)
    body = NumPyPoseBody(clip.fps or 0.0, points[:, None], confidence[:, None])
    return Pose(header, body)
