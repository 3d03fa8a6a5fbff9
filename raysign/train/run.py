"""One training run, from config to registered bundle; only the driver prints and uses MLflow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign import cluster
from raysign.bundle import commit, save_bundle
from raysign.engine import Training, choose_device
from raysign.train.bundling import bundle_of_state
from raysign.train.checkpoint import (
    CHECKPOINTS,
    check_claim,
    claim,
    has_state,
    last_state,
    load_state,
    save_state,
)
from raysign.train.material import Material, Say
from raysign.train.on_ray import check_room
from raysign.train.on_ray import on_ray as train_on_ray
from raysign.train.progress import Progress, finish, warn_below
from raysign.train.starting import start_of, starting_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Literal

    from raysign.config import TrainConfig
    from raysign.engine import Epoch, Start
    from raysign.tracking import RegisteredVersion, Tracker


@dataclass(frozen=True)
class Trained:
    """What a run left behind."""

    tracker: Tracker
    run_id: str
    metrics: dict[str, float]
    """Of the best epoch: ``val/…``, with intervals and counts."""
    baseline: dict[str, float]
    """Of the untrained nearest neighbour: ``untrained/…``, likewise."""
    protocol: str
    """What both were measured on."""
    best_epoch: int
    seconds: float
    bundle: Path
    registered: RegisteredVersion | None


def train(
    config: TrainConfig,
    *,
    connect: Callable[[], Tracker],
    folder: Path,
    say: Say,
    register: bool = True,
    retries: int = 3,
    on_ray: bool = True,
) -> Trained:
    """Train on ``config.workers`` workers and keep the best epoch.

    Args:
        config: the run.
        connect: gives what its metrics go to; called when all that can be refused has been.
        folder: the run's own, absolute and reachable from every node: checkpoints and the bundle. A
            run that finds checkpoints of its config there goes on from the last.
        say: prints a line of progress.
        register: put the bundle into the model registry.
        retries: how often workers that died are started again, from the last checkpoint.
        on_ray: False runs the engine in this process instead.

    Raises:
        TrainingError: before anything is written: the folder is another run's, or the cluster is
            too small; later: the training broke.
        ConfigError, BundleError: before anything is written: it cannot begin with what
            ``config.start_from`` names.
    """
    started = time.perf_counter()
    check_claim(folder, config)  # before minutes of reading
    material = Material.read(config, say)
    resources = cluster.start() if on_ray else None
    if resources:
        check_room(config, resources)
    else:
        choose_device(config.device)
    check_claim(folder, config, material.clips.fingerprint)
    bundle = None if has_state(folder) else starting_bundle(config, material.clips.layout, say)
    start = None if bundle is None else start_of(bundle)
    tracker = connect()
    run_id = tracker.start_run(
        folder.name,
        tags={"kind": "train", "commit": commit(), "data": material.clips.fingerprint},
        params=config.model_dump(mode="json"),
    )
    baseline = material.untrained("untrained/")
    progress = Progress(config, tracker, run_id, say)
    status: Literal["FINISHED", "FAILED", "KILLED"] = "FAILED"
    try:
        claim(folder, config, material.clips.fingerprint)
        if resources:
            train_on_ray(config, material, folder, progress, retries, resources, start)
        else:
            _in_process(config, material, folder, progress, start)
        state = load_state(folder / CHECKPOINTS)
        best = bundle_of_state(state, config, material.clips, commit())
        saved = save_bundle(best, folder / "bundle", replace=True)
        metrics, best_epoch = dict(best.metrics), int(best.card["epoch"])
        # The names without `best/` are the epochs' own, up to the last.
        tracker.log_metrics(run_id, {f"best/{k}": v for k, v in metrics.items()}, best_epoch)
        tracker.log_metrics(run_id, baseline, 0)
        if config.by_sign:
            warn_below(baseline["untrained/map"], metrics["val/map"], say)
        registered = tracker.register(saved, run_id) if register else None
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        say(f"stopped; the same command with --name {folder.name} goes on")
        raise
    finally:
        finish(tracker, run_id, status, say)
    return Trained(
        tracker,
        run_id,
        metrics,
        baseline,
        str(best.card["protocol"]),
        best_epoch,
        time.perf_counter() - started,
        saved,
        registered,
    )


def _in_process(
    config: TrainConfig,
    material: Material,
    folder: Path,
    progress: Progress,
    start: Start | None,
) -> None:
    training = Training(config, material.clips, start)
    state = last_state(folder)
    if state is not None:
        training.restore(state)
        progress.resumed(training.epoch)
        save_state(state, folder / CHECKPOINTS)

    def on_epoch(epoch: Epoch) -> None:
        save_state(training.state(), folder / CHECKPOINTS)
        progress(epoch.number, epoch.improved, epoch.metrics())

    training.run(on_epoch)
