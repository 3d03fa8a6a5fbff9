from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.datasets.openpose import find, read_clip
from raysign.datasets.people import signer
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.skeleton import OPENPOSE55

WIDTH, HEIGHT = 210, 260
# BODY_25 as OpenPose's doc/02_output.md numbers it; its joints 9–14 and 19–24 are not kept.
BODY = {"nose": 0, "neck": 1, "right_wrist": 4, "left_wrist": 7, "mid_hip": 8, "left_ear": 18}


def person(at: tuple[float, float] = (100, 120), confidence: float = 0.8, seed: int = 0) -> Any:
    """As one stands in the file: 25, 21 and 21 joints around a place, in pixels."""
    rng = np.random.default_rng(seed)

    def part(joints: int) -> list[float]:
        xyc = np.column_stack([rng.normal(at, 8, (joints, 2)), np.full(joints, confidence)])
        return xyc.ravel().round(3).tolist()

    return {
        "person_id": [-1],
        "pose_keypoints_2d": part(25),
        "face_keypoints_2d": [],
        "hand_left_keypoints_2d": part(21),
        "hand_right_keypoints_2d": part(21),
        "pose_keypoints_3d": [],
    }


def write(folder: Path, frames: dict[int, list[Any]], video: str = "clip") -> VideoClip:
    folder.mkdir(parents=True, exist_ok=True)
    for number, people in frames.items():
        text = json.dumps({"version": 1.3, "people": people})
        (folder / f"{video}_{number:012}_keypoints.json").write_text(text)
    return VideoClip("a", str(folder), sign="book", split="val")


def read(row: VideoClip) -> Any:
    return read_clip(row, WIDTH, HEIGHT, 25.0)


def test_keypoints_become_a_clip(tmp_path: Path) -> None:
    one = person()
    one["hand_left_keypoints_2d"] = []  # as without --hand
    one["pose_keypoints_2d"][0:3] = [0, 0, 0]  # no nose
    clip = read(write(tmp_path, {0: [one], 1: [person(seed=1)]}))
    assert (clip.clip_id, clip.sign, clip.split, clip.fps) == ("a", "book", "val", 25.0)
    assert (clip.layout, clip.width, clip.height) == ("openpose55", WIDTH, HEIGHT)
    body = np.reshape(one["pose_keypoints_2d"], (25, 3))
    right = np.reshape(one["hand_right_keypoints_2d"], (21, 3))
    for name, number in BODY.items():
        joint = clip.xyz[0, OPENPOSE55.joint(name)]
        if name == "nose":
            assert np.isnan(joint).all()
        else:
            np.testing.assert_allclose(joint, [*body[number, :2] / (WIDTH, HEIGHT), 0], rtol=1e-6)
    np.testing.assert_allclose(clip.xyz[0, 34:, :2], right[:, :2] / (WIDTH, HEIGHT), rtol=1e-6)
    assert np.isnan(clip.xyz[0, 13:34]).all()
    assert (clip.xyz[1, ..., 2] == 0).all()
    np.testing.assert_allclose(np.unique(clip.confidence[0]), [0, 0.8], rtol=1e-6)


def test_frames_are_numbered(tmp_path: Path) -> None:
    frames = {7: [person()], 8: [], 10: [person(seed=1)]}
    clip = read(write(tmp_path, frames, "my_video.2"))
    assert len(clip.xyz) == 4
    assert np.isnan(clip.xyz[:, :, 0]).all(axis=1).tolist() == [False, True, True, False]


def test_nobody_ever(tmp_path: Path) -> None:
    clip = read(write(tmp_path, {0: [], 1: []}))
    assert clip.xyz.shape == (2, 55, 3)
    assert np.isnan(clip.xyz).all()


def test_the_signer_is_who_stays_put(tmp_path: Path) -> None:
    """A passer-by is seen better now and then, a fragment nearer: neither is taken."""
    home, away = (100.0, 120.0), (30.0, 60.0)
    frames = {n: [person(away, 0.3), person(home, 0.7, seed=n)] for n in range(5)}
    frames[2] = [person(away, 0.9), person(home, 0.7, seed=2)]
    frames[3] = [person(home, 0.05), person((110.0, 120.0), 0.7, seed=3)]
    frames[4] = [person(away, 0.9)]
    clip = read(write(tmp_path, frames))
    centre = np.nanmean(clip.xyz[..., :2], axis=1) * (WIDTH, HEIGHT)
    np.testing.assert_allclose(centre[:3], [home] * 3, atol=5)
    np.testing.assert_allclose(centre[3], (110, 120), atol=5)
    # Who is alone is taken.
    np.testing.assert_allclose(centre[4], away, atol=5)


def test_the_order_of_people_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    frames = [np.abs(rng.normal(1, 1, (3, 55, 3))) for _ in range(8)]
    frames[3] = np.zeros((0, 55, 3))
    frames[4][:, :, 2] = 0
    chosen = signer(frames)
    assert chosen[3] is None
    turned = signer([people[::-1] for people in frames])
    for people, one, other in zip(frames, chosen, turned, strict=True):
        if one is not None and people[..., 2].any():
            assert one == len(people) - 1 - other


def test_folders_are_found(tmp_path: Path) -> None:
    for name in ("book/2", "book/1", "alone", "a/b/c"):
        write(tmp_path / name, {0: [person()]})
    (tmp_path / "empty").mkdir()
    (tmp_path / "book" / "notes.json").touch()
    rows = find(tmp_path)
    assert [(row.clip_id, row.sign) for row in rows] == [
        ("a/b/c", ""),
        ("alone", ""),
        ("book/1", "book"),
        ("book/2", "book"),
    ]
    assert [read_clip(row, WIDTH, HEIGHT).clip_id for row in rows] == [r.clip_id for r in rows]
    (only,) = find(tmp_path / "alone")
    assert (only.clip_id, only.path) == ("alone", str(tmp_path / "alone"))
    with pytest.raises(DataError, match=r"no \*_keypoints.json in or under"):
        find(tmp_path / "empty")


def cut(numbers: list[float]) -> Any:
    return [person() | {"pose_keypoints_2d": numbers}]


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (
            cut([1.0] * 54),
            r"000_keypoints.json': the body must have 25 × 3 .* --model_pose BODY_25",
        ),
        ([person() | {"hand_left_keypoints_2d": [1.0]}], "a hand must have 21 × 3 numbers, has 1"),
        (
            cut([230.0, 300.0, 1.0] * 25),
            r"keypoints reach 230, 300 in a picture of 210 × 260 pixels",
        ),
        (
            [{"pose_keypoints_2d": [0.4, 0.6, 1.0] * 25}],
            "not in pixels; run OpenPose with --keypoint",
        ),
        ([{"pose_keypoints_2d": "many"}], "is not OpenPose's JSON: must be a list"),
    ],
)
def test_other_numbers_are_refused(tmp_path: Path, people: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(write(tmp_path, {0: people}))


def test_other_files_are_refused(tmp_path: Path) -> None:
    row = write(tmp_path, {0: [person()]})
    for content in ("", "{", "[]", '{"version": 1.3}', "<html>"):
        (tmp_path / "clip_000000000001_keypoints.json").write_text(content)
        with pytest.raises(DataError, match=r"clip_000000000001_keypoints.json' is not OpenPose's"):
            read(row)


def test_folders_that_are_not_one_video(tmp_path: Path) -> None:
    row = write(tmp_path, {0: [person()]})
    write(tmp_path, {0: [person()]}, "other")
    with pytest.raises(DataError, match=r"holds frames of 2 videos \(clip, other\)"):
        read(row)
    row = write(tmp_path / "far", {0: [person()], 10**9: [person()]})
    with pytest.raises(DataError, match="2 files number frames 0 to 1000000000"):
        read(row)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no \*_keypoints.json in"):
        read(VideoClip("a", str(tmp_path / "empty")))
    with pytest.raises(DataError, match="cannot read folder"):
        read(VideoClip("a", str(tmp_path / "nowhere")))
