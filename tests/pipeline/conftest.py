"""Videos that nobody has to decode: a stream that makes up what comes out of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import ExtractConfig
from raysign.extract import Extracted
from raysign.manifest import Outcome, VideoClip
from raysign.video import write_mp4

if TYPE_CHECKING:
    from types import ModuleType

Numbered = Iterable[tuple[int, VideoClip]]


def rows(count: int) -> list[VideoClip]:
    return [VideoClip(f"clip{n}", f"/videos/{n}.mp4", sign=f"sign{n % 3}") for n in range(count)]


def made_up(number: int, video: VideoClip) -> Extracted:
    """A clip that depends on its row alone; every fifth fails, every seventh is skipped."""
    if number % 5 == 4:
        return Extracted(
            clip=None,
            outcome=Outcome(video.clip_id, video.path, "failed", "no such file", **video.labels),
            seconds=0.0,
            landmark_seconds=0.0,
        )
    if number % 7 == 6:
        reason = "nobody is in any of its 9 frames"
        outcome = Outcome(
            video.clip_id, video.path, "skipped", reason, "cd" * 32, 9, 25.0, **video.labels
        )
        return Extracted(clip=None, outcome=outcome, seconds=0.1, landmark_seconds=0.1)
    random = np.random.default_rng(number)
    frames = 5 + number % 4
    clip = Clip(
        video.clip_id,
        random.random((frames, 75, 3)).astype(np.float32),
        "holistic75",
        sign=video.sign,
        signer=video.signer,
        split=video.split,
        fps=25.0,
        width=256,
        height=256,
        confidence=random.random((frames, 75)).astype(np.float32),
    )
    shares = {"body": 1.0, "left_hand": 1.0, "right_hand": 1.0}
    outcome = Outcome(
        video.clip_id, video.path, "ok", "", "cd" * 32, frames, 25.0, **shares, **video.labels
    )
    return Extracted(clip=clip, outcome=outcome, seconds=0.2, landmark_seconds=0.19)


class Stream:
    """Gives what :func:`made_up` says, shuffled; stops after ``until`` clips as a kill would."""

    def __init__(self, seed: int = 0, until: int | None = None) -> None:
        self.seed, self.until = seed, until
        self.seen: list[int] = []

    def __call__(self, rows: Numbered, config: ExtractConfig) -> Iterator[tuple[int, Extracted]]:
        items = list(rows)
        order = np.random.default_rng(self.seed).permutation(len(items))
        for done, place in enumerate(order):
            if done == self.until:
                raise KeyboardInterrupt
            number, video = items[place]
            self.seen.append(number)
            yield number, made_up(number, video)


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """This file: ``rows``, ``made_up`` and ``Stream``."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def film() -> Callable[[Path, int, int], Path]:
    """Make a video in which MediaPipe finds a person; which one depends on ``shift`` alone."""
    pillow = pytest.importorskip("PIL.Image")
    samples = Path(matplotlib.get_data_path()) / "sample_data"
    portrait = np.asarray(pillow.open(samples / "grace_hopper.jpg").convert("RGB"))

    def make(path: Path, frames: int = 8, shift: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = (
            np.ascontiguousarray(portrait[n : n + 480, shift : shift + 440]) for n in range(frames)
        )
        write_mp4(path, pictures, 25.0)
        return path

    return make
