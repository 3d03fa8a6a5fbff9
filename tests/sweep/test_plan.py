"""What is said of a sweep before it runs, from made-up measurements."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from raysign.cluster import Node, Resources
from raysign.config import SweepConfig, resolve
from raysign.sweep.duration import Halving, Span
from raysign.sweep.placement import GIB, place
from raysign.sweep.plan import Plan, plan, shared_bytes
from raysign.sweep.plan_text import in_words, lines_of, notes
from raysign.sweep.prepared import KEPT
from raysign.sweep.profile import Profiled
from raysign.sweep.ready import space_of

TWO = (Node(8, 2, 64 * GIB, 30 * GIB, "big"), Node(2, 0, 4 * GIB, 2 * GIB, "small"))
LR: dict[str, Any] = {"optim.lr": {"log_uniform": [1e-4, 1e-2]}}
CLIPS = np.zeros(GIB // 2, np.uint8)


def made(
    *profiled: Profiled,
    nodes: tuple[Node, ...] = TWO,
    space: dict[str, Any] = LR,
    **given: Any,
) -> Plan:
    config = resolve(SweepConfig, {"space": space, "trials": 12} | given)
    of_it = space_of(config)
    shared = of_it.config({})
    resources = Resources(nodes)
    placed = place(config.placement, shared, config.trials, resources)
    ready: Any = SimpleNamespace(
        space=of_it, placed=placed, resources=resources, material=SimpleNamespace(data=CLIPS)
    )
    return plan(config, ready, profiled)


ONE = Profiled({}, 30, 1, 30, build_s=1, epoch_s=8, measure_s=2, memory=GIB, first_s=6)


def test_without_measurements_it_says_what_runs_where() -> None:
    short = made()
    assert (short.seconds, short.cost, short.memory) == (None, None, 0)
    assert lines_of(short) == [
        "plan: 2 trials at a time, each 1 worker × 1 CPU + 1 GPU; clips 512 MiB, once in each "
        "node's shared memory",
        "plan: node big: up to 2 workers, 2 of 8 CPUs, 2 of 2 GPUs",
        "plan: node small: no worker fits",
    ]
    alone = made(nodes=(Node(2, name="here"),))
    assert len(lines_of(alone)) == 1


def test_memory_of_a_node_is_the_clips_once_and_what_each_worker_took() -> None:
    half = Profiled({}, 30, 1, 30, epoch_s=9, memory=GIB // 2)
    full = made(ONE, half, placement={"gpus_per_worker": 0.25, "trials_at_once": 5})
    assert full.placed.most == (5, 0)
    assert full.on_node(0) == 5 * GIB + len(CLIPS) + full.clips - len(CLIPS)
    assert full.on_node(1) == 0, "no clips go where no worker is"
    many = {"prepare.frames": {"int_uniform": [8, 64]}}
    assert made(ONE, space=many).on_node(0) == 2 * GIB + KEPT * full.clips
    two = {"prepare.frames": {"choice": [8, 64]}}
    assert made(ONE, space=two).ways == 2


def test_time_is_played_with_the_sweeps_own_rules() -> None:
    full = made(ONE, placement={"price_per_node_hour": 1.5})
    assert full.halving == Halving(3, 3, 30)
    seconds, cost = full.seconds, full.cost
    assert seconds is not None
    assert cost is not None
    # 12 trials in two rows, each 1 s and 30 epochs of 10 s, a report, and a process to start.
    assert seconds.most == pytest.approx(6 + 6 * (1 + 30 * 10.05))
    assert seconds.least < seconds.likely < seconds.most
    assert cost.most == pytest.approx(seconds.most / 3600 * 2 * 1.5)
    hour = made(ONE, time_budget_s=60).seconds
    assert hour is not None
    assert hour == Span(60, 60, 60)
    front = made(ONE, objective=["val/map", "latency_ms"])
    assert front.halving is None
    again = made(ONE, selection={"seeds": 3}).seconds
    assert again is not None
    assert again.most == pytest.approx(seconds.most + 2 * 2 * (1 + 30 * 10.05))


def test_people_and_programs_are_told_the_same() -> None:
    full = made(ONE, placement={"price_per_node_hour": 1.5})
    told = "\n".join(lines_of(full))
    seconds, cost = full.seconds, full.cost
    assert seconds is not None
    assert cost is not None
    assert (
        f"12 trials, 10 s an epoch with its measuring: about {in_words(seconds.likely)}; " in told
    )
    assert f"{in_words(seconds.least)} where ASHA stops all but the first at epoch 3" in told
    assert (
        f"cost about {cost.likely:.2f}, from {cost.least:.2f} to {cost.most:.2f}: 2 nodes" in told
    )
    assert "node big: up to 2 workers, 2 of 8 CPUs, 2 of 2 GPUs, memory 2.5 GiB of 94.0 GiB" in told
    answer = json.loads(json.dumps(full.as_json()))
    assert answer["seconds"]["likely"] == pytest.approx(seconds.likely)
    assert answer["cost"]["most"] == pytest.approx(cost.most)
    assert (answer["at_once"], answer["fit"], answer["trials"]) == (2, 2, 12)
    assert [node["needs_gib"] for node in answer["nodes"]] == [2.5, 0]
    assert (answer["worker_gib"], answer["clips_gib"]) == (1.0, 0.5)
    empty = made().as_json()
    assert empty["seconds"] is empty["cost"] is empty["worker_gib"] is None


@pytest.mark.parametrize(
    ("profiled", "given", "says"),
    [
        ({"memory": 40 * GIB}, {}, "node big has memory for 1 such workers, not for 2; type plac"),
        (
            {"memory": 2 * GIB},
            {"placement": {"memory_per_worker_gib": 1}},
            "a worker took 2.0 GiB, more than it holds; type placement.memory_per_worker_gib=2.2",
        ),
        ({}, {"placement": {"workers": 2}}, "what the 2 workers of a trial tell each other is no"),
        ({"error": "the loss is nan"}, {}, "1 of 2 drawn configs failed: the loss is nan"),
    ],
)
def test_what_a_person_should_see_before_it_runs(
    profiled: dict[str, Any], given: dict[str, Any], says: str
) -> None:
    assert not notes(made(ONE, ONE))
    (note,) = notes(made(ONE, Profiled({}, 30, 1, 30, **profiled), **given))
    assert note.startswith(says)


def test_clips_that_do_not_fit_into_shared_memory() -> None:
    tight = (Node(4, name="tight", memory=64 * GIB, object_store=GIB // 4),)
    (note,) = notes(made(nodes=tight))
    assert note.startswith("node tight has 256 MiB of shared memory for 512 MiB of clips")


def test_a_gpu_that_trials_share() -> None:
    shared = made(
        Profiled({}, 30, 1, 30, epoch_s=1, gpu_memory=3 * GIB), placement={"gpus_per_worker": 0.25}
    )
    assert "on a GPU 4 × 3.0 GiB and as many contexts of CUDA" in "\n".join(lines_of(shared))


def test_shared_bytes_are_those_of_the_arrays() -> None:
    arrays = {"one": np.zeros((1000, 7), np.float16), "two": np.zeros(5, np.int64)}
    assert 0 <= shared_bytes(arrays) - (14_000 + 40) < 1000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5.4, "5 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (9000, "2.5 h")],
)
def test_seconds_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
