"""The training loop: plain torch. It knows neither Ray nor MLflow, and runs in one process or many.

In many processes (``torch.distributed`` initialised) each takes its share of a batch's signs,
embeddings are gathered before the loss, and the loss sees the negatives of all; so n workers × 1/n
of a batch give the loss and gradient of one worker × the whole batch. ``objective`` says what is
asked of a batch, with signs or without.
"""

from __future__ import annotations

from raysign.engine.build import build_training, check_training
from raysign.engine.loop import Epoch, Loop
from raysign.engine.measuring import measure
from raysign.engine.objective import check_clips
from raysign.engine.start import Start
from raysign.engine.training import Training
from raysign.engine.workers import choose_device, gathered_loss, world

__all__ = [
    "Epoch",
    "Loop",
    "Start",
    "Training",
    "build_training",
    "check_clips",
    "check_training",
    "choose_device",
    "gathered_loss",
    "measure",
    "world",
]
