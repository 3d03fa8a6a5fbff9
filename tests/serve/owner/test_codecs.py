"""The owner is told of videos that no browser plays."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from raysign.serve.owner.codecs import SAMPLE, unplayed
from raysign.video import codec_of


def film(path: Path, codec: str) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 63, 48, "yuv420p"
        if codec == "libx264":
            stream.width = 64
        for shade in range(3):
            rgb = np.full((48, stream.width, 3), 60 * shade, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        out.mux(stream.encode())
    return path


def test_what_browsers_play_is_not_spoken_of(tmp_path: Path) -> None:
    assert unplayed(tmp_path) == ""
    assert codec_of(film(tmp_path / "a.mp4", "libx264")) == "h264"
    (tmp_path / "notes.txt").write_text("no video")
    assert unplayed(tmp_path) == ""
    assert unplayed(tmp_path / "nowhere") == "", "others say that"


def test_what_they_do_not_play_is_told_in_one_line(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", "libx264")
    film(tmp_path / "b.mp4", "mpeg4")
    (tmp_path / "c.mp4").write_text("no video")
    said = unplayed(tmp_path)
    assert "\n" not in said
    assert said.startswith("browsers do not play 2 of 3 videos in ")
    assert "(mpeg4, not readable)" in said
    assert said.endswith("--videos playable")


def test_of_many_a_few_are_looked_at(tmp_path: Path) -> None:
    one = film(tmp_path / "000.mp4", "mpeg4")
    for number in range(1, 100):
        os.link(one, tmp_path / f"{number:03}.mp4")
    assert f"{SAMPLE} of {SAMPLE} (of 100) videos" in unplayed(tmp_path)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the program ffmpeg is not there")
def test_the_command_mends_it(tmp_path: Path) -> None:
    folder = tmp_path / "all videos"
    folder.mkdir()
    film(folder / "a b.avi", "mpeg4")
    command = unplayed(folder).partition("to mend it: ")[2].partition(", and then")[0]
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert unplayed(tmp_path / "playable") == ""
    assert codec_of(tmp_path / "playable" / "a b.mp4") == "h264"
