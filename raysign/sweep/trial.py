"""One trial: the engine right in the Tune function, or a TorchTrainer over several workers."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
from ray import tune

from raysign.batches import TrainingClips
from raysign.bundle import Bundle, save_bundle
from raysign.config import SweepConfig, TrainConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder, count_parameters
from raysign.engine import Epoch, Start, Training, choose_device
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.sweep.prepared import PreparedClips
from raysign.sweep.space import Space
from raysign.train import Material, bundle_of
from raysign.train.bundling import bundle_of_state
from raysign.train.checkpoint import FILE, load_state
from raysign.train.figures import costs
from raysign.train.worker import worker

QUERY_FRAMES = 60
"""Length of the clip that latency is measured on: 2.4 s at 25 fps."""
BUNDLE = "bundle"


@dataclass(frozen=True)
class Setting:
    """What all trials of a sweep share, beside the clips."""

    space: Space
    clips: ray.ObjectRef
    """The prepared clips of the base config, once per node in shared memory."""
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
        shared: TrainConfig,
        material: Material,
        gpus_per_worker: float,
        folder: Path,
        commit: str,
        start: Start | None = None,
    ) -> Setting:
        """Puts the clips into Ray's memory."""
        clips, threads = (
            ray.put(material.clips),
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
    clips: TrainingClips = ray.get(shared)
    torch.set_num_threads(setting.threads)
    constants = cost(config, clips.layout)
    if config.workers > 1:
        _on_workers(config, shared, setting, constants)
        return
    training = Training(config, clips, ray.get(setting.start))

    def on_epoch(epoch: Epoch) -> None:
        if epoch.ranking is None:
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
            save_bundle(bundle_of(training, setting.commit), Path(folder) / BUNDLE)
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))

    with suppress(_TooSlow):
        training.run(on_epoch)


class _TooSlow(Exception):
    """This trial cannot be the best one."""


def bundle_in(folder: str, config: TrainConfig, clips: TrainingClips, commit: str) -> Path | Bundle:
    """What a checkpoint holds: a bundle's folder, or the bundle of a multi-worker trial's state."""
    found = Path(folder)
    if (found / BUNDLE).is_dir():
        return found / BUNDLE
    if not (found / FILE).exists():
        # Its workers ran ahead of what they had reported when they were stopped.
        found = max(found.parent.glob(f"checkpoint_*/{FILE}")).parent
    return bundle_of_state(load_state(found), config, clips, commit)


def cost(config: TrainConfig, layout: str) -> dict[str, float]:
    """Parameters of the encoder, and milliseconds from one query's landmarks to its embedding.

    With its mirror image, where ``evaluate.mirror`` has queries ask with it. The fastest of 15, on
    the trial's device with the trial's threads: other trials may run beside.
    """
    prepare = Prepare(config.prepare, layout_named(layout))
    encoder = build_encoder(config.encoder, prepare.channel_map).to(choose_device(config.device))
    embedder = Embedder(prepare, encoder.eval())
    joints = prepare.layout.num_joints
    query = np.random.default_rng(0).random((1, QUERY_FRAMES, joints, 3), dtype=np.float32)
    times = []
    for _ in range(15):
        started = time.perf_counter()
        embedder.embed_padded(query, mirrored=config.evaluate.mirror != "none")
        times.append(1000 * (time.perf_counter() - started))
    return {
        "parameters": float(count_parameters(encoder)),
        "latency_ms": min(times),
    }


def _on_workers(
    config: TrainConfig, clips: ray.ObjectRef, setting: Setting, constants: dict[str, float]
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
            "clips": clips,
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
