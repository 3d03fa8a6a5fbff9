"""A dictionary served to many at once: requests/s, p50, p99, what went wrong, and memory.

    python benchmarks/serve.py galleries/asl --clips stores/wlasl100:val
    python benchmarks/serve.py --seconds 10                      # the made-up dictionary
    python benchmarks/serve.py galleries/asl --video lesson.mp4  # the server looks at a video
    python benchmarks/serve.py galleries/asl --replicas 2 --kill

Each client has an address of its own on this machine (127.0.2.1, …) and asks again as soon as it is
answered. By default it searches with landmarks, so that MediaPipe has no share in it. Clients and
server use the same cores. Memory is that of all processes of the server, Ray's too; what several of
them share counts once (Pss). With --kill one replica is killed in the middle: what is lost is what
was asked of it at that moment, and until Ray has noticed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np

from raysign.serve.memory import below
from raysign.sources import load_selection

TIMEOUT_S = 120.0
MOST_CLIPS = 64


@dataclass(frozen=True)
class Question:
    """What the clients ask."""

    path: str
    kind: str
    bodies: tuple[bytes, ...]


@dataclass
class Seen:
    """What the clients saw, after the warm-up."""

    seconds: list[float] = field(default_factory=list)
    """Of each answer."""
    lost: list[tuple[float, str]] = field(default_factory=list)
    """When each other request ended, and how."""
    memory_mib: list[float] = field(default_factory=list)
    killed_s: float | None = None


def question(args: argparse.Namespace) -> Question:
    if args.video:
        body = args.video.read_bytes()
        return Question("/api/v1/search/video", "application/octet-stream", (body,))
    clips = load_selection(args.clips)
    bodies = []
    for row in range(min(MOST_CLIPS, len(clips))):
        xyz = clips.landmarks(row).astype("<f2")
        told = {
            "layout": clips.layout,
            "fps": float(clips.fps[row]) or 25,
            "width": 640,
            "height": round(640 / float(clips.aspect[row])),
            "frames": len(xyz),
            "xyz": base64.b64encode(xyz.tobytes()).decode(),
        }
        bodies.append(json.dumps({"clips": [told]}).encode())
    return Question("/api/v1/search/landmarks", "application/json", tuple(bodies))


@contextmanager
def server(args: argparse.Namespace) -> Iterator[tuple[int, int]]:
    """Its process and port."""
    command = [str(Path(sys.executable).with_name("raysign")), "serve", "--port", "0"]
    command += [args.gallery] if args.gallery else []
    command += ["--replicas", str(args.replicas)] if args.replicas else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("open "):
                sys.exit(f"the server did not start: {line}")
            print(line.strip(), flush=True)
            yield process.pid, int(line.split()[1].rstrip("/").rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def client(
    number: int, port: int, asked: Question, seen: Seen, starts_s: float, ends_s: float
) -> None:
    headers = {"Content-Type": asked.kind, "X-Session-Id": f"client {number}"}
    connection: HTTPConnection | None = None
    turn = number
    while (began_s := time.monotonic()) < ends_s:
        turn += 1
        try:
            if connection is None:
                here = (f"127.0.2.{number + 1}", 0)
                connection = HTTPConnection("127.0.0.1", port, TIMEOUT_S, source_address=here)
            body = asked.bodies[turn % len(asked.bodies)]
            connection.request("POST", asked.path, body, headers)
            reply = connection.getresponse()
            said = reply.read()
            how = "" if reply.status == 200 else f"{reply.status} {said[:90].decode()}"
            ended = reply.will_close
        except (OSError, HTTPException) as error:
            how, ended = type(error).__name__, True
        if ended and connection is not None:
            connection.close()
            connection = None
        now_s = time.monotonic()
        if how:
            seen.lost.append((now_s, how))
            time.sleep(0.05)
        elif began_s >= starts_s:
            seen.seconds.append(now_s - began_s)


def memory_mib(server: int) -> float:
    """Of a process and all below it, each page once."""
    total = 0
    for process in (server, *below(server)):
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(rollup.split("\nPss:")[1].split()[0])
    return total / 1024


def kill_one(server: int) -> None:
    for process in below(server):
        try:
            name = Path(f"/proc/{process}/cmdline").read_text()
        except OSError:
            continue
        if "ServeReplica" in name:
            os.kill(process, signal.SIGKILL)
            print(f"killed {name.split(chr(0))[0]} ({process})", flush=True)
            return
    sys.exit("--kill: there is no replica; give --replicas 2")


def measure(args: argparse.Namespace) -> Seen:
    asked, seen = question(args), Seen()
    with server(args) as (process, port):
        starts_s = time.monotonic() + args.warm_up
        ends_s = starts_s + args.seconds
        clients = [
            threading.Thread(target=client, args=(number, port, asked, seen, starts_s, ends_s))
            for number in range(args.clients)
        ]
        for thread in clients:
            thread.start()
        while (now_s := time.monotonic()) < ends_s:
            if now_s >= starts_s:
                seen.memory_mib.append(memory_mib(process))
            if args.kill and seen.killed_s is None and now_s > starts_s + args.seconds / 2:
                seen.killed_s = now_s
                kill_one(process)
            time.sleep(1)
        for thread in clients:
            thread.join()
        seen.memory_mib.append(memory_mib(process))
    return seen


def report(args: argparse.Namespace, seen: Seen) -> None:
    if not seen.seconds:
        sys.exit(f"nothing was answered: {Counter(how for _, how in seen.lost)}")
    middle, high = np.percentile(seen.seconds, [50, 99]) * 1e3
    how = f"{args.replicas} replicas" if args.replicas else "1 process"
    print(
        f"\n{args.clients} clients, {args.seconds:.0f} s, {how}, {os.cpu_count()} cores, "
        f"by {'video' if args.video else 'landmarks'}\n\n"
        "| answers | answers/s | p50 | p99 | slowest | lost |\n|---|---|---|---|---|---|\n"
        f"| {len(seen.seconds):,} | {len(seen.seconds) / args.seconds:.1f} | {middle:.0f} ms | "
        f"{high:.0f} ms | {max(seen.seconds) * 1e3:.0f} ms | {len(seen.lost)} |\n"
    )
    for said, count in Counter(how for _, how in seen.lost).most_common():
        print(f"lost {count} times: {said}")
    if seen.killed_s is not None:
        after = [at_s - seen.killed_s for at_s, _ in seen.lost if at_s >= seen.killed_s]
        last = f"the last {max(after):.1f} s after" if after else "none"
        print(f"lost after one replica was killed: {len(after)}, {last}")
    tenth = max(1, len(seen.memory_mib) // 10)
    first, last_mib = np.mean(seen.memory_mib[:tenth]), np.mean(seen.memory_mib[-tenth:])
    print(
        f"memory: {first:,.0f} MiB in the first tenth of the time, {last_mib:,.0f} in the last, "
        f"{max(seen.memory_mib):,.0f} at most"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("gallery", nargs="?", help="default: the made-up dictionary")
    parser.add_argument("--clips", default="synthetic:val", metavar="STORE[:split]")
    parser.add_argument("--video", type=Path, metavar="FILE", help="ask with a video instead")
    parser.add_argument("--clients", type=int, default=16, choices=range(1, 255), metavar="N")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="at most 600")
    parser.add_argument(
        "--warm-up", type=float, default=20, metavar="S", help="first; children start meanwhile"
    )
    parser.add_argument("--replicas", type=int, default=0, metavar="N")
    parser.add_argument("--kill", action="store_true", help="one replica, in the middle")
    args = parser.parse_args()
    args.seconds = min(args.seconds, 600)
    if args.kill and args.replicas < 2:
        parser.error("--kill needs --replicas 2 or more")
    report(args, measure(args))


if __name__ == "__main__":
    main()
