"""What configs of a space are seen to take: a few batches each, where and as trials would run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import ray
import torch

from raysign.config import KeywordConfig, TrainConfig
from raysign.engine import Start, build_training
from raysign.errors import RaysignError
from raysign.sweep.cost import cost
from raysign.sweep.prepared import PreparedClips

if TYPE_CHECKING:
    from types import TracebackType

    from raysign.sweep.ready import Ready
    from raysign.sweep.space import Space

DRAWN = 8
"""Configs of a space that are looked at."""
BATCHES = 6
"""Of each, after one that warms up."""


@dataclass(frozen=True)
class Profiled:
    """What one config takes, on the resources of one of its workers, with others beside it."""

    values: Mapping[str, Any]
    """What was drawn."""
    epochs: int
    every: int
    """Epochs between measurements."""
    patience: int
    """Epochs without a better one after which it ends itself."""
    build_s: float = 0.0
    """Until its first batch, in a process that has run a trial before."""
    epoch_s: float = 0.0
    """An epoch's training, forth and back."""
    measure_s: float = 0.0
    memory: int = 0
    """Most bytes that its process had for itself, beside what it shares with others."""
    gpu_memory: int = 0
    """Most bytes that it reserved of a GPU."""
    first_s: float = 0.0
    """Until a new process was there for it; 0 where one was."""
    error: str = ""
    """Why it cannot train; '' = it can."""


def draw(space: Space, count: int, seed: int) -> list[dict[str, Any]]:
    """Values of so many configs, uniform over the space."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
        trials = [study.ask() for _ in range(count)]
        for trial in trials:
            space(trial)
    finally:
        optuna.logging.set_verbosity(verbosity)
    return [dict(trial.params) for trial in trials]


def profile(
    ready: Ready, drawn: Sequence[Mapping[str, Any]], say: Callable[[str], None]
) -> tuple[Profiled, ...]:
    """Rehearse the configs of those values, as many at a time as trials would run.

    Of a trial's workers one is looked at, with its share of a batch: what they tell each other is
    not in it, and it measures all by itself.
    """
    data, start = ray.put(ready.material.data), ray.put(ready.start)
    prepared = None
    if ready.space.varies("prepare"):
        prepared = PreparedClips(ready.material.split, data, ready.shared, ready.threads)
    need = ready.placed.need
    held = {"num_cpus": need.cpus, "num_gpus": need.gpus, "memory": need.memory}
    task: Any = ray.remote(_rehearsed).options(**held, max_retries=0)
    configs = [_alone(ready, values) for values in drawn]
    shared = data, prepared, start, ready.threads, ready.placed.workers
    waiting = list(range(len(drawn)))
    running: dict[Any, int] = {}
    found: dict[int, Profiled] = {}
    while waiting or running:
        while waiting and len(running) < ready.placed.at_once * ready.placed.workers:
            number = waiting.pop(0)
            running[task.remote(configs[number], drawn[number], *shared, time.time())] = number
        (done,), _ = ray.wait(list(running), num_returns=1)
        number = running.pop(done)
        try:
            one: Profiled = ray.get(done)
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as lost:
            one = replace(_course_of(configs[number], drawn[number]), error=_line(lost))
        found[number] = one
        say(f"profiled {len(found)}/{len(drawn)}: {told(one)}")
    return tuple(found[number] for number in sorted(found))


def told(one: Profiled) -> str:
    """A profiled config in a line."""
    values = ", ".join(
        f"{path}={value:.3g}" if isinstance(value, float) else f"{path}={value}"
        for path, value in one.values.items()
    )
    if one.error:
        return f"it fails: {one.error} ({values})"
    return f"{one.epoch_s:.2f} s an epoch, {one.measure_s:.2f} s to measure it ({values})"


def _alone(ready: Ready, values: Mapping[str, Any]) -> TrainConfig | KeywordConfig:
    """A trial's config, with what one worker takes of a batch."""
    config = ready.space.config(values)
    workers = config.workers
    here: dict[str, Any] = {"device": ready.placed.device, "workers": 1}
    if workers > 1:
        share = "sentences" if isinstance(config, KeywordConfig) else "signs"
        part = getattr(config.batches, share) // workers
        here["batches"] = config.batches.model_copy(update={share: part})
    return config.model_copy(update=here)


def _rehearsed(
    config: TrainConfig | KeywordConfig,
    values: Mapping[str, Any],
    data: Any,
    prepared: PreparedClips | None,
    start: Start | None,
    threads: int,
    workers: int,
    asked: float,
) -> Profiled:
    """In a process that holds what a worker would, with its share of a batch."""
    seen = _course_of(config, values)
    if not _Fresh.seen:
        seen = replace(seen, first_s=max(0.0, time.time() - asked))
    _Fresh.seen = True
    torch.set_num_threads(threads)
    gpu = config.device == "cuda"
    if gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    try:
        with PeakMemory() as memory:
            own = ray.get(prepared.of(config)) if prepared else data
            cost(config, own)
            training = build_training(config, own, start)
            built = time.perf_counter()
            epoch_s, measure_s = training.rehearse(BATCHES)
            epoch_s /= workers  # of so much smaller batches an epoch has so many more
    except (RaysignError, torch.OutOfMemoryError) as error:
        return replace(seen, error=_line(error))
    return replace(
        seen,
        build_s=built - began,
        epoch_s=epoch_s,
        measure_s=measure_s,
        memory=memory.most,
        gpu_memory=torch.cuda.max_memory_reserved() if gpu else 0,
    )


def _course_of(config: TrainConfig | KeywordConfig, values: Mapping[str, Any]) -> Profiled:
    optim = config.optim
    return Profiled(values, optim.epochs, config.evaluate.every, optim.patience)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


class _Fresh:
    """Whether this process has rehearsed before."""

    seen = False


class PeakMemory:
    """The most memory that this process has for itself while this is open, in bytes.

    Without what is mapped from files and what it shares: the object store's clips are in neither.
    """

    def __enter__(self) -> Self:
        self.most = _own_bytes()
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, _own_bytes())


def _own_bytes() -> int:
    """What Linux calls ``RssAnon``; 0 where there is no such thing."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
