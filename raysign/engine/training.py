"""One training run: the loop over epochs and batches, and its state."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from raysign.batches import Prepared, TrainingClips
from raysign.config import TrainConfig
from raysign.embed import Embedder
from raysign.encoders import build_encoder, count_parameters
from raysign.engine.average import moving_average
from raysign.engine.measuring import Measured, measure
from raysign.engine.objective import objective_of
from raysign.engine.optimizer import build_optimizer, rate
from raysign.engine.start import Start
from raysign.engine.workers import (
    choose_device,
    distributed,
    gathered_rows,
    share_of_clips,
    world,
)
from raysign.errors import ConfigError, TrainingError
from raysign.losses import build_loss
from raysign.pose import Prepare
from raysign.ranking import Ranking
from raysign.skeleton import layout_named


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; the same on every worker, but for milliseconds."""

    number: int
    """From 1."""
    loss: float
    """Mean over the epoch's batches."""
    seconds: float
    """Training and measuring."""
    ranking: Ranking | None
    """Val queries → gallery; None in epochs that are not measured."""
    rerank_ms: float | None
    """What the second stage adds to a query, the fastest so far; None where there is none, or val
    was not measured.
    """
    improved: bool
    """The val mAP is the best so far; or it was measured, and the loss is not one of signs."""

    def metrics(self) -> dict[str, float]:
        """By the names that MLflow and JSON carry."""
        measured = self.ranking.as_metrics("val/") if self.ranking else {}
        if self.rerank_ms is not None:
            measured["val/rerank_ms"] = self.rerank_ms
        return {"train/loss": self.loss, "epoch_s": self.seconds, **measured}


class Training:
    """One training run: ``run`` it, take its ``state`` at any epoch, ``restore`` it elsewhere."""

    def __init__(
        self, config: TrainConfig, clips: TrainingClips, start: Start | None = None
    ) -> None:
        """``start`` is what ``config.start_from`` names; a run to be restored needs none."""
        self.config = config
        self.clips = clips
        self.start = start
        self.device = choose_device(config.device)
        torch.manual_seed(config.seed)
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
        ema = config.optim.ema
        self.average = moving_average(self.encoder, ema) if ema else None
        # What is measured and bundled.
        self.kept = self.encoder if self.average is None else self.average.module
        self.embedder = Embedder(self.prepare, self.kept, config.evaluate.batch_clips)
        self.optimizer = build_optimizer(config, self.encoder, self.loss)
        self.steps = self.objective.batches_per_epoch * config.optim.epochs
        self._check_memory()
        share = functools.partial(rate, steps=self.steps, warmup=config.optim.warmup)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, share)
        self.epoch = 0
        self.best_map = -1.0
        self.best_epoch = 0
        self.best_metrics: dict[str, float] = {}
        self.best_weights: dict[str, Tensor] = {}
        self.rerank_ms: float | None = None

    @property
    def num_parameters(self) -> int:
        return count_parameters(self.encoder)

    @property
    def finished(self) -> bool:
        """All epochs are done, or val mAP has not risen for ``optim.patience`` epochs.

        Judged at measured epochs only: a run never ends before it was measured.
        """
        optim, every = self.config.optim, self.config.evaluate.every
        measured = self.epoch - self.epoch % every
        waited = measured - self.best_epoch
        return self.epoch >= optim.epochs or (measured > 0 and waited >= optim.patience)

    def run(self, on_epoch: Callable[[Epoch], None] = lambda epoch: None) -> None:
        """Train until finished, calling ``on_epoch`` after each epoch, on every worker."""
        if self.config.start_from and self.start is None:
            raise TrainingError(f"start_from={self.config.start_from!r}, but no weights were given")
        encoder, loss = self.objective.read(self.encoder), distributed(self.loss)
        while not self.finished:
            started = time.perf_counter()
            mean = self._train_epoch(encoder, loss)
            self.epoch += 1
            due = self.epoch % self.config.evaluate.every == 0
            found = self.measure() if due or self.epoch == self.config.optim.epochs else None
            ranking = None if found is None else found.ranking
            value = -1.0 if ranking is None else ranking.figures["map"].value
            improved = ranking is not None and (
                value > self.best_map or not self.config.by_sign  # signs do not judge it
            )
            if found is not None and improved:
                self.best_map, self.best_epoch = value, self.epoch
                self.best_metrics = found.metrics()
                self.best_weights = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in self.kept.state_dict().items()
                }
            seconds = time.perf_counter() - started
            rerank_ms = None if found is None else self._fastest(found.rerank_ms)
            on_epoch(Epoch(self.epoch, mean, seconds, ranking, rerank_ms, improved))

    def best(self) -> dict[str, float]:
        """The figures of the best epoch so far, by their names with ``best/`` before them."""
        return {f"best/{name}": value for name, value in self.best_metrics.items()}

    def measure(self) -> Measured:
        """Rank the gallery for every val query; a clip is never its own answer."""
        return measure(self.clips, self._embed, self.embedder, self.config.evaluate)

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs, in types that ``torch.load(weights_only=True)`` takes.

        Its tensors are the live ones: save it before training goes on. Random numbers need no
        state: every epoch draws from the seed, its number and the rank.
        """
        return {
            "config": self._identity(),
            "start": None if self.start is None else self.start.as_state(),
            **{name: part.state_dict() for name, part in self._parts().items()},
            "epoch": self.epoch,
            "best_map": self.best_map,
            "best_epoch": self.best_epoch,
            "best_metrics": self.best_metrics,
            "best_weights": self.best_weights,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken, with the epochs that would have followed.

        ``TrainingError`` where the state is of another config or of other clips.
        """
        if state["config"] != self._identity():
            raise TrainingError(
                "this run began with another config or other clips; give it another --name, "
                "or the config that it began with"
            )
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        if state["start"] is not None:
            self.start = Start.from_state(state["start"])
        for name in ("epoch", "best_map", "best_epoch", "best_metrics", "best_weights"):
            setattr(self, name, state[name])

    def _fastest(self, rerank_ms: float | None) -> float | None:
        """Of all epochs: what else ran on the machine does not count, nor turn a verdict."""
        if rerank_ms is not None:
            self.rerank_ms = min(rerank_ms, self.rerank_ms or rerank_ms)
        return self.rerank_ms

    def _parts(self) -> dict[str, Any]:
        """What has a state of its own."""
        names = ("encoder", "loss", "optimizer", "schedule", "average")
        parts = {name: getattr(self, name) for name in names}
        return {name: part for name, part in parts.items() if part is not None}

    def _check_memory(self) -> None:
        start = getattr(self.config.loss, "memory_start", 0)
        if getattr(self.config.loss, "memory", 0) and start >= self.steps:
            raise ConfigError(
                f"loss.memory_start={start}, but the run has {self.steps} steps: the memory would "
                f"never be used; type loss.memory_start={self.steps // 2} or loss.memory=0"
            )

    def _identity(self) -> str:
        """What a resumed run must share with the one it resumes; where it runs may differ."""
        where = {"workers", "threads", "device"}
        return f"{self.clips.fingerprint} {self.config.model_dump_json(exclude=where)}"

    def _train_epoch(self, encoder: nn.Module, loss: nn.Module) -> float:
        seed = self.config.seed, self.epoch
        random = np.random.default_rng(seed)  # the same batches on every worker
        apart = np.random.SeedSequence(seed, spawn_key=(world()[0],))
        draws = torch.Generator(self.device)
        draws.manual_seed(int(apart.generate_state(1, np.uint64)[0] >> np.uint64(1)))
        torch.manual_seed(draws.initial_seed() ^ 1)  # dropout draws from torch's own generator
        encoder.train()
        values = []
        for batch in self.objective.batches(random):
            self.optimizer.zero_grad(set_to_none=True)
            value = self.objective(encoder, loss, batch, random, draws)
            if not torch.isfinite(value):
                raise TrainingError(
                    f"the loss is {value.item()} in epoch {self.epoch + 1}; "
                    f"try a lower optim.lr than {self.config.optim.lr:g}"
                )
            value.backward()
            nn.utils.clip_grad_norm_(self.encoder.parameters(), self.config.optim.clip_norm)
            self.optimizer.step()
            self.schedule.step()
            if self.average is not None:
                self.average.update_parameters(self.encoder)
            values.append(value.detach())
        return float(torch.stack(values).mean())

    def _embed(self, clips: Prepared, mirrored: bool = False) -> Float[Tensor, "clip embedding"]:
        """Embeddings of all clips on every worker; each worker computes its share.

        In float32 whatever trains: the figures are those of the model as it will be used.
        """
        if world()[1] == 1:
            return self.embedder.embed_prepared(clips.sequences, mirrored)
        own = clips.sequences[share_of_clips(len(clips))]
        return gathered_rows(self.embedder.embed_prepared(own, mirrored), len(clips))
