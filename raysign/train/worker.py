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
    furthest,
    kept_state,
    last_state,
    load_state,
    save_state,
)
from raysign.train.figures import costs


def worker(settings: dict[str, Any]) -> None:
    """Train with the other workers, from the last checkpoint if there is one.

    All workers report every measured epoch, and rank 0 adds the checkpoint; where there is a driver
    that listens, it is told every epoch, and epochs that are not measured leave a checkpoint too.
    """
    config, told = settings["config"], settings.get("told")
    torch.set_num_threads(settings["threads"])
    if choose_device(config.device).type == "cuda":
        torch.cuda.set_device(ray.train.torch.get_device())
    start = ray.get(settings["start"]) if "start" in settings else None
    training = build_training(config, ray.get(settings["data"]), start)
    first = ray.train.get_context().get_world_rank() == 0

    def on_epoch(epoch: Epoch) -> None:
        if not epoch.measured and told is None:
            return  # Tune compares measured epochs
        metrics = epoch.metrics() | training.best() | costs(settings.get("constants", {}), epoch)
        metrics["epoch"] = epoch.number
        with tempfile.TemporaryDirectory() as folder:
            saved = None
            if first:
                save_state(training.state(), folder)
                saved = ray.train.Checkpoint.from_directory(folder)
            ray.train.report(metrics, checkpoint=saved)
        if first and told is not None:
            told.put((epoch.number, epoch.improved, epoch.metrics()))

    try:
        state = _last(settings)
        if state is not None:
            training.restore(state)
            if first and told is not None:
                told.put(training.epoch)
        training.run(on_epoch)
    except RaysignError as error:
        if told is None:
            raise
        # It would come again, on every worker: raised here, Ray would start them all again.
        told.put(error)


def _last(settings: dict[str, Any]) -> dict[str, Any] | None:
    """Ray's last checkpoint, or what a run without Ray left in the folder if it came further."""
    own = Path(settings["folder"]) if "folder" in settings else None
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is None:
        return None if own is None else last_state(own)
    with checkpoint.as_directory() as folder:
        state = load_state(folder)
    # Of Ray's own, none but the one that it gives: it may not have finished writing the others.
    return furthest(state, None if own is None else kept_state(own))
