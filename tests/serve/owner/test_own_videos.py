"""A folder's videos, and never a file of another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raysign.errors import DataError
from raysign.serve.owner import OwnVideos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "one.mp4").write_bytes(b"one")
    (folder / "two.webm").write_bytes(b"two")
    (folder / "notes.txt").write_bytes(b"no video")
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    (folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.mp4").write_bytes(b"deep")
    return folder


def test_a_clip_is_found_by_its_files_name(folder: Path) -> None:
    videos = OwnVideos(folder)
    assert videos.of("one") == folder / "one.mp4"
    assert videos.has("two")


@pytest.mark.parametrize(
    "clip_id",
    ["", "one.mp4", "notes", "link", "../secret", "sub/deep", "deep", "/etc/passwd", "one\0", "."],
)
def test_nothing_else_is(folder: Path, clip_id: str) -> None:
    assert OwnVideos(folder).of(clip_id) is None


def test_files_that_come_and_go(folder: Path) -> None:
    videos = OwnVideos(folder)
    (folder / "one.mp4").unlink()
    (folder / "new.mp4").write_bytes(b"new")
    os.utime(folder, ns=(1, 1))
    assert not videos.has("one")
    assert not videos.has("new")
    videos.refresh()
    assert videos.has("new")


def test_no_folder(tmp_path: Path) -> None:
    assert not OwnVideos(None).has("one")
    with pytest.raises(DataError, match="cannot read folder"):
        OwnVideos(tmp_path / "nowhere")
