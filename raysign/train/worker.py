"""What each Ray Train worker does: build, run the engine, report."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import ray
import ray.train.torch
import torch

from raysign.engine import Epoch, build_training, choose_device
from raysign.errors import RaysignError
from raysign.train.checkpoint import (
    FILE,
    furthest,
    goes_on,
    kept_state,
    last_state,
    load_state,
    save_state,
)
from raysign.train.figures import costs
from raysign.train.recording import note

ERROR = "error.txt"
"""Why a trial failed, in its folder."""


def worker(settings: dict[str, Any]) -> None:
    """Train with the other workers, from the last checkpoint if there is one.

    All workers report every measured epoch, and rank 0 adds the checkpoint; where there is a driver
    that listens, it is told every epoch, and epochs that are not measured leave a checkpoint too.
    In a trial nobody listens: what was reported before a process was lost is reported again.
    """
    config, told = settings["config"], settings.get("told")
    trial = Path(settings["trial"]) if "trial" in settings else None
    reported: list[dict[str, float]] = []
    spent_s = 0.0
    torch.set_num_threads(settings["threads"])
    if choose_device(config.device).type == "cuda":
        torch.cuda.set_device(ray.train.torch.get_device())
    start = ray.get(settings["start"]) if "start" in settings else None
    data = ray.get(settings["data"])
    first = ray.train.get_context().get_world_rank() == 0

    def tell(error: RaysignError) -> None:
        # It would come again, on every worker: raised here, Ray would start them all again.
        if told is not None:
            told.put(error)
        elif first and trial is not None:
            (trial / ERROR).write_text(str(error), encoding="utf-8")

    try:
        training = build_training(config, data, start)
    except RaysignError as error:
        tell(error)
        return
    constants = settings["cost"](config, data) if first and "cost" in settings else {}

    def on_epoch(epoch: Epoch) -> None:
        nonlocal spent_s
        spent_s += epoch.seconds
        if not epoch.measured and told is None:
            return  # Tune compares measured epochs
        metrics = epoch.metrics() | training.best() | costs(constants, epoch)
        metrics |= {"epoch": epoch.number, "trial_s": spent_s}
        reported.append(metrics)
        if first and told is not None:
            note(Path(settings["folder"]), epoch.number, epoch.metrics())
        with tempfile.TemporaryDirectory() as folder:
            saved = None
            if first:
                again = {"reported": reported, "spent_s": spent_s} if told is None else {}
                save_state(training.state() | again, folder)
                saved = ray.train.Checkpoint.from_directory(folder)
            ray.train.report(metrics, checkpoint=saved)
        if first and told is not None:
            told.put((epoch.number, epoch.improved, epoch.metrics()))

    try:
        state = _last(settings, trial)
        if state is not None:
            training.restore(state)
            if first and told is not None:
                told.put(training.epoch)
            if told is None:
                reported, spent_s = state["reported"], state["spent_s"]
                for metrics in reported:
                    ray.train.report(metrics)
        training.run(on_epoch)
    except RaysignError as error:
        tell(error)


def _last(settings: dict[str, Any], trial: Path | None) -> dict[str, Any] | None:
    """Ray's last checkpoint, or what one process left in the folder if it came further."""
    own = Path(settings["folder"]) if "folder" in settings else None
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return _kept(trial) if own is None else last_state(own)
    with checkpoint.as_directory() as folder:
        state = load_state(folder)
    # Of Ray's own, none but the one that it gives: it may not have finished writing the others.
    return furthest(state, _kept(trial) if own is None else kept_state(own))


def _kept(trial: Path | None) -> dict[str, Any] | None:
    """What a trial has to go on from since it was one process; None where there is nothing."""
    if trial is None or not (trial / FILE).exists():
        return None
    state = load_state(trial)
    return state if goes_on(state) else None
