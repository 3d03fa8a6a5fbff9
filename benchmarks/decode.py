"""Decoding to RGB: PyAV, as raysign does it, against OpenCV.

    python benchmarks/decode.py VIDEOS

VIDEOS is a folder of videos. Both decode in one thread on one core, take turns, and give uint8 RGB
frames ready for MediaPipe. PyAV's time holds raysign's reading of the packets beforehand, by which
it knows when each frame is shown and whether the video ends early; OpenCV says neither. The time is
CPU time; the last line says whether the pixels are the same.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from raysign.video import open_video

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    paths = sorted(path for path in options.videos.iterdir() if path.suffix in SUFFIXES)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)

    decoders: dict[str, Callable[[Path], Iterator[Any]]] = {
        "PyAV": with_pyav,
        "OpenCV": with_opencv,
    }
    spent = dict.fromkeys(decoders, float("inf"))
    frames = 0
    for _ in range(options.repeats):
        for name, decode in decoders.items():
            started = time.process_time()
            frames = sum(1 for path in paths for _ in decode(path))
            spent[name] = min(spent[name], time.process_time() - started)
    print(f"{len(paths)} videos, {frames:,} frames, the best of {options.repeats}")
    for name, seconds in spent.items():
        print(f"{name:<7} {1000 * seconds / frames:.3f} CPU ms/frame")
    print(f"PyAV ÷ OpenCV  {spent['PyAV'] / spent['OpenCV']:.2f}")
    same = sum(alike(path) for path in paths)
    print(f"the same pixels, bit for bit, in {same} of {len(paths)} videos")


def with_pyav(path: Path) -> Iterator[Any]:
    """As an extraction does it."""
    with open_video(path) as frames:
        for frame in frames:
            yield frame.rgb


def with_opencv(path: Path) -> Iterator[Any]:
    """The usual loop."""
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    video.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    while True:
        there, picture = video.read()
        if not there:
            return
        yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def alike(path: Path) -> bool:
    """Whether both give the same frames."""
    pairs = zip(with_pyav(path), with_opencv(path), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


if __name__ == "__main__":
    main()
