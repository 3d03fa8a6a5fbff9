"""Clips in memory against clips mapped from a disk: the same training, its time and its memory.

    python benchmarks/data.py
    python benchmarks/data.py --clips 40000

A store of random clips is written, and three processes read it, prepare it, measure the untrained
floor and train one epoch: `always` in memory, `mapped` when nothing is on the disk yet, `mapped`
again when it is. Memory is the process's own (RssAnon, its highest): pages of files, which Linux
takes back when it needs them, are not. All three must learn the same, to the last bit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from raysign.clip import Clip
from raysign.config import TrainConfig
from raysign.engine import build_training
from raysign.store import write_store
from raysign.train import Material

ENCODER = {"width": 8, "heads": 1, "depth": 1, "feedforward": 8, "embedding": 8}
"""As small as they come: what is looked at is the clips."""
TAKES = 10
"""Clips of a sign, one of them val's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--frames", type=int, default=200, help="of a prepared clip")
    parser.add_argument("--folder", default=None, help="where the store and the cache are put")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(measured(*options.run, options.frames)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_store(f"{folder}/store", clips(options.clips))
        prepared = options.clips * options.frames * 42 * 3 * 2 / 2**20
        print(f"{options.clips:,} clips, {prepared:,.0f} MiB when they are prepared", flush=True)
        found = {}
        for name in ("always", "mapped", "mapped again"):
            found[name] = one = apart(folder, name.split()[0], options)
            print(
                f"{name:<13} reading {one['read_s']:6.1f} s, an epoch {one['epoch_s']:6.1f} s, "
                f"memory {one['memory_mib']:7,.0f} MiB ({one['memory_mib'] / prepared:.2f} of the "
                "prepared clips)",
                flush=True,
            )
    assert len({json.dumps(one["learned"]) for one in found.values()}) == 1
    whole = found["always"]
    for name in ("mapped", "mapped again"):
        ratios = {key: found[name][key] / whole[key] for key in ("read_s", "epoch_s", "memory_mib")}
        print(f"{name} ÷ always: " + ", ".join(f"{k} {v:.2f}" for k, v in ratios.items()))


def apart(folder: str, memory: str, options: argparse.Namespace) -> dict[str, Any]:
    """One way, in a process of its own."""
    command = [sys.executable, __file__, "--frames", str(options.frames)]
    done = subprocess.run([*command, "--run", folder, memory], stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measured(folder: str, memory: str, frames: int) -> dict[str, Any]:
    """Seconds of reading and of an epoch, and the most memory beyond what it began with."""
    torch.set_num_threads(1)
    config = TrainConfig.model_validate(
        {
            "data": {"store": f"{folder}/store", "memory": memory, "cache": f"{folder}/cache"},
            "prepare": {"frames": frames},
            "encoder": ENCODER,
            "batches": {"signs": 8, "clips_per_sign": 2},
            "optim": {"epochs": 1},
            "evaluate": {"bootstrap": 100, "batch_clips": 16},
            "device": "cpu",
        }
    )
    learned: list[tuple[float, float]] = []
    with Peak() as peak:
        started = time.perf_counter()
        material = Material.read(config, lambda line: None)
        between = time.perf_counter()
        build_training(config, material.clips).run(
            lambda epoch: learned.append((epoch.loss, epoch.figures["val/map"]))
        )
    return {
        "read_s": between - started,
        "epoch_s": time.perf_counter() - between,
        "memory_mib": peak.mib,
        "learned": learned,
    }


class Peak:
    """The most memory of this process's own, beyond what it had, looked at every 5 ms."""

    def __enter__(self) -> Peak:
        self._before = self._most = _own_mib()
        self._done = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._watching.join()

    @property
    def mib(self) -> float:
        return self._most - self._before

    def _watch(self) -> None:
        while not self._done.wait(0.005):
            self._most = max(self._most, _own_mib())


def _own_mib() -> float:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


def clips(count: int) -> Iterator[Clip]:
    """Clips of like length about a place of each sign, ten a sign."""
    random = np.random.default_rng(0)
    for number in range(count):
        sign, take = divmod(number, TAKES)
        place = np.random.default_rng(sign).random((60, 42, 3))
        xyz = (place + 0.1 * random.random(place.shape)).astype(np.float16)
        split = "val" if take == 0 else "train"
        yield Clip(f"{sign}-{take}", xyz, "hands42", sign=f"s{sign}", split=split)


if __name__ == "__main__":
    main()
