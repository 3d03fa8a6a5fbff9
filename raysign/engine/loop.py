"""What every training does: epochs of steps, the best of them kept, a state to go on from."""

from __future__ import annotations

import functools
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from raysign.config import KeywordConfig, TrainConfig
from raysign.config.data import KEPT_IN
from raysign.encoders import count_parameters
from raysign.engine.average import moving_average
from raysign.engine.optimizer import rate
from raysign.engine.workers import choose_device, world
from raysign.errors import TrainingError

Asked = Callable[[Any, np.random.Generator, torch.Generator], Tensor]
"""A batch, a generator that is the same on every worker, this worker's own → the loss."""
LOSS = "train/loss"
"""The figure that every epoch has."""
NOWHERE: Mapping[str, Any] = {
    "workers": True,
    "threads": True,
    "device": True,
    "data": set(KEPT_IN),
}
"""Where a run runs, and keeps its clips, may differ when it goes on."""


class Measured(Protocol):
    """What measuring gave."""

    @property
    def evidence(self) -> Mapping[str, Tensor]:
        """What every query got, or every resample where queries are not the sampling unit; on the
        CPU.
        """

    def metrics(self) -> dict[str, float]:
        """``val/map`` and the others, with their ends and counts."""


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave; the same on every worker, but for milliseconds."""

    number: int
    """From 1."""
    loss: float
    """Mean over the epoch's batches."""
    seconds: float
    """Training and measuring."""
    figures: Mapping[str, float]
    """``val/…``; empty in epochs that are not measured."""
    improved: bool
    """It is the best so far."""

    @property
    def measured(self) -> bool:
        return bool(self.figures)

    def metrics(self) -> dict[str, float]:
        """By the names that MLflow and JSON carry."""
        return {LOSS: self.loss, "epoch_s": self.seconds, **self.figures}


class Loop(ABC):
    """A training: ``run`` it, take its ``state`` at any epoch, ``restore`` it elsewhere.

    Who inherits calls ``_begin`` once it has its data, and ``_set_out`` once it has its model.
    """

    config: TrainConfig | KeywordConfig
    optimizer: torch.optim.Optimizer

    def _begin(self, config: TrainConfig | KeywordConfig, fingerprint: str) -> None:
        """Seed the weights; ``fingerprint`` is the data's."""
        self.config, self.fingerprint = config, fingerprint
        self.device = choose_device(config.device)
        torch.manual_seed(config.seed)
        self.epoch = 0
        self.best_map = -1.0
        self.best_epoch = 0
        self.best_metrics: dict[str, float] = {}
        self.best_weights: dict[str, Tensor] = {}
        self.best_evidence: dict[str, Tensor] = {}

    def _set_out(self, model: nn.Module) -> None:
        """Take what is trained, measured and bundled: the model, or its moving average."""
        self.model = model
        ema = self.config.optim.ema
        self.average = moving_average(model, ema) if ema else None
        self.kept: nn.Module = model if self.average is None else self.average.module

    def _schedule(self, optimizer: torch.optim.Optimizer) -> None:
        """Step with that optimizer, to the end of the last epoch."""
        self.optimizer, self.steps = optimizer, self._steps(self.config.optim.epochs)
        share = functools.partial(rate, steps=self.steps, warmup=self.config.optim.warmup)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)

    @property
    def num_parameters(self) -> int:
        return count_parameters(self.model)

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
        asked = self._asked()
        while not self.finished:
            started = time.perf_counter()
            mean = self._train_epoch(asked)
            self.epoch += 1
            due = self.epoch % self.config.evaluate.every == 0
            measured = self.measure() if due or self.epoch == self.config.optim.epochs else None
            figures = {} if measured is None else self._figures(measured.metrics())
            value = figures.get("val/map", -1.0)
            improved = measured is not None and (value > self.best_map or not self._judged)
            if measured is not None and improved:
                self.best_map, self.best_epoch, self.best_metrics = value, self.epoch, figures
                self.best_evidence = dict(measured.evidence)
                self.best_weights = {
                    name: tensor.detach().cpu().clone()
                    for name, tensor in self.kept.state_dict().items()
                }
            seconds = time.perf_counter() - started
            on_epoch(Epoch(self.epoch, mean, seconds, figures, improved))

    def rehearse(self, batches: int) -> tuple[float, float]:
        """Seconds of an epoch's training, at the speed of so many batches, and of measuring.

        The first batch makes what the others find, and does not count. Nobody should go on with
        this training.
        """
        asked = self._asked()
        epochs = itertools.repeat(None)
        steps = itertools.chain.from_iterable(self._steps_of_epoch(asked) for _ in epochs)
        next(steps)
        seconds = self._seconds(lambda: list(itertools.islice(steps, batches))) / batches
        return seconds * self.steps / self.config.optim.epochs, self._seconds(self.measure)

    def best(self) -> dict[str, float]:
        """The figures of the best epoch so far, by their names with ``best/`` before them."""
        return {f"best/{name}": value for name, value in self.best_metrics.items()}

    @abstractmethod
    def measure(self) -> Measured:
        """The figures of val, as the model is that is kept."""

    def state(self) -> dict[str, Any]:
        """All that ``restore`` needs, in types that ``torch.load(weights_only=True)`` takes.

        Its tensors are the live ones: save it before training goes on. Random numbers need no
        state: every epoch draws from the seed, its number and the rank.
        """
        return {
            "config": self._identity(),
            **{name: part.state_dict() for name, part in self._parts().items()},
            "epoch": self.epoch,
            "best_map": self.best_map,
            "best_epoch": self.best_epoch,
            "best_metrics": self.best_metrics,
            "best_weights": self.best_weights,
            "best_evidence": self.best_evidence,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken, with the epochs that would have followed.

        ``TrainingError`` where the state is of another config or of other data.
        """
        self.restore_best(state)
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        done = self._steps(self.epoch)
        if done != self.schedule.last_epoch:
            # Among other workers the same epochs have another number of batches.
            self.schedule.last_epoch = done - 1
            self.schedule.step()

    def restore_best(self, state: dict[str, Any]) -> None:
        """How far ``state`` is and its best epoch, of one that may hold nothing else.

        ``TrainingError`` as ``restore`` raises it.
        """
        if state["config"] != self._identity():
            raise TrainingError(
                "this run began with another config or other data; give it another --name, "
                "or the config that it began with"
            )
        for name in ("epoch", "best_map", "best_epoch", "best_metrics", "best_weights"):
            setattr(self, name, state[name])
        self.best_evidence = state.get("best_evidence", {})

    @property
    def _judged(self) -> bool:
        """Whether val mAP says which epoch is the best; else it is the last that was measured."""
        return True

    @abstractmethod
    def _asked(self) -> Asked:
        """What is asked of a batch, its gradients shared by all workers; called once a run."""

    @abstractmethod
    def _steps(self, epochs: int) -> int:
        """Batches of the first so many epochs."""

    @abstractmethod
    def _batches(self, random: np.random.Generator) -> Iterable[Any]:
        """An epoch's batches, of all workers."""

    def _figures(self, measured: dict[str, float]) -> dict[str, float]:
        """What is told of an epoch's figures."""
        return measured

    def _parts(self) -> dict[str, Any]:
        """What has a state of its own, by its name in the state."""
        parts = {"optimizer": self.optimizer, "schedule": self.schedule}
        return parts if self.average is None else {**parts, "average": self.average}

    def _seconds(self, once: Callable[[], object]) -> float:
        """What that takes, up to the end of what it gave a GPU to do."""
        started = time.perf_counter()
        once()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter() - started

    def _identity(self) -> str:
        """What a resumed run must share with the one it resumes."""
        return f"{self.fingerprint} {self.config.model_dump_json(exclude=NOWHERE)}"

    def _train_epoch(self, asked: Asked) -> float:
        return float(torch.stack(list(self._steps_of_epoch(asked))).mean())

    def _steps_of_epoch(self, asked: Asked) -> Iterator[Tensor]:
        """Take the next epoch's steps; the loss of each."""
        seed = self.config.seed, self.epoch
        random = np.random.default_rng(seed)  # the same batches on every worker
        apart = np.random.SeedSequence(seed, spawn_key=(world()[0],))
        draws = torch.Generator(self.device)
        draws.manual_seed(int(apart.generate_state(1, np.uint64)[0] >> np.uint64(1)))
        torch.manual_seed(draws.initial_seed() ^ 1)  # dropout draws from torch's own generator
        self.model.train()
        for batch in self._batches(random):
            self.optimizer.zero_grad(set_to_none=True)
            value = asked(batch, random, draws)
            if not torch.isfinite(value):
                raise TrainingError(
                    f"the loss is {value.item()} in epoch {self.epoch + 1}; "
                    f"try a lower optim.lr than {self.config.optim.lr:g}"
                )
            value.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.optim.clip_norm)
            self.optimizer.step()
            self.schedule.step()
            if self.average is not None:
                self.average.update_parameters(self.model)
            yield value.detach()
