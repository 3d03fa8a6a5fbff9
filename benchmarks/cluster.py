"""How a sweep scales: trials an hour, what Ray adds to a trial, shared memory, 2 workers against 1.

    python benchmarks/cluster.py
    python benchmarks/cluster.py --data stores/wlasl100 --trials 4 --epochs 4 --shared 1 4

All in one run, on the cluster of RAY_ADDRESS or on this machine; what is compared takes turns. All
epochs to the end, 1 thread a trial. At the end, computed and not measured, what these numbers give
for more nodes like this one.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch
from ray._private.internal_api import node_stats

from raysign import cluster, tracking
from raysign.config import SweepConfig, TrainConfig, load_config
from raysign.engine import Training
from raysign.sweep import Swept, space_of, sweep
from raysign.sweep.plan import shared_bytes
from raysign.sweep.record import Recorder
from raysign.train import Material, train

SPACE = Path(__file__).parents[1] / "tune_configs" / "sweep.yaml"
MIB = 2**20
NODES = (1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True)
class Ran:
    """A sweep, seen from outside."""

    swept: Swept
    at_once: int
    driver_s: float
    """Seconds a report that the driver spends on it."""
    shared: int
    """Bytes of the object store that it added to any node's, at most."""

    @property
    def hourly(self) -> float:
        return 3600 * len(self.swept.outcomes) / self.swept.search_seconds

    @property
    def trial_s(self) -> float:
        """Of a trial's epochs, the mean."""
        return sum(o.seconds for o in self.swept.outcomes) / len(self.swept.outcomes)


class Bench:
    """What all sweeps here share."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.tracker = tracking.connect(f"sqlite:///{folder}/mlflow.db")
        data = [f"train.data.store={json.dumps(options.data)}"] if options.data else []
        self.settings = ["grace_epochs=100000", "train.optim.patience=100000", *data]

    def config(self, *settings: str) -> SweepConfig:
        return load_config(SweepConfig, SPACE, [*self.settings, *settings])

    def sweep(self, at_once: int, trials: int, epochs: int, cpus: float = 1) -> Ran:
        config = self.config(
            f"trials={trials}",
            f"placement.trials_at_once={at_once}",
            f"placement.cpus_per_worker={cpus}",
            f"train.optim.epochs={epochs}",
            "train.threads=1",
        )
        self.count += 1
        with Reports() as reports, SharedMemory() as memory:
            swept = sweep(
                config,
                connect=lambda: self.tracker,
                folder=self.folder / f"sweep-{self.count}",
                say=quiet,
            )
        return Ran(swept, at_once, reports.seconds / max(1, reports.count), memory.added)

    def plain(self, like: Ran, epochs: int) -> float:
        """Seconds of the same trials, one after the other in this process."""
        space = space_of(self.config(f"train.optim.epochs={epochs}"))
        clips = Material.read(self.train_config(epochs), quiet).clips
        torch.set_num_threads(1)
        started = time.perf_counter()
        for outcome in sorted(like.swept.outcomes, key=lambda outcome: outcome.number):
            Training(space.config(outcome.values), clips).run()
        return time.perf_counter() - started

    def train_config(self, epochs: int) -> TrainConfig:
        config = space_of(self.config(f"train.optim.epochs={epochs}")).config({})
        assert isinstance(config, TrainConfig)
        return config

    def samples(self, workers: int, epochs: int) -> float:
        """Clips a second that so many workers of one thread train on, measuring left out."""
        config = self.train_config(epochs)
        evaluate = config.evaluate.model_copy(update={"every": epochs})
        given = {"workers": workers, "threads": 1, "evaluate": evaluate, "device": "cpu"}
        config = config.model_copy(update=given)
        self.count += 1
        done = train(
            config,
            connect=lambda: self.tracker,
            folder=self.folder / f"train-{self.count}",
            say=quiet,
            register=False,
        )
        history = self.tracker.client.get_metric_history(done.run_id, "epoch_s")
        seconds = [one.value for one in sorted(history, key=lambda one: one.step)][1:-1]
        clips = Material.read(config, quiet).clips
        steps = Training(config.model_copy(update={"workers": 1}), clips).steps // epochs
        return steps * config.batches.signs * config.batches.clips_per_sign / min(seconds)


class Reports:
    """How long the driver takes for a report."""

    def __enter__(self) -> Reports:
        self.count, self.seconds, self.plain = 0, 0.0, Recorder.on_trial_result

        def timed(recorder: Recorder, *given: Any, **named: Any) -> None:
            started = time.perf_counter()
            self.plain(recorder, *given, **named)
            self.count += 1
            self.seconds += time.perf_counter() - started

        Recorder.on_trial_result = timed  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Recorder.on_trial_result = self.plain  # type: ignore[method-assign]


class SharedMemory:
    """The most that came into a node's object store while this was open, in bytes."""

    def __enter__(self) -> SharedMemory:
        self.before, self.added, self.over = used(), 0, threading.Event()
        self.watching = threading.Thread(target=self.watch, daemon=True)
        self.watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.watching.join()

    def watch(self) -> None:
        while not self.over.wait(0.5):
            now = used()
            self.added = max(self.added, *(now[node] - self.before.get(node, 0) for node in now))


def used() -> dict[str, int]:
    """Bytes of each node's object store that are in use."""
    # The public numbers need the dashboard, which a sweep does without.
    return {
        node["NodeID"]: node_stats(
            node["NodeManagerAddress"], node["NodeManagerPort"], False
        ).store_stats.object_store_bytes_used
        for node in ray.nodes()
        if node["Alive"]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="store; default: the synthetic world")
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--shared", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--worker-epochs", type=int, default=8)
    options = parser.parse_args()
    resources = cluster.start()
    print(resources, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, Path(folder))
        bench.sweep(1, 1, 1)  # warm
        rans = concurrency(bench, options)
        shared_memory(bench, options)
        workers(bench, options)
    on_paper(rans, options.epochs)


def concurrency(bench: Bench, options: argparse.Namespace) -> list[Ran]:
    """Trials an hour, and all sweeps that say so."""
    print("\n| at a time | trials/hour | ÷ plain loop | Ray's s a trial | driver ms a report |")
    print("|---|---|---|---|---|", flush=True)
    rans: list[Ran] = []
    for _ in range(options.repeats):
        plain = None
        for at_once in options.concurrency:
            ran = bench.sweep(at_once, options.trials, options.epochs)
            if plain is None:
                plain = bench.plain(ran, options.epochs)
                print(f"| plain loop | {3600 * options.trials / plain:.0f} | 1 | | |")
            ratio = plain / ran.swept.search_seconds
            own = ran.swept.search_seconds * at_once / options.trials - ran.trial_s
            print(
                f"| {at_once} | {ran.hourly:.0f} | **{ratio:.2f}** | {own:.2f} | "
                f"{1000 * ran.driver_s:.0f} |",
                flush=True,
            )
            rans.append(ran)
    return rans


def shared_memory(bench: Bench, options: argparse.Namespace) -> None:
    """What a node's object store holds, with so many trials at the same time."""
    clips = shared_bytes(Material.read(bench.train_config(1), quiet).clips)
    print(f"\nclips: {clips / MIB:.1f} MiB")
    print("| trials at a time | object store of a node | ÷ clips |\n|---|---|---|", flush=True)
    for trials in options.shared:
        # As little of a CPU as it takes: it is not about their speed.
        cpus = min(1.0, math.floor(100 * cluster.start().cpus / trials) / 100)
        added = bench.sweep(trials, trials, 2, cpus).shared
        print(f"| {trials} | {added / MIB:.1f} MiB | **{added / clips:.2f}** |", flush=True)


def workers(bench: Bench, options: argparse.Namespace) -> None:
    """One training on one and on two workers, a thread each."""
    print("\n| workers | clips/s | ÷ 1 worker |\n|---|---|---|", flush=True)
    before = 0.0
    for count in (1, 2):
        speed = bench.samples(count, options.worker_epochs)
        before = before or speed
        print(f"| {count} | {speed:.0f} | **{speed / before:.2f}** |", flush=True)


def on_paper(rans: list[Ran], epochs: int) -> None:
    """Computed: so many nodes like this one, until the one driver is busy with reports alone."""
    full = max(rans, key=lambda ran: ran.at_once)
    report_s = sum(ran.driver_s for ran in rans) / len(rans)
    most = 3600 / (report_s * epochs)
    print(
        f"\ncomputed, from {full.hourly:.0f} trials an hour on one node, {full.at_once} at a time, "
        f"and {1000 * report_s:.0f} ms of the driver for each of a trial's {epochs} reports, which "
        f"is an end at {most:.0f} trials an hour:"
    )
    print("| nodes | trials/hour | ÷ as many alone |\n|---|---|---|")
    for nodes in NODES:
        alone = nodes * full.hourly
        print(f"| {nodes} | {min(alone, most):.0f} | {min(1, most / alone):.2f} |")


def quiet(line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    main()
