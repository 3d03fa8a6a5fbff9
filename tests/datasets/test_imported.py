"""Which files an import means, and what a bad one costs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.datasets.imported import Import, from_islr, from_openpose, from_pose
from raysign.datasets.pose_files import write_pose
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.store import read_columns, read_manifest, write_store
from raysign.store.outcomes import read_outcomes

CLIP = Clip("a", np.full((2, 75, 3), 0.5, dtype=np.float16), "holistic75", width=64, height=48)


def ids(found: Import) -> list[str]:
    return [clip.clip_id for clip in found.clips()]


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    """``poses/book/1.pose``, and a manifest that calls it ``x``."""
    (tmp_path / "poses" / "book").mkdir(parents=True)
    write_pose(CLIP, tmp_path / "poses" / "book" / "1.pose")
    at = tmp_path / "poses" / "book" / "1.pose"
    (tmp_path / "m.csv").write_text(f"clip_id,path\nx,{at}\n")
    return tmp_path / "poses"


def test_poses_by_file_folder_and_manifest(poses: Path) -> None:
    assert ids(from_pose(str(poses / "book" / "1.pose"), read_manifest)) == ["1"]
    assert ids(from_pose(str(poses), read_manifest)) == ["book/1"]
    manifest = poses.with_name("m.csv")
    assert ids(from_pose(str(manifest), read_manifest)) == ["x"]
    assert ids(from_pose(manifest.as_uri(), read_manifest)) == ["x"]
    # A folder may be called anything.
    poses = poses.rename(poses.with_name("all.pose"))
    assert ids(from_pose(str(poses), read_manifest)) == ["book/1"]


def test_openpose_by_folder_and_manifest(tmp_path: Path) -> None:
    person = {"pose_keypoints_2d": [21.0, 13.0, 0.5] * 25}
    clip = tmp_path / "frames" / "c"
    clip.mkdir(parents=True)
    (clip / "c_000000000000_keypoints.json").write_text(json.dumps({"people": [person]}))
    manifest = tmp_path / "m.csv"
    manifest.write_text(f"clip_id,path\nx,{clip}\n")
    for path, expected in {
        str(tmp_path / "frames"): "c",
        str(manifest): "x",
        manifest.as_uri(): "x",
    }.items():
        assert ids(from_openpose(path, read_manifest, 210, 260, None)) == [expected]


def test_landmarks_elsewhere_are_refused_in_one_line(poses: Path, tmp_path: Path) -> None:
    message = r"landmarks are imported from local files, got '{}'; copy them here"
    with pytest.raises(DataError, match=message.format("s3://b/1.pose")):
        from_pose("s3://b/1.pose", read_manifest)
    with pytest.raises(DataError, match=message.format("file://.*/book/1.pose")):
        from_pose(poses.as_uri(), read_manifest)
    with pytest.raises(DataError, match=message.format("s3://b/frames")):
        from_openpose("s3://b/frames", read_manifest, 210, 260, None)
    with pytest.raises(DataError, match=message.format("s3://b/islr")):
        from_islr("s3://b/islr", read_columns)


def test_each_bad_file_has_its_reason(tmp_path: Path) -> None:
    for name in ("good", "huge", "cut"):
        write_pose(CLIP, tmp_path / f"{name}.pose")
    write_pose(replace(CLIP, xyz=np.full_like(CLIP.xyz, 6e4), width=1), tmp_path / "huge.pose")
    whole = (tmp_path / "huge.pose").read_bytes()
    (tmp_path / "huge.pose").write_bytes(
        whole.replace(np.float32(6e4).tobytes(), np.float32(7e4).tobytes())
    )
    (tmp_path / "cut.pose").write_bytes(whole[:100])
    rows = [
        VideoClip(clip_id, str(tmp_path / f"{name}.pose"), sign=name, split="test")
        for clip_id, name in (
            ("a", "good"),
            ("b", "huge"),
            ("c", "cut"),
            ("d", "not there"),
            ("a", "good"),
            ("e", "good"),
        )
    ]
    found = from_pose("manifest.csv", lambda *_: rows)
    assert write_store(tmp_path / "store", found.clips(), outcomes=found.outcomes) == 2
    outcomes = read_outcomes(tmp_path / "store")
    assert outcomes == found.outcomes
    assert [row.clip_id for row in found.outcomes] == ["a", "b", "c", "d", "a", "e"]
    assert [row.clip_id for row in found.failed] == ["b", "c", "d", "a"]
    assert [(row.sign, row.split) for row in outcomes] == [(row.sign, row.split) for row in rows]
    for row, reason in zip(
        found.failed,
        ("infinite, or too large for float16", "damaged", "No such file", "came before, in row 1"),
        strict=True,
    ):
        assert reason in row.reason


def test_nothing_but_bad_files(tmp_path: Path) -> None:
    (tmp_path / "a.pose").write_bytes(b"<html>")
    alone = from_pose(str(tmp_path / "a.pose"), read_manifest)
    with pytest.raises(DataError, match=r"^'.*a.pose' is not a .pose file"):
        list(alone.clips())


def test_a_mistake_of_ours_is_not_a_bad_file() -> None:
    def broken(row: VideoClip) -> Clip:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(Import([VideoClip("a", "a.pose")], broken).clips())
