"""One training of an encoder of signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from raysign.batches import Prepared, TrainingClips
from raysign.config import TrainConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder, check_encoder
from raysign.engine.loop import Asked, Loop
from raysign.engine.measuring import Measured, measure
from raysign.engine.objective import objective_of
from raysign.engine.optimizer import build_optimizer
from raysign.engine.start import Start
from raysign.engine.workers import distributed, gathered_rows, share_of_clips, world
from raysign.errors import ConfigError, TrainingError
from raysign.losses import build_loss
from raysign.pose import Prepare
from raysign.skeleton import layout_named


class Training(Loop):
    """The training of an encoder: its epochs are judged by val mAP, where the loss is of signs."""

    config: TrainConfig

    def __init__(
        self, config: TrainConfig, clips: TrainingClips, start: Start | None = None
    ) -> None:
        """``start`` is what ``config.start_from`` names; a run to be restored needs none.

        Raises as ``check``.
        """
        self.check(config, clips)
        self.clips = clips
        self.start = start
        self._begin(config, clips.fingerprint)
        self.prepare = Prepare(config.prepare, layout_named(clips.layout))
        self.objective = objective_of(config.loss)(config, clips, self.prepare, self.device)
        self.encoder = build_encoder(config.encoder, self.prepare.channel_map).to(self.device)
        if start is not None:
            self.encoder.load_state_dict(dict(start.weights))
        self.loss = build_loss(
            config.loss,
            clips.num_trained,
            config.encoder.embedding,
            width=getattr(config.encoder, "width", 0),
            joints=self.prepare.output.num_joints,
            axes=config.prepare.axes,
        ).to(self.device)
        self._set_out(self.encoder)
        self.embedder = Embedder(self.prepare, self.kept, config.evaluate.batch_clips)
        self._schedule(build_optimizer(config, self.encoder, self.loss))
        self.rerank_ms: float | None = None

    @classmethod
    def check(cls, config: TrainConfig, clips: TrainingClips) -> None:
        """Refuse what cannot train on these clips; builds nothing.

        Raises:
            ConfigError: they cannot fill the batches, or the run ends before its memory begins.
            LayoutError: they lack joints that the config names.
        """
        prepare = Prepare(config.prepare, layout_named(clips.layout))
        check_encoder(config.encoder, prepare.channel_map)
        objective = objective_of(config.loss)(config, clips, prepare, torch.device("cpu"))
        _check_memory(config, objective.batches_per_epoch * config.optim.epochs)

    def measure(self) -> Measured:
        """Rank the gallery for every val query; a clip is never its own answer."""
        return measure(self.clips, self._embed, self.embedder, self.config.evaluate)

    def state(self) -> dict[str, Any]:
        start = None if self.start is None else self.start.as_state()
        return {**super().state(), "start": start, "rerank_ms": self.rerank_ms}

    def restore_best(self, state: dict[str, Any]) -> None:
        super().restore_best(state)
        self.rerank_ms = state.get("rerank_ms")
        if state["start"] is not None:
            self.start = Start.from_state(state["start"])

    @property
    def _judged(self) -> bool:
        return self.config.by_sign

    def _asked(self) -> Asked:
        if self.config.start_from and self.start is None:
            raise TrainingError(f"start_from={self.config.start_from!r}, but no weights were given")
        encoder, loss = self.objective.read(self.encoder), distributed(self.loss)
        return lambda batch, random, draws: self.objective(encoder, loss, batch, random, draws)

    def _steps(self, epochs: int) -> int:
        return self.objective.batches_per_epoch * epochs

    def _batches(self, random: np.random.Generator) -> Iterator[np.ndarray]:
        return self.objective.batches(random)

    def _figures(self, measured: dict[str, float]) -> dict[str, float]:
        """With what the second stage adds to a query, the fastest of all epochs.

        What else ran on the machine does not count, nor turn a verdict.
        """
        if "val/rerank_ms" in measured:
            took = measured["val/rerank_ms"]
            self.rerank_ms = min(took, self.rerank_ms or took)
            return measured | {"val/rerank_ms": self.rerank_ms}
        return measured

    def _parts(self) -> dict[str, Any]:
        return {"encoder": self.encoder, "loss": self.loss, **super()._parts()}

    def _embed(self, clips: Prepared, mirrored: bool = False) -> Float[Tensor, "clip embedding"]:
        """Embeddings of all clips on every worker; each worker computes its share.

        In float32 whatever trains: the figures are those of the model as it will be used.
        """
        if world()[1] == 1:
            return self.embedder.embed_prepared(clips.sequences, mirrored)
        own = clips.only(share_of_clips(len(clips)))
        return gathered_rows(self.embedder.embed_prepared(own, mirrored), len(clips))


def _check_memory(config: TrainConfig, steps: int) -> None:
    """``ConfigError`` where a run of so many steps ends before its memory begins."""
    start = getattr(config.loss, "memory_start", 0)
    if getattr(config.loss, "memory", 0) and start >= steps:
        raise ConfigError(
            f"loss.memory_start={start}, but the run has {steps} steps: the memory would never be "
            f"used; type loss.memory_start={steps // 2} or loss.memory=0"
        )
