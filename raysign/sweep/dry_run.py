"""Everything about a run that can be said before it runs; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable

from raysign import cluster
from raysign.config import KeywordConfig, SweepConfig, TrainConfig
from raysign.sweep.placement import Need, Placed
from raysign.sweep.plan import Plan, mapped_bytes, plan, shared_bytes
from raysign.sweep.profile import DRAWN, draw, profile
from raysign.sweep.ready import Ready, get_ready, space_of
from raysign.sweep.space import Space
from raysign.train.material import read_material
from raysign.train.on_ray import check_room


def plan_sweep(config: SweepConfig, say: Callable[[str], None]) -> Plan:
    """What a sweep would take: some configs of its space train for a few batches, and are measured.

    Raises what :func:`raysign.sweep.sweep` raises before it writes anything.
    """
    space = space_of(config)
    ready = get_ready(config, space, say)
    say(f"{ready.resources}; {DRAWN} configs of the space are looked at")
    return plan(config, ready, profile(ready, draw(space, DRAWN, config.seed), say))


def plan_training(
    config: TrainConfig | KeywordConfig, say: Callable[[str], None], count: int = 1
) -> Plan:
    """What training runs would take, likewise: a sweep of so many trials, one after another, and of
    nothing searched.
    """
    material = read_material(config, say)
    resources = cluster.start()
    cpus, gpus = check_room(config, resources)
    need = Need(cpus, float(gpus))
    most = tuple(min(node.places(cpus, gpus), config.workers) for node in resources.nodes)
    placed = Placed(config.workers, need, at_once=1, fit=1, most=most)
    space = Space(config.model_dump(mode="json"), {}, type(config))
    ready = Ready(space, config, material, None, resources, placed)
    say(str(resources))
    return Plan(
        trials=count,
        placed=placed,
        nodes=resources.nodes,
        clips=shared_bytes(material.data),
        on_disk=mapped_bytes(material.data),
        ways=1,
        price=None,
        halving=None,
        budget_s=None,
        profiled=profile(ready, [{}], say),
        what="training",
    )
