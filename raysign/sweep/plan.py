"""What a sweep would take: trials at a time, on which nodes, memory, time, and what it costs."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from raysign.batches import TrainingClips
from raysign.config.sweep import MINIMISED
from raysign.mapped import MappedSequences
from raysign.sweep.duration import Course, Halving, Span, again_span, search_span
from raysign.sweep.placement import GIB
from raysign.sweep.prepared import KEPT

if TYPE_CHECKING:
    from raysign.cluster import Node
    from raysign.config import SweepConfig
    from raysign.sweep.placement import Placed
    from raysign.sweep.profile import Profiled
    from raysign.sweep.ready import Ready

TRAINER_S = 12.0
"""Seconds until Ray Train's workers of a trial train: a process each, and their meeting."""


@dataclass(frozen=True)
class Plan:
    """Everything about a sweep that can be said before it runs."""

    trials: int
    placed: Placed
    nodes: tuple[Node, ...]
    clips: int
    """Bytes of the prepared clips: once a node, in its object store."""
    on_disk: int
    """Bytes of those that are mapped instead: once on each node's disk."""
    ways: int
    """Ways to prepare them that may be kept at a time."""
    price: float | None
    """Of a node, an hour."""
    halving: Halving | None
    budget_s: float | None
    again: tuple[int, int] = (0, 0)
    """Trials that are trained again, and how often at most."""
    profiled: tuple[Profiled, ...] = ()
    """Empty where nothing was measured."""
    what: Literal["trial", "training"] = "trial"
    """Of which there are so many; a training has no ``placement`` to change."""

    @property
    def hopeless(self) -> bool:
        """Whether every config that was tried fails."""
        return bool(self.profiled) and all(one.error for one in self.profiled)

    @property
    def memory(self) -> int:
        """Bytes that one worker had at most, of all configs that were looked at."""
        return max((one.memory for one in self.profiled), default=0)

    @property
    def gpu_memory(self) -> int:
        """The same of a GPU's."""
        return max((one.gpu_memory for one in self.profiled), default=0)

    @property
    def seconds(self) -> Span | None:
        """Of the trials and of those that are trained again: without reading the clips, the report
        and the registry. None where nothing was measured, or nothing trains.
        """
        good = [one for one in self.profiled if not one.error]
        if not good:
            return None
        beside = TRAINER_S if self.placed.workers > 1 else 0.0
        courses = [
            Course(
                one.epochs,
                one.build_s + beside,
                one.epoch_s,
                one.measure_s,
                one.every,
                one.patience,
            )
            for one in good
        ]
        found = search_span(
            courses,
            self.trials,
            self.placed.at_once,
            self.halving,
            start_s=min((one.first_s for one in good if one.first_s), default=0.0),
        )
        if self.budget_s is not None:
            return found.at_most(self.budget_s)
        return found + again_span(courses, *self.again, self.placed.at_once)

    @property
    def cost(self) -> Span | None:
        """Of all nodes of the cluster, for as long as the search takes."""
        if self.price is None or (seconds := self.seconds) is None:
            return None
        return seconds * (len(self.nodes) * self.price / 3600)

    def on_node(self, node: int) -> int:
        """Bytes that a node needs while it holds all the workers that it can: theirs and the clips.

        0 where it holds none.
        """
        workers = self.placed.most[node]
        return (workers * self.memory + self.ways * self.clips) if workers else 0

    def as_json(self) -> dict[str, Any]:
        """The same as one object; memory in GiB."""
        need, cost, seconds = self.placed.need, self.cost, self.seconds
        nodes = [
            {
                "name": node.name,
                "cpus": node.cpus,
                "gpus": node.gpus,
                "memory_gib": _gib(node.memory),
                "object_store_gib": _gib(node.object_store),
                "workers": workers,
                "needs_gib": _gib(self.on_node(number)) if self.profiled else None,
            }
            for number, (node, workers) in enumerate(zip(self.nodes, self.placed.most, strict=True))
        ]
        return {
            "trials": self.trials,
            "at_once": self.placed.at_once,
            "fit": self.placed.fit,
            "workers": self.placed.workers,
            "cpus_per_worker": need.cpus,
            "gpus_per_worker": need.gpus,
            "memory_per_worker_gib": _gib(need.memory) if need.memory else None,
            "nodes": nodes,
            "clips_gib": _gib(self.clips),
            "clips_on_disk_gib": _gib(self.on_disk),
            "preparations": self.ways,
            "worker_gib": _gib(self.memory) if self.profiled else None,
            "worker_gpu_gib": _gib(self.gpu_memory) if self.profiled else None,
            "seconds": None if seconds is None else asdict(seconds),
            "cost": None if cost is None else asdict(cost),
            "profiled": [asdict(one) for one in self.profiled],
        }


def plan(config: SweepConfig, ready: Ready, profiled: Sequence[Profiled] = ()) -> Plan:
    """What that sweep would take, as far as it was measured."""
    corners = list(ready.space.corner_configs())
    ways = len({corner.prepare for corner in corners}) if ready.space.varies("prepare") else 1
    first, halving = config.objective[0], None
    if len(config.objective) == 1 and first not in MINIMISED:
        longest = max(corner.optim.epochs for corner in corners)
        halving = Halving(min(config.grace_epochs, longest), config.reduction_factor, longest)
    how = config.selection
    rounds = how.seeds - 1 if how.mode == "noise" and config.trials > 1 else 0
    return Plan(
        trials=config.trials,
        placed=ready.placed,
        nodes=ready.resources.nodes,
        clips=shared_bytes(ready.material.data),
        on_disk=mapped_bytes(ready.material.data),
        ways=min(ways, KEPT),
        price=config.placement.price_per_node_hour,
        halving=halving,
        budget_s=config.time_budget_s,
        again=(min(how.contenders, config.trials), rounds),
        profiled=tuple(profiled),
    )


def shared_bytes(data: object) -> int:
    """What an object takes in Ray's memory: its arrays, which are not copied to know that."""
    parts: list[pickle.PickleBuffer] = []
    rest = pickle.dumps(data, protocol=5, buffer_callback=parts.append)
    return len(rest) + sum(part.raw().nbytes for part in parts)


def mapped_bytes(data: object) -> int:
    """What of a run's clips is on disk, and read from there as it is needed."""
    if not isinstance(data, TrainingClips):
        return 0
    parts = (data.train, data.queries, data.gallery, data.unlabelled)
    sequences = [part.sequences for part in parts if part is not None]
    return sum(one.nbytes for one in sequences if isinstance(one, MappedSequences))


def _gib(count: int) -> float:
    return round(count / GIB, 3)
