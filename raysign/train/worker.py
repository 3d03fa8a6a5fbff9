"""What each Ray Train worker does: build, run the engine, report."""

from __future__ import annotations

import tempfile
from typing import Any

import ray
import ray.train
import torch

from raysign.engine import Epoch, Training, choose_device
from raysign.train.checkpoint import load_state, save_state


def worker(settings: dict[str, Any]) -> None:
    """Train with the other workers, from the last checkpoint if there is one.

    Every epoch is reported by all; rank 0 adds the checkpoint and tells the driver.
    """
    config = settings["config"]
    torch.set_num_threads(settings["threads"])
    if choose_device(config.device).type == "cuda":
        torch.cuda.set_device(ray.train.torch.get_device())
    training = Training(config, ray.get(settings["clips"]))
    checkpoint = ray.train.get_checkpoint()
    if checkpoint is not None:
        with checkpoint.as_directory() as folder:
            training.restore(load_state(folder))
    first = ray.train.get_context().get_world_rank() == 0

    def on_epoch(epoch: Epoch) -> None:
        metrics = epoch.metrics() | training.best() | settings.get("constants", {})
        with tempfile.TemporaryDirectory() as folder:
            saved = None
            if first:
                save_state(training.state(), folder)
                saved = ray.train.Checkpoint.from_directory(folder)
            ray.train.report(metrics, checkpoint=saved)
        if first and "told" in settings:
            settings["told"].put((epoch.number, epoch.improved, metrics))

    training.run(on_epoch)
