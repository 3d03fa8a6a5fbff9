"""What fits where: the trials of a sweep on the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.errors import ConfigError, TrainingError

if TYPE_CHECKING:
    from raysign.cluster import Node, Resources
    from raysign.config import KeywordConfig, PlacementConfig, TrainConfig

GIB = 2**30
DRIVER_BYTES = 200_000_000
"""What Ray is told of the process that drives a trial's workers: something has to be."""

HELD = {"cpus": "cpus_per_worker", "gpus": "gpus_per_worker", "memory": "memory_per_worker_gib"}
"""Which setting says how much of it a worker holds."""


@dataclass(frozen=True)
class Need:
    """What one worker holds of the node that it is on."""

    cpus: float
    gpus: float = 0
    memory: int = 0
    """Bytes; 0 = not counted."""

    def for_ray(self, cpu: str, gpu: str) -> dict[str, float]:
        """By the names that Ray's parts have for the first two."""
        held: dict[str, float] = {cpu: self.cpus}
        if self.gpus:
            held[gpu] = self.gpus
        if self.memory:
            held["memory"] = self.memory
        return held

    def __str__(self) -> str:
        held = [f"{self.cpus:g} CPU{'s' * (self.cpus > 1)}"]
        held += [f"{self.gpus:g} GPU"] * bool(self.gpus)
        held += [f"{self.memory / GIB:g} GiB"] * bool(self.memory)
        return " + ".join(held)


@dataclass(frozen=True)
class Placed:
    """Where a sweep's trials run."""

    workers: int
    """Of each trial."""
    need: Need
    """Of each worker."""
    at_once: int
    """Trials at a time."""
    fit: int
    """Trials that the cluster holds."""
    most: tuple[int, ...]
    """Workers that each node holds at most, while so many trials run."""

    @property
    def of_trial(self) -> dict[str, float]:
        """What Tune holds for a trial's own process.

        One that only drives workers must not hold the CPUs that they wait for.
        """
        if self.workers > 1:
            return {"cpu": 0, "memory": DRIVER_BYTES}
        return self.need.for_ray("cpu", "gpu")

    @property
    def of_worker(self) -> dict[str, float]:
        """What Ray Train holds for each worker."""
        return self.need.for_ray("CPU", "GPU")

    @property
    def device(self) -> str:
        """What trials compute on: Ray may show a process GPUs that it was not given."""
        return "cuda" if self.need.gpus else "cpu"

    def __str__(self) -> str:
        trials = f"{self.at_once} trial{'s' * (self.at_once > 1)} at a time"
        workers = f"{self.workers} worker{'s' * (self.workers > 1)}"
        return f"{trials}, each {workers} × {self.need}"


def place(
    config: PlacementConfig,
    shared: TrainConfig | KeywordConfig,
    trials: int,
    resources: Resources,
) -> Placed:
    """As many trials at a time as the cluster holds, or as the config says.

    Raises:
        ConfigError: the trials are to compute where they hold nothing.
        TrainingError: the cluster does not hold one trial.
    """
    need = _need(config, shared, resources)
    # The process that drives a trial's workers is somewhere too: beside one of them there is room.
    beside = DRIVER_BYTES if config.workers > 1 and need.memory else 0
    places = [node.places(need.cpus, need.gpus, need.memory + beside) for node in resources.nodes]
    fit = fitting(places, config.workers)
    if fit < 1:
        raise _too_small(config, need, sum(places), resources)
    at_once = min(config.trials_at_once or fit, fit, trials)
    running = at_once * config.workers
    return Placed(config.workers, need, at_once, fit, tuple(min(n, running) for n in places))


def fitting(places: Sequence[int], workers: int) -> int:
    """Trials of so many workers that fit on nodes with so many places each.

    A worker is on one node, the workers of a trial may be on several.
    """
    return sum(places) // workers


def _need(
    config: PlacementConfig, shared: TrainConfig | KeywordConfig, resources: Resources
) -> Need:
    gpus, device = config.gpus_per_worker, shared.device
    if gpus is None:
        if device == "cuda" and not resources.gpus:
            raise TrainingError(
                "train.device=cuda, but the cluster has no GPU; type train.device=cpu or "
                "train.device=auto"
            )
        gpus = 1.0 if resources.gpus and device != "cpu" else 0.0
    if gpus and device == "cpu":
        raise ConfigError(
            f"placement.gpus_per_worker={gpus:g}, but with train.device=cpu nobody would use it; "
            "type placement.gpus_per_worker=0 or train.device=auto"
        )
    if not gpus and device == "cuda":
        raise ConfigError(
            "train.device=cuda, but with placement.gpus_per_worker=0 trials have no GPU; type "
            "placement.gpus_per_worker=1, or a fraction that several trials share"
        )
    return Need(config.cpus_per_worker, gpus, int((config.memory_per_worker_gib or 0) * GIB))


def _too_small(
    config: PlacementConfig, need: Need, places: int, resources: Resources
) -> TrainingError:
    asks = f"a trial with placement.workers={config.workers} needs {config.workers} × {need}"
    has = [f"{resources.cpus} CPUs"]
    has += [f"{resources.gpus} GPUs"] * bool(need.gpus)
    has += [f"{sum(n.memory for n in resources.nodes) / GIB:.1f} GiB"] * bool(need.memory)
    nodes = f"on {len(resources.nodes)} nodes" * (len(resources.nodes) > 1)
    there = " ".join(filter(None, [" and ".join(has), nodes]))
    if places:
        instead = f"type placement.workers={places} or less"
    else:
        wanting = (f"placement.{HELD[name]}" for name in _wanting(need, resources.nodes))
        instead = f"lower {' or '.join(wanting)}"
    return TrainingError(
        f"{asks}, the cluster has {there}, and holds {places} such workers; {instead}"
    )


def _wanting(need: Need, nodes: Sequence[Node]) -> list[str]:
    """What no node has enough of, or has not together."""
    held = {"cpus": need.cpus, "gpus": need.gpus, "memory": need.memory}
    most = {name: max(getattr(node, name) for node in nodes) for name in held}
    return [name for name in held if held[name] > most[name]] or [n for n in held if held[n]]
