from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.errors import ExtractionError
from raysign.extract import Extracted, Extractor
from raysign.manifest import VideoClip

STAND_IN = '''
"""The real child, with a landmarker that does as the clip's id says instead of MediaPipe."""

import os, signal, struct, sys, time
import numpy as np
from raysign.errors import ExtractionError
from raysign.extract import Landmarks, child, clip
from raysign.video import sha256


class Seer:
    pause_s = 0

    def landmarks(self, rgb):
        time.sleep(self.pause_s)
        return Landmarks(np.full((75, 3), 0.5, np.float32), np.ones(75, np.float32))

    def reset(self):
        pass

    close = reset


def open_landmarker(config):
    if config.model == "dies":
        print("F0000 something.cc:1] Check failed", file=sys.stderr, flush=True)
        os.abort()
    if config.model == "refuses":
        raise ExtractionError("no model; get one")
    return Seer()


def extract_clip(video, landmarker, config, alive, hashed):
    landmarker.pause_s = 0.2 if video.clip_id == "slow" else 0
    hashed(sha256(video.path))
    match video.clip_id:
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "once" if not os.path.exists(video.sign):
            write(video.sign, "killed")
            os.kill(os.getpid(), signal.SIGKILL)
        case "in its answer":
            os.write(int(sys.argv[1]), struct.pack("!i", 1000) + b"half of it")
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(7)
        case "sleep":
            write(video.sign or os.devnull, "asleep")
            time.sleep(60)
        case "bug":
            raise KeyError("a bug\\nin two lines")
        case "who":
            cores = sorted(os.sched_getaffinity(0))
            os.replace(write(video.sign + ".draft", f"{os.getpid()} {cores}"), video.sign)
        case "memory":
            before = child.memory_bytes()
            found = clip.extract_clip(video, landmarker, config, alive, hashed)
            with open("/proc/self/status") as file:
                (peak,) = (line.split()[1] for line in file if line.startswith("VmHWM"))
            write(video.sign, str(int(peak) * 1024 - before))
            return found
    return clip.extract_clip(video, landmarker, config, alive, hashed)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


child.open_landmarker, child.extract_clip = open_landmarker, extract_clip
if __name__ == "__main__":
    child.main(sys.argv[1:])
'''

Opening = Callable[..., Extractor]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    """Extractors whose child is the stand-in."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stand_in_child.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(folder)
    made: list[Extractor] = []

    def make(config: ExtractConfig | None = None, **options: Any) -> Extractor:
        extractor = Extractor(config or ExtractConfig(), child="stand_in_child", **options)
        made.append(extractor)
        return extractor

    yield make
    for extractor in made:
        extractor.close()


@pytest.fixture
def path(made: Any, tmp_path: Path) -> str:
    return str(made.film(tmp_path / "a.mp4", made.nobody(4)))


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(process: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while running(process) and time.monotonic() < until:
        time.sleep(0.05)
    return not running(process)


def who(extractor: Extractor, path: str, folder: Path) -> tuple[int, str]:
    """The child's process id and its cores."""
    extractor.extract(VideoClip("who", path, sign=str(folder / "who")))
    number, cores = (folder / "who").read_text().split(" ", 1)
    return int(number), cores


def test_a_crash_costs_one_clip(opened: Opening, path: str) -> None:
    extractor = opened()
    sha256 = hashlib.sha256(Path(path).read_bytes()).hexdigest()

    def extract(clip_id: str) -> Extracted:
        return extractor.extract(VideoClip(clip_id, path, split="test"))

    reasons = {}
    for clip_id in ("segfault", "killed", "in its answer", "exit", "bug"):
        found = extract(clip_id)
        assert found.clip is None
        assert (found.outcome.clip_id, found.outcome.path) == (clip_id, path)
        assert found.outcome.outcome == "failed"
        assert (found.outcome.sha256, found.outcome.split) == (sha256, "test"), clip_id
        reasons[clip_id] = found.outcome.reason
        after = extract("fine")
        assert after.outcome.outcome == "ok", after.outcome
        assert after.clip is not None
        assert after.clip.xyz.shape == (4, 75, 3)
        assert after.memory_bytes > 1_000_000
    assert reasons == {
        "segfault": "the decoder or MediaPipe crashed the process (SIGSEGV)",
        "killed": "the process was killed (SIGKILL: out of memory?)",
        "in its answer": "the process was killed (SIGKILL: out of memory?)",
        "exit": "the decoder or MediaPipe ended the process (exit code 7)",
        "bug": "the extractor failed: KeyError: 'a bug\\nin two lines'",
    }


def test_a_kill_from_outside_costs_nothing(opened: Opening, path: str, tmp_path: Path) -> None:
    found = opened().extract(VideoClip("once", path, sign=str(tmp_path / "mark")))
    assert (tmp_path / "mark").exists()
    assert found.outcome.outcome == "ok", found.outcome


def test_a_bad_video_does_not_cost_the_process(opened: Opening, path: str, tmp_path: Path) -> None:
    extractor = opened()
    before = who(extractor, path, tmp_path)
    assert extractor.extract(VideoClip("a", str(tmp_path))).outcome.reason == "it is a directory"
    assert who(extractor, path, tmp_path) == before


def test_a_clip_that_hangs(opened: Opening, path: str, tmp_path: Path) -> None:
    extractor = opened(ExtractConfig(timeout_s=0.5))
    process, _ = who(extractor, path, tmp_path)
    outcome = extractor.extract(VideoClip("sleep", path, signer="ann", split="test")).outcome
    assert (outcome.outcome, outcome.reason) == ("failed", "made no progress for timeout_s=0.5")
    assert (outcome.signer, outcome.split) == ("ann", "test")
    assert outcome.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert not running(process)
    assert extractor.extract(VideoClip("fine", path)).outcome.outcome == "ok"


def test_a_clip_that_takes_too_long_altogether(
    opened: Opening, made: Any, path: str, tmp_path: Path
) -> None:
    """Though it gets on; the child is ended, and the next one starts while nobody waits."""
    slow = str(made.film(tmp_path / "slow.mp4", made.nobody(20)))
    extractor = opened(ExtractConfig(timeout_s=60))
    process, _ = who(extractor, path, tmp_path)
    found = extractor.extract(VideoClip("slow", slow), within_s=1.5)
    assert (found.clip, found.why) == (None, "slow")
    assert found.outcome.reason == "was not looked at to its end within 1.5 s"
    assert 1.4 < found.seconds < 20
    assert not running(process)
    assert extractor.pid is None
    extractor.start()
    assert extractor.pid is not None
    assert extractor.extract(VideoClip("fine", path), within_s=60).outcome.outcome == "ok"


def test_whoever_waits_is_told_that_it_ends(opened: Opening, path: str) -> None:
    extractor = opened(ExtractConfig(timeout_s=60))
    ending = threading.Timer(0.5, extractor.stop)
    ending.start()
    with pytest.raises(ExtractionError, match="no video is looked at any more"):
        extractor.extract(VideoClip("sleep", path))
    ending.join()


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_not_read(opened: Opening, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    started = time.monotonic()
    outcome = opened(ExtractConfig(timeout_s=20)).extract(VideoClip("a", str(path))).outcome
    assert (outcome.outcome, outcome.reason) == ("failed", "it is not a regular file")
    assert outcome.sha256 == ""
    assert time.monotonic() - started < 10


def test_a_clip_that_is_slow_but_gets_on(opened: Opening, made: Any, tmp_path: Path) -> None:
    path = str(made.film(tmp_path / "a.mp4", made.nobody(12)))
    found = opened(ExtractConfig(timeout_s=1.0)).extract(VideoClip("slow", path))
    assert found.outcome.outcome == "ok", found.outcome
    assert found.seconds > 2.0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ten_minutes_in_bounded_memory(opened: Opening, made: Any, tmp_path: Path) -> None:
    """Its pictures would be 138 MB as FFmpeg decodes them, and 276 MB as RGB."""
    pictures = [np.full((240, 320, 3), shade, np.uint8) for shade in range(10, 250, 2)] * 10
    path = str(made.film(tmp_path / "a.mp4", pictures, fps=2.0))
    mark = tmp_path / "grown"
    found = opened().extract(VideoClip("memory", path, sign=str(mark)))
    assert found.outcome.outcome == "ok", found.outcome
    assert found.clip is not None
    assert (len(found.clip.xyz), found.clip.fps) == (1200, 2.0)
    assert int(mark.read_text()) < 60e6


def test_a_child_that_was_killed_between_clips_costs_none(
    opened: Opening, path: str, tmp_path: Path
) -> None:
    extractor = opened()
    process, _ = who(extractor, path, tmp_path)
    assert extractor._child is not None
    extractor._child.wait_until_ready()
    os.kill(process, signal.SIGKILL)
    assert gone_within(process, 5)
    assert extractor.extract(VideoClip("fine", path)).outcome.outcome == "ok"


def test_a_core_of_its_own(opened: Opening, path: str, tmp_path: Path) -> None:
    core = max(os.sched_getaffinity(0))
    assert who(opened(cpu=core), path, tmp_path)[1] == f"[{core}]"
    assert who(opened(), path, tmp_path)[1] == str(sorted(os.sched_getaffinity(0)))


def test_closing_ends_the_child(opened: Opening, path: str, tmp_path: Path) -> None:
    with opened() as extractor:
        process, _ = who(extractor, path, tmp_path)
        assert running(process)
    assert not running(process)
    extractor.close()


def test_what_keeps_it_from_starting_is_said_at_once(opened: Opening) -> None:
    with pytest.raises(ExtractionError, match=r"^no model; get one$"):
        opened(ExtractConfig(model="refuses"))
    with pytest.raises(ExtractionError) as raised:
        opened(ExtractConfig(model="dies"))
    assert str(raised.value) == (
        "the extraction process could not start: the decoder or MediaPipe crashed the process "
        "(SIGABRT): F0000 something.cc:1] Check failed"
    )


def test_a_child_may_start_while_something_else_is_done(opened: Opening, path: str) -> None:
    refuses = opened(ExtractConfig(model="refuses"), wait=False)
    with pytest.raises(ExtractionError, match="no model; get one"):
        refuses.extract(VideoClip("c", path))
    with pytest.raises(ExtractionError, match="Check failed"):
        opened(ExtractConfig(model="dies"), wait=False).extract(VideoClip("c", path))
    assert opened(wait=False).extract(VideoClip("c", path)).clip is not None


@pytest.mark.parametrize("busy", [True, False])
def test_the_child_dies_with_its_parent(
    opened: Opening, path: str, tmp_path: Path, busy: bool
) -> None:
    """Even if the parent was killed, and even in the middle of a clip."""
    script = tmp_path / "parent.py"
    # No `if __name__ == "__main__"`: the child must not run this again.
    script.write_text(
        "import sys, time\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from raysign.config import ExtractConfig\n"
        "from raysign.extract import Extractor\n"
        "from raysign.manifest import VideoClip\n"
        "extractor = Extractor(ExtractConfig(), child='stand_in_child')\n"
        "extractor.extract(VideoClip('who', sys.argv[2], sign=sys.argv[3]))\n"
        "print('ready', flush=True)\n"
        + (
            "extractor.extract(VideoClip('sleep', sys.argv[2], sign=sys.argv[3] + '-busy'))\n"
            if busy
            else "time.sleep(60)\n"
        )
    )
    said = tmp_path / "child"
    arguments = [str(script), str(tmp_path / "modules"), path, str(said)]
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        child = int(said.read_text().split()[0])
        assert running(child)
        while busy and not (tmp_path / "child-busy").exists():
            time.sleep(0.02)
        parent.kill()
    assert gone_within(child, 5)
