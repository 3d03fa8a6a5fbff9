"""Extraction against MediaPipe's own limit, a plain loop, and pose-format.

    python benchmarks/extraction.py VIDEOS
    python benchmarks/extraction.py VIDEOS --clips 12 --workers 2 --rounds 1

VIDEOS is a manifest, or a folder of videos. All run in this one call, one after the other, each
warm: what a process imports and loads before its first frame is not counted. A virtual machine's
cores get faster and slower by a tenth within minutes, so the limits and raysign take turns, and
each ratio is the median of the rounds' own. CPU seconds are the whole machine's: keep it quiet.

limit         what the cores could give if they did nothing but MediaPipe: cores ÷ its CPU seconds
              a frame, in a pinned process on each core, each with its share of the clips, decoded
              before the clock starts. Once of MediaPipe's body and hands as it ships, once as
              raysign runs them, without the body model's silhouette
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
from statistics import median
from typing import Any

from raysign import cluster
from raysign.config import ExtractConfig
from raysign.extract import holistic, open_landmarker
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
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = read_manifest(options.videos)[: options.clips or None]
    paths, workers = [row.path for row in rows], options.workers

    found: dict[str, list[float]] = {}
    for number in range(options.rounds):
        for name, lean in (("limit as shipped", False), ("limit", True)):
            frames, cpu_s = mediapipe_on(paths, workers, lean=lean)
            found.setdefault(name, []).append(workers * frames / cpu_s)
            report(name, found[name][-1], cpu_s / frames)
        seconds, cpu, inside, memory = raysign(rows, workers)
        found.setdefault("raysign", []).append(frames / seconds)
        found.setdefault("outside", []).append(1 - inside / (workers * seconds))
        report("raysign", frames / seconds, cpu / frames)
        if number == 0:  # the slow ones, in the midst of the others
            found["plain loop"], found["pose-format"] = others(paths, frames, workers)

    print(f"{len(rows)} clips, {frames:,} frames, {workers} workers, {options.rounds} rounds:")
    for name in ("limit", "limit as shipped"):
        shares = [a / b for a, b in zip(found["raysign"], found[name], strict=True)]
        print(f"raysign ÷ {name:<17} {median(shares):.3f}  [{min(shares):.3f}–{max(shares):.3f}]")
    for name in ("plain loop", "pose-format"):
        shares = [speed / max(found[name]) for speed in found["raysign"]]
        print(f"raysign ÷ {name:<17} {median(shares):.2f}  [{min(shares):.2f}–{max(shares):.2f}]")
    print(f"outside MediaPipe  {median(found['outside']):.1%} of the workers' wall time")
    print(f"memory             at most {memory / 2**20:.0f} MiB in an extractor's process")


def others(paths: list[str], frames: int, workers: int) -> tuple[list[float], list[float]]:
    """Frames a second of the plain loop, and of pose-format in each way to run it."""
    seconds, cpu = in_a_process(plain_loop, paths)
    plain = [frames / seconds]
    report("plain loop", plain[0], cpu / frames)
    rival = []
    for processes, graphs in ((1, 1), (1, workers), (workers, 1)):
        seconds, cpu = pose_format(paths, processes, graphs)
        rival.append(frames / seconds)
        report(f"pose-format {processes} × {graphs}", rival[-1], cpu / frames)
    return plain, rival


def report(name: str, speed: float, cpu_s: float) -> None:
    """One line of the table."""
    print(f"{name:<18} {speed:6.1f} frames/s  {1000 * cpu_s:6.1f} CPU ms/frame", flush=True)


def in_a_process(work: Callable[[list[str]], Any], paths: list[str]) -> Any:
    """In a process of its own, so that one measurement leaves nothing to the next."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, paths).result()


def busy_s() -> float:
    """CPU seconds that the machine has spent since it started."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq = (int(field) for field in fields[:7])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def mediapipe_on(paths: list[str], cores: int, *, lean: bool) -> tuple[int, float]:
    """Frames, and MediaPipe's CPU seconds, of a pinned process on each core, all at once.

    Cores share caches and memory: together each takes longer for a frame than alone.
    """
    places = sorted(os.sched_getaffinity(0))[:cores]
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        jobs = [
            pool.submit(mediapipe_alone, paths[place::cores], core, lean)
            for place, core in enumerate(places)
        ]
        counts, seconds = zip(*(job.result() for job in jobs), strict=True)
    return sum(counts), sum(seconds)


def mediapipe_alone(paths: list[str], core: int, lean: bool) -> tuple[int, float]:
    """Frames, and the CPU seconds that MediaPipe takes for them, on one core."""
    os.sched_setaffinity(0, {core})
    if not lean:
        holistic.lean_resources = lambda model: None
    landmarker = open_landmarker(ExtractConfig())
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
            graph.process(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))

    with mediapipe.solutions.holistic.Holistic() as graph:
        extract(paths[0])
        started, busy = time.perf_counter(), busy_s()
        for path in paths:
            graph.reset()
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
