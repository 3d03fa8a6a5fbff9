"""One trial: the engine right in the Tune function, or a TorchTrainer over several workers.

A trial keeps its own state, ``trials/KEY/training.pt`` in the sweep's folder: when its process or
node is lost, another one goes on from there. What it had reported is reported again, since nobody
knows how much of it arrived; the journal takes each epoch once. An error of the trial's own is a
result like any other: it would come again.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune

from raysign.batches import TrainingClips
from raysign.config import KeywordConfig, SweepConfig, TrainConfig
from raysign.engine import Epoch, build_training
from raysign.engine.keywords import TrainingSentences
from raysign.errors import RaysignError
from raysign.sweep.cost import cost
from raysign.sweep.placement import Placed
from raysign.sweep.prepared import PreparedClips
from raysign.sweep.ready import Ready
from raysign.sweep.space import Space
from raysign.sweep.states import WORKERS, folder_of, last_state
from raysign.train.checkpoint import goes_on, save_state
from raysign.train.figures import costs
from raysign.train.worker import ERROR, worker

WORKER_LOSSES = 3
"""So often workers are started again before the trial that drives them counts as lost."""


@dataclass(frozen=True)
class Setting:
    """What all trials of a sweep share."""

    space: Space
    clips: ray.ObjectRef
    """The prepared clips or sentences of the base config, once per node in shared memory."""
    prepared: PreparedClips | None
    """Gives the clips of other configs, where trials differ in how they prepare."""
    threads: int
    placed: Placed
    storage: str
    budget_ms: float | None
    """Of ``latency_ms``: a trial above it ends when it was measured once; one on several workers,
    whose clocks differ, goes on.
    """
    start: ray.ObjectRef
    """What every trial's encoder begins with; None = random weights."""

    @classmethod
    def of(cls, config: SweepConfig, ready: Ready, folder: Path) -> Setting:
        """Puts the clips into Ray's memory."""
        clips = ray.put(ready.material.data)
        prepared = None
        if ready.space.varies("prepare"):
            prepared = PreparedClips(ready.material.split, clips, ready.shared, ready.threads)
        return cls(
            space=ready.space,
            clips=clips,
            prepared=prepared,
            threads=ready.threads,
            placed=ready.placed,
            storage=str(folder),
            budget_ms=config.latency_budget_ms,
            start=ray.put(ready.start),
        )

    def config(self, values: Mapping[str, Any], seed: int | None) -> TrainConfig | KeywordConfig:
        """Of a training with those values; ``seed`` None = as they and the sweep say."""
        again = {} if seed is None else {"seed": seed}
        return self.space.config(values).model_copy(update={"device": self.placed.device} | again)


def trial(drawn: Mapping[str, Any], *, setting: Setting) -> None:
    """Train with the drawn ``values`` and report every measured epoch to Tune.

    ``drawn`` has the trial's ``number``, its ``values``, and a ``seed`` or None.
    """
    folder = folder_of(setting.storage, drawn["number"], drawn["seed"])
    try:
        _train(setting.config(drawn["values"], drawn["seed"]), folder, setting)
    except (ray.exceptions.RayError, OSError):
        raise  # a process, a node or a file was lost: this one is begun again
    except Exception as error:
        if _lost_workers(error):
            raise
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ERROR).write_text(traceback.format_exc(), encoding="utf-8")
        tune.report({"error": _one_line(error)})


def _train(config: TrainConfig | KeywordConfig, folder: Path, setting: Setting) -> None:
    shared = setting.prepared.of(config) if setting.prepared else setting.clips
    data: TrainingClips | TrainingSentences = ray.get(shared)
    torch.set_num_threads(setting.threads)
    if config.workers > 1:
        _on_workers(config, shared, folder, setting)
        return
    constants = cost(config, data)
    training = build_training(config, data, ray.get(setting.start))
    reported: list[dict[str, float]] = []
    spent_s = 0.0
    state = last_state(folder)
    if state is not None and goes_on(state):
        training.restore(state)
        reported, spent_s = state["reported"], state["spent_s"]

    def report(metrics: dict[str, float]) -> None:
        tune.report(metrics)
        if setting.budget_ms is not None and metrics["latency_ms"] > setting.budget_ms:
            raise _TooSlow

    def on_epoch(epoch: Epoch) -> None:
        nonlocal spent_s
        spent_s += epoch.seconds
        if not epoch.measured:
            return
        metrics = epoch.metrics() | training.best() | costs(constants, epoch)
        metrics |= {"epoch": epoch.number, "trial_s": spent_s}
        reported.append(metrics)
        save_state(training.state() | {"reported": reported, "spent_s": spent_s}, folder)
        report(metrics)

    with suppress(_TooSlow):
        for metrics in reported:
            report(metrics)
        training.run(on_epoch)


class _TooSlow(Exception):
    """This trial cannot be the best one."""


def _on_workers(
    config: TrainConfig | KeywordConfig,
    data: ray.ObjectRef,
    folder: Path,
    setting: Setting,
) -> None:
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.tune.integration.ray_train import TuneReportCallback

    folder.mkdir(parents=True, exist_ok=True)
    TorchTrainer(
        worker,
        train_loop_config={
            "config": config,
            "data": data,
            "start": setting.start,
            "threads": setting.threads,
            "cost": cost,
            "trial": str(folder),
        },
        scaling_config=ScalingConfig(
            num_workers=config.workers,
            use_gpu=bool(setting.placed.need.gpus),
            resources_per_worker=setting.placed.of_worker,
        ),
        run_config=RunConfig(
            name=WORKERS,
            storage_path=str(folder),
            failure_config=FailureConfig(max_failures=WORKER_LOSSES),
            # Tune hears of a checkpoint when the workers may be one further.
            checkpoint_config=CheckpointConfig(num_to_keep=2),
            callbacks=[TuneReportCallback()],  # type: ignore[list-item]
        ),
    ).fit()
    if (folder / ERROR).exists():
        text = (folder / ERROR).read_text(encoding="utf-8")
        tune.report({"error": text.strip().rpartition("\n")[2]})


def _lost_workers(error: BaseException) -> bool:
    """Was it the workers' processes, nodes or disks that Ray Train gave up on?"""
    failures = getattr(error, "worker_failures", None) or {}
    lost = (ray.exceptions.RayError, OSError)
    return any(isinstance(failure, lost) for failure in failures.values())


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, RaysignError) else f"{type(error).__name__}: {text}"
