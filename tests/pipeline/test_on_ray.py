"""Extraction through its door, on Ray and without, and after every kind of kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.store import iter_clips
from raysign.store.outcomes import read_outcomes

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(400)
pytest.importorskip("mediapipe", reason="the extra `extract` is not installed")


def start(folder: Path, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "jobs" / "extract.py"), *args],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, *args: str) -> tuple[int, dict[str, Any], str]:
    with start(folder, *args, "--json") as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, json.loads(out) if out else {}, err


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_videos_become_a_store_whoever_extracts_them(
    film: Callable[..., Path], tmp_path: Path
) -> None:
    film(tmp_path / "videos/hello/a.mp4")
    film(tmp_path / "videos/hello/b.mp4", 12, 30)
    film(tmp_path / "videos/bye/c.mp4", 9, 60)
    (tmp_path / "videos/bye/empty.mp4").touch()
    code, told, err = run(tmp_path, "videos", "--out", "store", "--workers", "2")
    assert (told["ok"], told["skipped"], told["failed"]) == (3, 0, 1), err
    assert code == 2, "one of four is more than a tenth"
    assert err.splitlines()[-1].startswith("error: 1 of 4 clips failed, more than --max-failed 0.1")
    clips = {clip.clip_id: clip for clip in iter_clips(tmp_path / "store")}
    assert {name: (c.sign, len(c.xyz), c.fps) for name, c in clips.items()} == {
        "bye/c": ("bye", 9, 25.0),
        "hello/a": ("hello", 8, 25.0),
        "hello/b": ("hello", 12, 25.0),
    }
    outcomes = read_outcomes(tmp_path / "store")
    assert outcomes is not None
    assert {o.clip_id: o.outcome for o in outcomes}["bye/empty"] == "failed"
    code, _, err = run(tmp_path, "videos", "--out", "alone", "--local", "--max-failed", "0.25")
    assert code == 0, err
    assert content(tmp_path / "alone") == content(tmp_path / "store")
    # A second time there is nothing to do, and other settings are refused.
    code, told, err = run(tmp_path, "videos", "--out", "alone", "--local", "--max-failed", "0.25")
    assert (code, told["extracted"]) == (0, 0)
    code, _, err = run(tmp_path, "videos", "--out", "alone", "--local", "fps=12")
    assert code == 2
    assert "fps=unset, now 12.0" in err


def test_what_a_worker_lacks_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "videos/hello").mkdir(parents=True)
    (tmp_path / "videos/hello/a.mp4").write_text("not looked at")
    (tmp_path / "junk.task").write_text("not a model")
    code, _, err = run(tmp_path, *("videos", "--out", "store", "backend=tasks", "model=junk.task"))
    assert code == 2, err
    assert err.splitlines()[-1].startswith("error: MediaPipe ")
    assert "cannot load 'junk.task'" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["driver", "actor", "extractor"])
def test_a_kill_costs_nothing_but_time(
    film: Callable[..., Path],
    below: Callable[[int, str], list[int]],
    tmp_path: Path,
    victim: str,
) -> None:
    for number in range(12):
        film(tmp_path / f"videos/sign{number % 3}/{number}.mp4", 40, 2 * number)
    code, told, err = run(tmp_path, "videos", "--out", "whole", "--rows-per-part", "2")
    assert (code, told["ok"]) == (0, 12), err

    arguments = "videos", "--out", "store", "--rows-per-part", "2", "--json"
    with start(tmp_path, *arguments) as process:
        finished = tmp_path / "store.extracting/outcomes"
        begun = time.monotonic()
        while not (finished.exists() and len(list(finished.glob("part-*"))) >= 2):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() - begun < 200
            time.sleep(0.05)
        names = {"actor": "ray::MapWorker", "extractor": "raysign.extract.child"}
        if victim == "driver":
            process.kill()
        else:
            found = below(process.pid, names[victim])
            assert found, "nobody to kill"
            os.kill(found[0], signal.SIGKILL)
        _, err = process.communicate(timeout=200)
    if victim == "driver":
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "store").exists()
        code, told, err = run(tmp_path, *arguments[:-1])
        assert (code, told["ok"]) == (0, 12), err
        assert told["extracted"] <= 12 - 2 * 2, "finished parts were done again"
    assert process.returncode in (0, -signal.SIGKILL), err
    assert content(tmp_path / "store") == content(tmp_path / "whole")
