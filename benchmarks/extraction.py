"""Extraction against MediaPipe's own limit, a plain loop, and pose-format.

    python benchmarks/extraction.py VIDEOS
    python benchmarks/extraction.py VIDEOS --clips 12 --workers 2

VIDEOS is a manifest, or a folder of videos. All run in this one call, one after the other, each
warm: what a process imports and loads before its first frame is not counted. CPU seconds are the
whole machine's, so keep it quiet.

limit         what the cores could give if they did nothing but MediaPipe as raysign runs it: cores
              ÷ its CPU seconds a frame, in a pinned process on each core, on decoded frames
plain loop    one process, OpenCV, `mediapipe.solutions.holistic.Holistic` as it comes
pose-format   `pose_format`'s own video → .pose, processes × graphs; not pinned, as its users run it
raysign       `raysign extract` on Ray Data
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from raysign import cluster
from raysign.config import ExtractConfig
from raysign.extract import open_landmarker
from raysign.manifest import VideoClip
from raysign.pipeline import extract_videos
from raysign.pipeline.on_ray import OnRay
from raysign.store import read_manifest
from raysign.video import open_video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos")
    parser.add_argument("--clips", type=int, default=0, help="the first so many; 0: all")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    rows = read_manifest(options.videos)[: options.clips or None]
    paths = [row.path for row in rows]

    frames, alone_s = mediapipe_on([paths], 1)
    print(f"{len(rows)} clips, {frames:,} frames, {options.workers} workers", flush=True)
    every, cpu_s = mediapipe_on([paths] * options.workers, options.workers)
    limit = options.workers * every / cpu_s
    report("limit", limit, cpu_s / every, limit)
    report("(a core alone)", options.workers * frames / alone_s, alone_s / frames, limit)
    seconds, cpu = in_a_process(plain_loop, paths)
    plain = frames / seconds
    report("plain loop", plain, cpu / frames, limit)
    fastest = 0.0
    for processes, graphs in ((1, 1), (1, options.workers), (options.workers, 1)):
        seconds, cpu = pose_format(paths, processes, graphs)
        report(f"pose-format {processes} × {graphs}", frames / seconds, cpu / frames, limit)
        fastest = max(fastest, frames / seconds)
    seconds, cpu, inside, memory = raysign(rows, options.workers)
    ours = frames / seconds
    report("raysign", ours, cpu / frames, limit)
    outside = 1 - inside / (options.workers * seconds)
    print(f"raysign ÷ limit        {ours / limit:.3f}")
    print(f"raysign ÷ core alone   {ours * alone_s / (options.workers * frames):.3f}")
    print(f"raysign ÷ plain loop   {ours / plain:.2f}")
    print(f"raysign ÷ pose-format  {ours / fastest:.2f}")
    print(f"outside MediaPipe      {outside:.1%} of the workers' wall time")
    print(f"memory                 at most {memory / 2**20:.0f} MiB in an extractor's process")


def report(name: str, speed: float, cpu_s: float, limit: float) -> None:
    """One line of the table."""
    print(
        f"{name:<18} {speed:6.1f} frames/s  {1000 * cpu_s:6.1f} CPU ms/frame  "
        f"{speed / limit:5.2f} of the limit",
        flush=True,
    )


def in_a_process(work: Callable[[list[str]], Any], paths: list[str]) -> Any:
    """In a process of its own, so that one measurement leaves nothing to the next."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, paths).result()


def busy_s() -> float:
    """CPU seconds that the machine has spent since it started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def mediapipe_on(shares: list[list[str]], cores: int) -> tuple[int, float]:
    """Frames, and MediaPipe's CPU seconds, of as many pinned processes at once as there are shares.

    Cores share caches and memory: together each takes longer for a frame than alone.
    """
    places = sorted(os.sched_getaffinity(0))[:cores]
    with ProcessPoolExecutor(len(shares), multiprocessing.get_context("spawn")) as pool:
        jobs = [pool.submit(mediapipe_alone, p, c) for p, c in zip(shares, places, strict=True)]
        counts, seconds = zip(*(job.result() for job in jobs), strict=True)
    return sum(counts), sum(seconds)


def mediapipe_alone(paths: list[str], core: int) -> tuple[int, float]:
    """Frames, and the CPU seconds that MediaPipe takes for them, on one core."""
    os.sched_setaffinity(0, {core})
    config = ExtractConfig()
    landmarker = open_landmarker(config)
    count, spent = 0, 0.0
    for number, path in enumerate([paths[0], *paths]):
        with open_video(path) as frames:
            pictures = [frame.rgb for frame in frames]
        landmarker.reset()
        started = time.process_time()
        for picture in pictures:
            landmarker.landmarks(picture)
        if number:  # the first is the warm-up
            spent += time.process_time() - started
            count += len(pictures)
    return count, spent


def plain_loop(paths: list[str]) -> tuple[float, float]:
    """Seconds and the machine's CPU seconds of the loop that one would write first."""
    import cv2
    import mediapipe

    def extract(path: str) -> None:
        video = cv2.VideoCapture(path)
        while True:
            there, picture = video.read()
            if not there:
                return
            holistic.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))

    with mediapipe.solutions.holistic.Holistic() as holistic:
        extract(paths[0])
        started, busy = time.perf_counter(), busy_s()
        for path in paths:
            holistic.reset()
            extract(path)
        return time.perf_counter() - started, busy_s() - busy


def pose_format(paths: list[str], processes: int, graphs: int) -> tuple[float, float]:
    """The same of pose-format: ``videos_to_poses --num-workers``, ``video_to_pose --workers``."""
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(processes, context) as pool,
    ):
        # Every process has imported and run a graph before the clock starts.
        list(pool.map(one_pose, [(paths[0], f"{folder}/{n}", graphs) for n in range(processes)]))
        started, busy = time.perf_counter(), busy_s()
        jobs = [(path, f"{folder}/{n}.pose", graphs) for n, path in enumerate(paths)]
        list(pool.map(one_pose, jobs))
        return time.perf_counter() - started, busy_s() - busy


def one_pose(job: tuple[str, str, int]) -> None:
    """A video → a .pose file, as pose-format's commands do it."""
    from pose_format.bin.pose_estimation import pose_video

    path, out, graphs = job
    pose_video(path, out, "mediapipe", {}, progress=False, pose_workers=graphs)


def raysign(rows: list[VideoClip], workers: int) -> tuple[float, float, float, int]:
    """Seconds, CPU seconds, seconds inside MediaPipe, and most memory, of a warm pool.

    Each worker has a clip more, before the others; the clock starts when the first of those is
    done.
    """
    cluster.start()
    begun: list[tuple[float, float]] = []

    def stream(todo: Iterable[tuple[int, VideoClip]], config: ExtractConfig) -> Any:
        real = list(todo)
        warm_up = [(-1, real[0][1])] * workers
        for number, found in OnRay(workers)([*warm_up, *real], config):
            if not begun:
                begun.append((time.perf_counter(), busy_s()))
            if number >= 0:
                yield number, found

    with tempfile.TemporaryDirectory() as folder:
        done = extract_videos(
            rows, f"{folder}/store", ExtractConfig(), stream=stream, say=lambda line: None
        )
        seconds, cpu = time.perf_counter() - begun[0][0], busy_s() - begun[0][1]
    return seconds, cpu, done.landmark_seconds, done.memory_bytes


if __name__ == "__main__":
    main()
