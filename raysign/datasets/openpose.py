"""OpenPose's JSON: one ``<video>_<number>_keypoints.json`` a frame, a folder a clip.

As OpenPose 1.7 writes it with ``--write_json DIR --hand`` (``doc/02_output.md``), model BODY_25,
coordinates in pixels (``--keypoint_scale 0``, its default)::

    {"version": 1.3, "people": [{"pose_keypoints_2d": [x, y, c, …],         25 × 3
                                 "hand_left_keypoints_2d": [x, y, c, …],    21 × 3, or empty
                                 "hand_right_keypoints_2d": [x, y, c, …], …}]}

The picture's size is not in it and has to be given. What maps to what: the upper body and the hands
→ ``openpose55``; x and y in pixels → units of width and height; z = 0 where a joint is detected;
confidence 0 → missing (NaN). A number that no file has is a frame in which nothing is seen.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ValidationError

from raysign.clip import Clip
from raysign.config.mistakes import plain
from raysign.datasets.found import labels_of
from raysign.datasets.people import signer
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.skeleton import BODY_25_UPPER, HAND_SIZE, OPENPOSE55

if TYPE_CHECKING:
    from numpy.typing import NDArray

BODY_25 = 25
KEPT = [*BODY_25_UPPER, *range(BODY_25, BODY_25 + 2 * HAND_SIZE)]
"""Of BODY_25, left hand and right hand one after the other, the joints of ``openpose55``."""

OUTSIDE = 1.1
"""Keypoints farther out than this, in units of the picture, are another picture's."""
MOST_GAPS = 10
"""Numbers per file; beyond it the files are not one video's."""

_NAME = re.compile(r"(?P<video>.*?)_?(?P<number>\d+)_keypoints\.json")


class _Person(BaseModel):
    pose_keypoints_2d: list[float] = []
    hand_left_keypoints_2d: list[float] = []
    hand_right_keypoints_2d: list[float] = []


class _Frame(BaseModel):
    people: list[_Person]


def find(root: str | Path) -> list[VideoClip]:
    """The folders in and under ``root`` that hold ``*_keypoints.json``, as rows, by path.

    The id of a clip is its folder's path under ``root`` (``root``'s own name for itself); of
    ``sign/clip`` the first part is the sign. ``DataError`` where there is none.
    """
    base = Path(os.path.abspath(root))
    rows: list[VideoClip] = []
    for folder, inside, files in os.walk(base):
        inside.sort()
        if any(_NAME.fullmatch(name) for name in files):
            inner = Path(folder).relative_to(base)
            clip_id = inner.as_posix() if inner.parts else base.name
            sign = inner.parts[0] if len(inner.parts) == 2 else ""
            rows.append(VideoClip(clip_id, folder, sign))
    if not rows:
        raise DataError(f"no *_keypoints.json in or under {str(root)!r}; expected a folder a clip")
    return rows


def read_clip(row: VideoClip, width: int, height: int, fps: float | None = None) -> Clip:
    """One folder as an ``openpose55`` clip, with the row's labels.

    Where a frame has several people, :func:`raysign.datasets.people.signer` says which is meant.

    ``DataError`` where a file cannot be read, is of another body model, is not in pixels, or does
    not fit a picture of ``width`` × ``height`` pixels; it names the file.
    """
    frames = _frames(Path(row.path))
    people = {number: _people(path) for number, path in frames.items()}
    first, last = min(people), max(people)
    joints = np.zeros((last - first + 1, OPENPOSE55.num_joints, 3))
    for number, person in zip(people, signer(list(people.values())), strict=True):
        if person is not None:
            joints[number - first] = people[number][person]
    confidence = joints[..., 2].copy()
    xyz = joints / (width, height, 1)
    xyz[..., 2] = 0
    xyz[~(confidence > 0)] = np.nan
    _check_scale(xyz, joints, row.path, width, height)
    return Clip(
        xyz=xyz.astype(np.float32),
        layout=OPENPOSE55.name,
        fps=fps,
        width=width,
        height=height,
        confidence=np.nan_to_num(confidence).clip(0, 1).astype(np.float32),
        **labels_of(row),
    )


def _frames(folder: Path) -> dict[int, Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise DataError(f"cannot read folder {str(folder)!r}: {error.strerror}") from None
    matches = [match for name in names if (match := _NAME.fullmatch(name))]
    videos = sorted({match["video"] for match in matches})
    if len(videos) > 1:
        raise DataError(
            f"{str(folder)!r} holds frames of {len(videos)} videos ({', '.join(videos[:3])}); "
            "give each a folder of its own"
        )
    frames = {int(match["number"]): folder / match.string for match in matches}
    if not frames:
        raise DataError(f"no *_keypoints.json in {str(folder)!r}")
    if max(frames) - min(frames) >= MOST_GAPS * len(frames):
        raise DataError(
            f"{str(folder)!r}: {len(frames)} files number frames {min(frames)} to {max(frames)}; "
            "they are not one video's"
        )
    return frames


def _people(path: Path) -> NDArray[np.float64]:
    """[person joint (x, y, confidence)], the joints of ``openpose55``, in pixels."""
    try:
        frame = _Frame.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except ValidationError as error:
        reason = plain(error.errors()[0])
        raise DataError(f"{str(path)!r} is not OpenPose's JSON: {reason}") from None
    people = np.zeros((len(frame.people), len(KEPT), 3))
    for place, person in enumerate(frame.people):
        parts = [
            _part(person.pose_keypoints_2d, BODY_25, "the body", path),
            _part(person.hand_left_keypoints_2d, HAND_SIZE, "a hand", path),
            _part(person.hand_right_keypoints_2d, HAND_SIZE, "a hand", path),
        ]
        people[place] = np.concatenate(parts)[KEPT]
    return people


def _part(numbers: list[float], joints: int, part: str, path: Path) -> NDArray[np.float64]:
    if not numbers:
        return np.zeros((joints, 3))
    if len(numbers) != joints * 3:
        raise DataError(
            f"{str(path)!r}: {part} must have {joints} × 3 numbers, has {len(numbers)}; "
            "run OpenPose with --model_pose BODY_25"
        )
    return np.asarray(numbers, dtype=np.float64).reshape(joints, 3)


def _check_scale(
    xyz: NDArray[np.float64], pixels: NDArray[np.float64], folder: str, width: int, height: int
) -> None:
    seen = ~np.isnan(xyz[..., 0])
    if not seen.any():
        return
    right, bottom = pixels[seen][:, 0].max(), pixels[seen][:, 1].max()
    if right > OUTSIDE * width or bottom > OUTSIDE * height:
        raise DataError(
            f"{folder!r}: keypoints reach {right:.0f}, {bottom:.0f} in a picture of {width} × "
            f"{height} pixels; give the size of the video that OpenPose saw"
        )
    if right <= 1 and bottom <= 1:
        raise DataError(
            f"{folder!r}: keypoints are not in pixels; run OpenPose with --keypoint_scale 0"
        )
