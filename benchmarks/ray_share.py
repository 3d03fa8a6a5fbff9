"""Ray's share of a sweep: the same trials through `raysign.sweep` and in a plain loop over the
engine.

    python benchmarks/ray_share.py
    python benchmarks/ray_share.py --trials 4 --epochs 8

Both run warm (clips prepared, Ray started, one trial run before), one trial at a time, with as many
torch threads, all epochs to the end (no trial is stopped early). The sweep's time holds what Ray,
Optuna and MLflow add: actors, reports, checkpoints of the best epochs, child runs. The two take
turns, `--repeats` times, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from raysign import cluster, tracking
from raysign.config import SweepConfig, load_config
from raysign.engine import Training
from raysign.sweep import Swept, sweep
from raysign.sweep.space import Space
from raysign.train import Material

SPACE = Path(__file__).parents[1] / "tune_configs" / "sweep.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=0, help="0: as the space says")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()

    settings = [
        f"trials={options.trials}",
        "placement.trials_at_once=1",
        "grace_epochs=100000",
        f"placement.cpus_per_worker={options.threads}",
    ]
    if options.epochs:
        settings.append(f"train.optim.epochs={options.epochs}")
    config = load_config(SweepConfig, SPACE, settings)
    warm_up = load_config(SweepConfig, SPACE, [*settings, "trials=1", "train.optim.epochs=1"])
    space = Space.of(config, {"seed": config.seed} | config.train)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        tracker = tracking.connect(f"sqlite:///{folder}/mlflow.db")
        print(cluster.start(), flush=True)
        run_sweep(warm_up, tracker, Path(folder) / "warm-up")
        material = Material.read(space.config({}), quiet)
        shares = []
        for repeat in range(options.repeats):
            swept = run_sweep(config, tracker, Path(folder) / f"sweep-{repeat}")
            started = time.perf_counter()
            for outcome in sorted(swept.outcomes, key=lambda o: o.number):
                Training(space.config(outcome.values), material.clips).run()
            plain = time.perf_counter() - started
            shares.append(swept.search_seconds / plain)
            print(
                f"{options.trials} trials, {options.threads} threads: sweep "
                f"{swept.search_seconds:.1f} s, plain loop {plain:.1f} s, ratio {shares[-1]:.3f}",
                flush=True,
            )
    print(f"ratio, median of {options.repeats}: {statistics.median(shares):.3f}")


def run_sweep(config: SweepConfig, tracker: tracking.Tracker, folder: Path) -> Swept:
    """One sweep, in silence."""
    return sweep(config, connect=lambda: tracker, folder=folder, say=quiet)


def quiet(line: str) -> None:
    """Say nothing."""


if __name__ == "__main__":
    main()
