"""A batch of everything that goes wrong with videos: none of it stops the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.manifest import VideoClip
from raysign.pipeline import extract_videos, in_process
from raysign.store import iter_clips
from raysign.store.outcomes import read_outcomes
from raysign.video import write_mp4

pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")


def sound(path: Path) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        out.mux([*stream.encode(frame), *stream.encode()])


def blank(path: Path, frames: int, height: int, width: int) -> None:
    write_mp4(path, (np.full((height, width, 3), 90, np.uint8) for _ in range(frames)), 25.0)


def test_none_of_them_stops_the_batch(film: Any, tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    good = film(folder / "good.mp4", 6)
    whole = good.read_bytes()
    (folder / "empty.mp4").touch()
    (folder / "page.mp4").write_text("<!DOCTYPE html><title>404</title>")
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "folder.mp4").mkdir()
    (folder / "locked.mp4").write_bytes(whole)
    (folder / "locked.mp4").chmod(0)
    sound(folder / "sound.mp4")
    film(folder / "one.mp4", 1)
    blank(folder / "nobody.mp4", 3, 120, 160)
    blank(folder / "large.mp4", 2, 2160, 3840)
    film(folder / "other.mp4", 3, 7)
    names = [
        *("empty", "page", "good", "cut", "folder", "missing", "sound", "one", "nobody", "large"),
        *("other", "locked"),
    ]
    rows = [VideoClip(name, str(folder / f"{name}.mp4"), sign=name) for name in names]
    rows.insert(4, VideoClip("good", str(folder / "other.mp4")))
    done = extract_videos(
        rows,
        str(tmp_path / "store"),
        ExtractConfig(),
        stream=in_process,
        say=lambda line: None,
        rows_per_part=4,
    )
    found = {o.sign_or_id: o for o in map(_Named, read_outcomes(tmp_path / "store") or [])}
    assert len(found) == len(rows) == done.clips
    skipped = {name: o.reason for name, o in found.items() if o.outcome == "skipped"}
    assert skipped == {
        "one": "has 1 frame, fewer than min_frames=2",
        "nobody": "shows nobody in any of its 3 frames",
        "large": "shows nobody in any of its 2 frames",
    }
    failed = {name: o.reason for name, o in found.items() if o.outcome == "failed"}
    readable_by_root = found["locked"].outcome == "ok"
    assert failed.pop("locked", "permission denied") == "permission denied"
    assert failed["empty"] == "it is empty (0 bytes)"
    assert failed["page"] == "not a video: it is an HTML page"
    assert failed["cut"].endswith(" of 6 frames")
    assert failed["folder"] == "it is a directory"
    assert failed["missing"] == "no such file"
    assert failed["sound"] == "not a video: it has sound but no picture"
    assert failed["good again"].startswith("its clip_id came before, in row 3: ")
    assert len(failed) == 7
    clips = [clip.clip_id for clip in iter_clips(tmp_path / "store")]
    assert clips == ["good", "other", *(["locked"] if readable_by_root else [])]
    hashes = [name for name, o in found.items() if o.sha256]
    assert {"page", "cut", "sound", "one", "nobody", "large", "good", "other"} <= set(hashes)


class _Named:
    """An outcome, by a name that tells the second ``good`` from the first."""

    def __init__(self, outcome: Any) -> None:
        self.outcome, self.reason, self.sha256 = outcome.outcome, outcome.reason, outcome.sha256
        again = outcome.clip_id == "good" and outcome.outcome == "failed"
        self.sign_or_id = "good again" if again else outcome.clip_id
