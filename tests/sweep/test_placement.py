"""What fits where, against a cluster that is filled process by process."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysign.cluster import Node, Resources
from raysign.config import KeywordConfig, SweepConfig, TrainConfig, resolve
from raysign.errors import ConfigError, TrainingError
from raysign.sweep.placement import DRIVER_BYTES, GIB, Need, Placed, fitting, place
from raysign.sweep.ready import space_of

nodes = st.builds(
    Node, cpus=st.integers(0, 9), gpus=st.integers(0, 4), memory=st.integers(0, 8).map(GIB.__mul__)
)
clusters = st.lists(nodes, min_size=1, max_size=5).map(tuple).map(Resources)
cpus = st.sampled_from([0.1, 0.25, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0])
gpus = st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.3333, 0.5, 0.6, 1.0])
memories = st.sampled_from([0, GIB // 2, GIB, 3 * GIB])


def filled(node: Node, need: Need) -> int:
    """Processes that fit, put onto the node one after the other, in exact numbers."""
    cpus, gpu = Fraction(str(need.cpus)), Fraction(str(need.gpus))
    free, each, memory = Fraction(node.cpus), [Fraction(1)] * node.gpus, node.memory
    count = 0
    while free >= cpus and (not need.memory or memory >= need.memory):
        if gpu:
            if not any(left >= gpu for left in each):
                break
            # The fullest GPU that still has room, as Ray does; any other gives as many.
            least = min(left for left in each if left >= gpu)
            each[each.index(least)] -= gpu
        free -= cpus
        memory -= need.memory
        count += 1
    return count


@given(nodes, cpus, gpus, memories)
def test_a_node_holds_what_can_be_put_onto_it(
    node: Node, cpus: float, gpus: float, memory: int
) -> None:
    assert node.places(cpus, gpus, memory) == filled(node, Need(cpus, gpus, memory))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(1, 6))
def test_workers_of_a_trial_may_be_on_several_nodes(places: list[int], workers: int) -> None:
    free, trials = list(places), 0
    while sum(free) >= workers:
        for _ in range(workers):
            free[free.index(max(free))] -= 1
        trials += 1
    assert fitting(places, workers) == trials


def placement(**given: Any) -> Any:
    return resolve(SweepConfig, {"space": {"seed": {"choice": [1]}}, "placement": given}).placement


def placed(resources: Resources, trials: int = 99, device: str = "auto", **given: Any) -> Placed:
    return place(placement(**given), TrainConfig(device=device), trials, resources)


@given(clusters, cpus, gpus, memories, st.integers(1, 5), st.integers(0, 9), st.integers(1, 30))
def test_no_node_ever_holds_more_than_it_has(
    resources: Resources,
    cpus: float,
    gpus: float,
    memory: int,
    workers: int,
    at_once: int,
    trials: int,
) -> None:
    gpus = round(gpus) if workers > 1 else gpus
    given: dict[str, Any] = {
        "workers": workers,
        "cpus_per_worker": cpus,
        "gpus_per_worker": gpus,
        "memory_per_worker_gib": memory / GIB or None,
        "trials_at_once": at_once,
    }
    driver = DRIVER_BYTES if workers > 1 and memory else 0
    room = [filled(node, Need(cpus, gpus, memory + driver)) for node in resources.nodes]
    if sum(room) < workers:
        with pytest.raises(TrainingError, match=r"a trial with placement\.workers="):
            placed(resources, trials, **given)
        return
    found = placed(resources, trials, **given)
    assert 1 <= found.at_once <= min(found.fit, trials)
    assert found.fit * workers <= sum(room)
    if at_once == 0:
        assert found.at_once == min(found.fit, trials)
    assert found.at_once * workers <= sum(found.most)
    for most, here in zip(found.most, room, strict=True):
        assert most <= here
    more = Resources((*resources.nodes, Node(4, 4, 16 * GIB)))
    assert placed(more, trials, **given).at_once >= found.at_once


def test_gpus_that_nobody_asked_for_are_taken_whole_where_there_are_any() -> None:
    mixed = Resources((Node(8), Node(16, 4)))
    assert placed(mixed).need.gpus == 1
    assert placed(mixed).most == (0, 4)
    assert placed(mixed).device == "cuda"
    assert placed(mixed, device="cpu").at_once == 24
    assert placed(mixed, gpus_per_worker=0).at_once == 24
    assert placed(mixed, gpus_per_worker=0).device == "cpu"
    assert placed(Resources((Node(8),))).need.gpus == 0
    assert placed(mixed, gpus_per_worker=0.25).most == (0, 16)
    assert placed(mixed, gpus_per_worker=0.6).at_once == 4, "none is spread over two GPUs"
    assert placed(mixed, workers=2).at_once == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"device": "cuda"},
            "train.device=cuda, but the cluster has no GPU; type train.device=cpu",
        ),
        ({"device": "cpu", "gpus_per_worker": 1}, "nobody would use it; type placement.gpus"),
        ({"device": "cuda", "gpus_per_worker": 0}, "trials have no GPU; type placement.gpus_per"),
        ({"gpus_per_worker": 0.5}, "the cluster has 12 CPUs and 0 GPUs on 2 nodes, and holds 0"),
        ({"gpus_per_worker": 0.5}, "lower placement.gpus_per_worker$"),
        ({"cpus_per_worker": 9}, "1 × 9 CPUs, the cluster has 12 CPUs on 2 nodes, and holds 0"),
        ({"cpus_per_worker": 9}, "lower placement.cpus_per_worker$"),
        ({"workers": 4, "cpus_per_worker": 3}, "holds 3 such workers; type placement.workers=3"),
        ({"memory_per_worker_gib": 5}, r"1 × 1 CPU \+ 5 GiB, .* and 6.0 GiB on 2 nodes"),
        ({"memory_per_worker_gib": 5}, "lower placement.memory_per_worker_gib$"),
        ({"memory_per_worker_gib": 3, "cpus_per_worker": 5}, "cpus_per_worker or placement.memory"),
    ],
)
def test_what_does_not_fit_is_one_line_that_says_what_to_type(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises((TrainingError, ConfigError), match=says):
        placed(Resources((Node(8, memory=2 * GIB), Node(4, memory=4 * GIB))), **given)


def test_what_ray_is_told_to_hold() -> None:
    node = Resources((Node(8, 2, 64 * GIB),))
    one = placed(node, cpus_per_worker=2, gpus_per_worker=0.5, memory_per_worker_gib=4)
    assert one.of_trial == {"cpu": 2, "gpu": 0.5, "memory": 4 * GIB}
    assert str(one) == "4 trials at a time, each 1 worker × 2 CPUs + 0.5 GPU + 4 GiB"
    two = placed(node, workers=2, trials=1)
    assert two.of_trial["cpu"] == 0, "it would hold what its workers wait for"
    assert two.of_worker == {"CPU": 1, "GPU": 1}
    assert str(two) == "1 trial at a time, each 2 workers × 1 CPU + 1 GPU"


def test_workers_of_one_trial_never_share_a_gpu() -> None:
    with pytest.raises(ConfigError, match=r"placement: .*NCCL refuses; type workers=1 for trials"):
        placement(workers=2, gpus_per_worker=0.5)
    with pytest.raises(ConfigError, match=r"gpus_per_worker: .* less than or equal to 1"):
        placement(gpus_per_worker=2)


def test_a_trials_workers_are_placed_in_one_place_only() -> None:
    config = resolve(SweepConfig, {"space": {"seed": {"choice": [1]}}, "placement": {"workers": 4}})
    assert space_of(config).config({}).workers == 4
    tree = {"space": {"seed": {"choice": [1]}}, "train": {"workers": 2}}
    with pytest.raises(ConfigError, match=r"train\.workers=2 .*; type placement\.workers=2$"):
        resolve(SweepConfig, tree)
    words = resolve(SweepConfig, {**tree, "train": {}, "task": "keywords"})
    assert isinstance(space_of(words).config({}), KeywordConfig)
