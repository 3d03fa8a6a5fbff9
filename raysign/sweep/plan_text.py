"""A plan in words: what people read before a sweep runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.sweep.placement import GIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from raysign.cluster import Node
    from raysign.sweep.duration import Span
    from raysign.sweep.plan import Plan


def lines_of(plan: Plan) -> list[str]:
    """Short where nothing was measured: what runs where, and what does not fit."""
    return [*(f"plan: {line}" for line in _lines(plan)), *(f"note: {note}" for note in notes(plan))]


def notes(plan: Plan) -> list[str]:
    """What a person should look at before it runs."""
    return [*_of_nodes(plan), *_of_workers(plan)]


def in_words(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3.4 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _lines(plan: Plan) -> Iterator[str]:
    disk = f", {_size(plan.on_disk)} on its disk" * bool(plan.on_disk)
    yield f"{plan.placed}; clips {_size(plan.clips)}, once in each node's shared memory{disk}"
    for number, (node, workers) in enumerate(zip(plan.nodes, plan.placed.most, strict=True)):
        if len(plan.nodes) > 1 or plan.profiled:
            yield f"node {node.name}: {_held(plan, number, node, workers)}"
    if (seconds := plan.seconds) is not None:
        epochs = [one.epoch_s + one.measure_s / one.every for one in plan.profiled if not one.error]
        slowest = f" to {max(epochs):.2g}" if len(epochs) > 1 else ""
        several = f"{plan.trials} {plan.what}{'s' * (plan.trials > 1)}"
        yield (
            f"{several}, {min(epochs):.2g}{slowest} s an epoch with its measuring: about "
            f"{in_words(seconds.likely)}; {_ends(plan, seconds)}"
        )
    if (cost := plan.cost) is not None:
        nodes = f"{len(plan.nodes)} node{'s' * (len(plan.nodes) > 1)}"
        yield (
            f"cost about {cost.likely:.2f}, from {cost.least:.2f} to {cost.most:.2f}: {nodes} at "
            f"{plan.price:g} an hour"
        )


def _ends(plan: Plan, seconds: Span) -> str:
    least, most = in_words(seconds.least), in_words(seconds.most)
    if plan.halving is None:
        return f"{least} where patience ends each as early as it can, {most} where it ends none"
    grace = plan.halving.grace
    return (
        f"{least} where ASHA stops all but the first at epoch {grace}, {most} where it stops none"
    )


def _held(plan: Plan, number: int, node: Node, workers: int) -> str:
    if not workers:
        return "no worker fits"
    need = plan.placed.need
    held = [f"up to {workers} worker{'s' * (workers > 1)}"]
    held.append(f"{workers * need.cpus:g} of {node.cpus} CPUs")
    if need.gpus:
        held.append(f"{workers * need.gpus:g} of {node.gpus} GPUs")
    if plan.profiled:
        ways = f" × {plan.ways} preparations" * (plan.ways > 1)
        held.append(
            f"memory {_size(plan.on_node(number))} of {_size(node.memory + node.object_store)} "
            f"(clips {_size(plan.clips)}{ways}, {workers} × {_size(plan.memory)})"
        )
    if plan.gpu_memory:
        sharing = max(1, int(1 / need.gpus))
        held.append(f"on a GPU {sharing} × {_size(plan.gpu_memory)} and as many contexts of CUDA")
    return ", ".join(held)


def _of_nodes(plan: Plan) -> Iterator[str]:
    clips = plan.ways * plan.clips
    for node, workers in zip(plan.nodes, plan.placed.most, strict=True):
        if workers and 0 < node.object_store < clips:
            yield (
                f"node {node.name} has {_size(node.object_store)} of shared memory for "
                f"{_size(clips)} of clips: Ray puts the rest on its disk, which is slow"
            )
        if node.memory and workers * plan.memory > node.memory:
            yield (
                f"node {node.name} has memory for {node.memory // plan.memory} such workers, not "
                f"for {workers}" + _enough(plan)
            )


def _of_workers(plan: Plan) -> Iterator[str]:
    if 0 < plan.placed.need.memory < plan.memory:
        yield f"a worker took {_size(plan.memory)}, more than it holds{_enough(plan)}"
    if plan.profiled and plan.placed.workers > 1:
        yield (
            f"what the {plan.placed.workers} workers of a trial tell each other is not in the "
            "seconds an epoch"
        )
    failed = [one for one in plan.profiled if one.error]
    if failed:
        yield f"{len(failed)} of {len(plan.profiled)} drawn configs failed: {failed[0].error}"


def _enough(plan: Plan) -> str:
    if plan.what == "training":
        return "; take fewer workers"
    return f"; type placement.memory_per_worker_gib={1.1 * plan.memory / GIB:.1f}"


def _size(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 2**20:.0f} MiB"
