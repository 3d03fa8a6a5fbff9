"""One trial: the engine right in the Tune function, or a TorchTrainer over several workers."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune

from raysign.batches import TrainingClips
from raysign.bundle import AnyBundle, save_any
from raysign.config import KeywordConfig, SweepConfig, TrainConfig
from raysign.engine import Epoch, Start, build_training
from raysign.engine.keywords import TrainingSentences
from raysign.sweep.cost import cost
from raysign.sweep.prepared import PreparedClips
from raysign.sweep.space import Space
from raysign.train import bundle_of
from raysign.train.bundling import bundle_of_state
from raysign.train.checkpoint import FILE, load_state
from raysign.train.figures import costs
from raysign.train.material import AnyMaterial
from raysign.train.worker import worker

BUNDLE = "bundle"


@dataclass(frozen=True)
class Setting:
    """What all trials of a sweep share."""

    space: Space
    clips: ray.ObjectRef
    """The prepared clips or sentences of the base config, once per node in shared memory."""
    prepared: PreparedClips | None
    """Gives the clips of other configs, where trials differ in how they prepare."""
    threads: int
    cpus_per_worker: float
    gpus_per_worker: float
    storage: str
    commit: str
    budget_ms: float | None
    """Of ``latency_ms``: a trial above it ends when it was measured once; one on several workers,
    whose clocks differ, goes on.
    """
    start: ray.ObjectRef
    """What every trial's encoder begins with; None = random weights."""

    @classmethod
    def of(
        cls,
        config: SweepConfig,
        space: Space,
        shared: TrainConfig | KeywordConfig,
        material: AnyMaterial,
        gpus_per_worker: float,
        folder: Path,
        commit: str,
        start: Start | None = None,
    ) -> Setting:
        """Puts the clips into Ray's memory."""
        clips, threads = (
            ray.put(material.data),
            shared.threads or max(1, int(config.cpus_per_worker)),
        )
        prepared = None
        if space.varies("prepare"):
            prepared = PreparedClips(material.split, clips, shared, threads)
        return cls(
            space=space,
            clips=clips,
            prepared=prepared,
            threads=threads,
            cpus_per_worker=config.cpus_per_worker,
            gpus_per_worker=gpus_per_worker,
            storage=str(folder),
            commit=commit,
            budget_ms=config.latency_budget_ms,
            start=ray.put(start),
        )


def trial(values: Mapping[str, Any], *, setting: Setting) -> None:
    """Train with a trial's values and report every measured epoch to Tune."""
    config = setting.space.config(values)
    shared = setting.prepared.of(config) if setting.prepared else setting.clips
    data: TrainingClips | TrainingSentences = ray.get(shared)
    torch.set_num_threads(setting.threads)
    constants = cost(config, data)
    if config.workers > 1:
        _on_workers(config, shared, setting, constants)
        return
    training = build_training(config, data, ray.get(setting.start))

    def on_epoch(epoch: Epoch) -> None:
        if not epoch.measured:
            return
        metrics = epoch.metrics() | training.best() | costs(constants, epoch)
        metrics["epoch"] = epoch.number
        if setting.budget_ms is not None and metrics["latency_ms"] > setting.budget_ms:
            tune.report(metrics)
            raise _TooSlow
        if not epoch.improved:
            tune.report(metrics)
            return
        with tempfile.TemporaryDirectory() as folder:
            save_any(bundle_of(training, setting.commit), Path(folder) / BUNDLE)
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))

    with suppress(_TooSlow):
        training.run(on_epoch)


class _TooSlow(Exception):
    """This trial cannot be the best one."""


def bundle_in(
    folder: str,
    config: TrainConfig | KeywordConfig,
    data: TrainingClips | TrainingSentences,
    commit: str,
) -> Path | AnyBundle:
    """What a checkpoint holds: a bundle's folder, or the bundle of a multi-worker trial's state."""
    found = Path(folder)
    if (found / BUNDLE).is_dir():
        return found / BUNDLE
    if not (found / FILE).exists():
        # Its workers ran ahead of what they had reported when they were stopped.
        found = max(found.parent.glob(f"checkpoint_*/{FILE}")).parent
    return bundle_of_state(load_state(found), config, data, commit)


def _on_workers(
    config: TrainConfig | KeywordConfig,
    data: ray.ObjectRef,
    setting: Setting,
    constants: dict[str, float],
) -> None:
    from ray.train import CheckpointConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.tune.integration.ray_train import TuneReportCallback

    resources = {"CPU": setting.cpus_per_worker}
    if setting.gpus_per_worker:
        resources["GPU"] = setting.gpus_per_worker
    TorchTrainer(
        worker,
        train_loop_config={
            "config": config,
            "data": data,
            "start": setting.start,
            "threads": setting.threads,
            "constants": constants,
        },
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            use_gpu=bool(setting.gpus_per_worker),
            resources_per_worker=resources,
        ),
        run_config=RunConfig(
            name=f"workers-{tune.get_context().get_trial_id()}",
            storage_path=setting.storage,
            # Tune hears of a checkpoint when the workers may be one further.
            checkpoint_config=CheckpointConfig(num_to_keep=2),
            callbacks=[TuneReportCallback()],  # type: ignore[list-item]
        ),
    ).fit()
