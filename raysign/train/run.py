"""One training run, from config to registered bundle; the driver alone prints and writes to MLflow."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign import cluster
from raysign.bundle import commit, save_bundle
from raysign.engine import Training
from raysign.errors import RaysignError, TrainingError
from raysign.train.bundling import bundle_of
from raysign.train.checkpoint import load_state, save_state
from raysign.train.material import Material, Say

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.config import TrainConfig
    from raysign.engine import Epoch
    from raysign.tracking import RegisteredVersion, Tracker

CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Trained:
    """What a run left behind."""

    run_id: str
    metrics: dict[str, float]
    baseline: dict[str, float]
    best_epoch: int
    seconds: float
    bundle: Path
    registered: RegisteredVersion | None


def train(
    config: TrainConfig,
    *,
    tracker: Tracker,
    folder: Path,
    say: Say,
    register: bool = True,
    retries: int = 3,
    on_ray: bool = True,
) -> Trained:
    """Train on ``config.workers`` workers and keep the best epoch.

    Args:
        config: the run.
        tracker: where its metrics go.
        folder: the run's own, absolute and reachable from every node: checkpoints and the bundle. A run
            that finds checkpoints of its config there goes on from the last.
        say: prints a line of progress.
        register: put the bundle into the model registry.
        retries: how often workers that died are started again, from the last checkpoint.
        on_ray: False runs the engine in this process instead.
    """
    started = time.perf_counter()
    material = Material.read(config, say)
    run_id = tracker.start_run(
        folder.name,
        tags={"kind": "train", "commit": commit(), "data": material.clips.fingerprint},
        params=config.model_dump(mode="json"),
    )
    progress = Progress(config, tracker, run_id, say)
    status = "FAILED"
    try:
        launch = _on_ray if on_ray else _in_process
        launch(config, material, folder, progress, retries)
        training = Training(config, material.clips)
        training.restore(load_state(folder / CHECKPOINTS))
        bundle = save_bundle(bundle_of(training, commit()), folder / "bundle", replace=True)
        tracker.log_metrics(run_id, training.best_metrics, training.best_epoch)
        tracker.log_metrics(run_id, material.baseline.as_metrics("untrained/"), 0)
        registered = tracker.register(bundle, run_id) if register else None
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        tracker.finish(run_id, status)
    return Trained(
        run_id,
        training.best_metrics,
        material.baseline.as_metrics("untrained/"),
        training.best_epoch,
        time.perf_counter() - started,
        folder / "bundle",
        registered,
    )


class Progress:
    """A line a person can read for every epoch, and its metrics in MLflow."""

    def __init__(self, config: TrainConfig, tracker: Tracker, run_id: str, say: Say) -> None:
        self.epochs = config.optim.epochs
        self.tracker, self.run_id, self.say = tracker, run_id, say
        self.seconds: list[float] = []

    def __call__(self, number: int, improved: bool, metrics: dict[str, float]) -> None:
        self.tracker.log_metrics(self.run_id, metrics, number)
        self.seconds.append(metrics["epoch_s"])
        left = (self.epochs - number) * sum(self.seconds) / len(self.seconds)
        line = f"epoch {number:>3}/{self.epochs}  loss {metrics['train/loss']:.3f}"
        if "val/map" in metrics:
            line += (
                f"  val mAP {metrics['val/map']:.3f}{'*' if improved else ' '}"
                f"  R@1 {metrics['val/recall_at_1']:.3f}  R@10 {metrics['val/recall_at_10']:.3f}"
            )
        self.say(f"{line}  {metrics['epoch_s']:.1f} s, about {left / 60:.0f} min left")


def _in_process(
    config: TrainConfig, material: Material, folder: Path, progress: Progress, retries: int
) -> None:
    checkpoints = folder / CHECKPOINTS
    checkpoints.mkdir(parents=True, exist_ok=True)
    training = Training(config, material.clips)
    if any(checkpoints.iterdir()):
        training.restore(load_state(checkpoints))

    def on_epoch(epoch: Epoch) -> None:
        save_state(training.state(), checkpoints)
        progress(epoch.number, epoch.improved, epoch.metrics())

    training.run(on_epoch)


def _on_ray(
    config: TrainConfig, material: Material, folder: Path, progress: Progress, retries: int
) -> None:
    # Ray Train reads it when it is imported; the default of 2 s doubles the start of a short run.
    os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.1")
    import ray
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.util.queue import Queue

    from raysign.train.worker import worker

    resources = cluster.start()
    progress.say(f"{resources}; {config.workers} worker{'s' * (config.workers > 1)}")
    gpus = config.device != "cpu" and resources.gpus >= config.workers
    cpus = 1 if gpus else max(1, resources.cpus // config.workers)
    if config.workers > max(resources.cpus, 1):
        raise TrainingError(
            f"workers={config.workers}, but the cluster has {resources.cpus} CPUs; "
            f"type workers={max(resources.cpus, 1)} or less"
        )
    told = Queue(actor_options={"num_cpus": 0})
    listener = threading.Thread(target=_listen, args=(told, progress), daemon=True)
    listener.start()
    settings: dict[str, Any] = {
        "config": config,
        "clips": ray.put(material.clips),
        "threads": config.threads or cpus,
        "told": told,
    }
    trainer = TorchTrainer(
        worker,
        train_loop_config=settings,
        scaling_config=ScalingConfig(
            num_workers=config.workers, use_gpu=gpus, resources_per_worker={"CPU": cpus}
        ),
        run_config=RunConfig(
            name="ray",
            storage_path=str(folder),
            failure_config=FailureConfig(max_failures=retries),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
        ),
    )
    try:
        result = trainer.fit()
    except Exception as error:
        raise _cause(error) from error
    finally:
        told.put(None)
        listener.join(timeout=10)
        told.shutdown()
    if result.checkpoint is None:
        raise TrainingError("the workers ended without a checkpoint; see the Ray log")
    with result.checkpoint.as_directory() as last:
        (folder / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        save_state(load_state(last), folder / CHECKPOINTS)


def _listen(told: Any, progress: Progress) -> None:
    while (item := told.get()) is not None:
        progress(*item)


def _cause(error: BaseException) -> BaseException:
    """The error of a worker that says what to do, where there is one among the wrappings."""
    failures = getattr(error, "worker_failures", None) or {}
    for failure in [*failures.values(), error.__cause__]:
        inner = getattr(failure, "cause", None) or getattr(failure, "_base_exc", None) or failure
        if isinstance(inner, RaysignError):
            return inner
    return error
