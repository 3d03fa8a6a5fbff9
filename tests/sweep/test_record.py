"""What Tune tells the driver: into the journal, to people, and what a loss is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import FIFOScheduler

from raysign.config import SweepConfig, resolve
from raysign.sweep.journal import Journal
from raysign.sweep.ready import space_of
from raysign.sweep.record import FOREVER, Recorder
from raysign.sweep.results import usable
from raysign.sweep.resume import open_journal, startup_trials
from raysign.sweep.sampling import LOSSES, sampling

SPACE_OF_ONE = {"space": {"loss.temperature": {"uniform": [0.1, 0.9]}}}
REPORT = {"epoch": 1, "train/loss": 2.0, "val/map": 0.3, "best/val/map": 0.4, "trial_s": 3.0}


class Sweep:
    """A recorder with one trial, called as Tune calls it."""

    def __init__(self, folder: Path, budget_ms: float | None = None) -> None:
        self.said: list[str] = []
        self.pushes = 0
        self.journal = Journal.open(folder)
        self.journal.begin(sweep="s")
        self.journal.drawn(1, {"optim.lr": 1e-3})
        self.error_file = folder / "error.txt"
        self.trial: Any = SimpleNamespace(
            config={"number": 1, "values": {"optim.lr": 1e-3}, "seed": None},
            num_failures=0,
            max_failures=FOREVER,
            error_file=str(self.error_file),
        )
        delivery: Any = SimpleNamespace(push=self.push, runs={})
        self.recorder = Recorder(
            self.journal, delivery, folder, ("val/map",), 8, self.said.append, budget_ms
        )

    def push(self) -> None:
        self.pushes += 1

    def call(self, name: str, **more: Any) -> None:
        getattr(self.recorder, f"on_trial_{name}")(1, [self.trial], self.trial, **more)

    def lost(self, why: str) -> None:
        """As Tune counts it."""
        self.trial.num_failures += 1
        self.error_file.write_text(f"Failure # {self.trial.num_failures} (occurred at)\n{why}\n")
        # As Tune's Trial.should_recover has it.
        few = self.trial.num_failures <= self.trial.max_failures or self.trial.max_failures < 0
        assert few, "Tune gives it up"
        self.call("recover")


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    made = Sweep(tmp_path)
    yield made
    made.journal.close()


def test_a_result_is_journaled_told_and_brought_to_mlflow_once(sweep: Sweep) -> None:
    sweep.call("start")
    sweep.call("result", result=REPORT | {"pid": 7, "config/x": 1, "done": False})
    sweep.call("result", result=REPORT)  # reported again by a process that was begun again
    sweep.call("result", result=REPORT | {"epoch": 2})
    assert sweep.pushes == 3
    assert [r["epoch"] for r in sweep.journal.entries["001"].results] == [1, 2]
    assert sweep.journal.entries["001"].results[0] == REPORT
    assert [line.split("]")[1] for line in sweep.said] == [
        " trial 1/8  epoch   1  loss 2.000  best val/map 0.400",
        " trial 1/8  epoch   2  loss 2.000  best val/map 0.400",
    ]
    (outcome,) = sweep.recorder.outcomes
    assert (outcome.figures, outcome.epochs, outcome.error) == ({"val/map": 0.4}, 2, "interrupted")
    sweep.journal.end("001")
    assert sweep.recorder.outcomes[0].error == ""


def test_a_trials_own_error_is_told_once(sweep: Sweep) -> None:
    sweep.call("result", result={"error": "the loss is inf"})
    assert not sweep.journal.entries["001"].results
    sweep.journal.end("001", "the loss is inf")
    sweep.call("complete")
    sweep.call("complete")
    assert sweep.said == ["trial 1 failed: the loss is inf"]
    assert sweep.recorder.outcomes[0].error == "the loss is inf"


def test_a_trial_may_be_lost_as_often_again_after_each_epoch(sweep: Sweep) -> None:
    for epoch in range(1, 5):
        for _ in range(LOSSES):
            sweep.lost("The actor died unexpectedly before finishing this task.")
            for known in range(1, epoch):  # whoever begins again reports it all again
                sweep.call("result", result=REPORT | {"epoch": known})
        sweep.call("result", result=REPORT | {"epoch": epoch})
    assert sweep.said[0] == "note: trial 1/8 lost its process; it goes on after epoch 0"
    assert sweep.said[4] == "note: trial 1/8 lost its process; it goes on after epoch 1"
    for _ in range(LOSSES):
        sweep.lost("The actor died")
        sweep.call("result", result=REPORT)
    with pytest.raises(AssertionError, match="Tune gives it up"):
        sweep.lost("The actor died")


def test_a_node_that_is_taken_away_does_not_count(sweep: Sweep) -> None:
    for _ in range(50):
        sweep.lost("The actor died because its node has died. Node Id: 12ab")
    assert sweep.said[-1] == "note: trial 1/8 lost its node; it goes on after epoch 0"


def test_where_it_was_stopped_is_in_the_journal(sweep: Sweep) -> None:
    sweep.call("result", result=REPORT | {"done": True})
    assert sweep.journal.entries["001"].stopped


def test_what_the_time_budget_stopped_counts_and_can_go_on(sweep: Sweep) -> None:
    sweep.call("result", result=REPORT)
    assert sweep.recorder.outcomes[0].error == "interrupted"
    sweep.recorder.time_is_up(FIFOScheduler())
    assert sweep.recorder.outcomes[0].error == ""
    assert [e for e in sweep.journal.entries.values() if not e.ended]


@pytest.mark.parametrize(("trials", "random"), [(1, 3), (8, 3), (18, 6), (100, 10)])
def test_the_sampler_learns_in_short_sweeps_too(trials: int, random: int) -> None:
    assert startup_trials(trials) == random


@pytest.mark.parametrize(("latency_ms", "too_slow"), [(4.9, False), (5.1, True)])
def test_a_trial_above_the_latency_budget_is_none_to_choose(
    latency_ms: float, too_slow: bool, tmp_path: Path
) -> None:
    sweep = Sweep(tmp_path, budget_ms=5.0)
    sweep.call("result", result=REPORT | {"latency_ms": latency_ms})
    sweep.journal.end("001")
    (outcome,) = sweep.recorder.outcomes
    assert outcome.too_slow == too_slow
    assert bool(usable([outcome], ("val/map",))) != too_slow
    assert ("too slow: 5.1 ms" in sweep.said[-1]) == too_slow
    sweep.journal.close()


@pytest.mark.parametrize("budget_ms", [None, 5])
def test_optuna_samples_where_the_budget_holds(budget_ms: float | None, tmp_path: Path) -> None:
    """Of two halves of a dimension the better one is too slow: it has to go to the other."""
    given = {"trials": 40, "latency_budget_ms": budget_ms}
    config = resolve(SweepConfig, SPACE_OF_ONE | given)
    journal = open_journal(tmp_path, config, data="clips", commit="commit")
    searcher = sampling(config, space_of(config), journal, print)
    slow = []
    for trial_id in map(str, range(40)):
        drawn = searcher.suggest(trial_id)
        assert drawn is not None
        value = drawn["values"]["loss.temperature"]
        slow.append(value > 0.5)
        report = {"epoch": 1.0, "best/val/map": value, "latency_ms": 9.0 if slow[-1] else 1.0}
        journal.result(f"{drawn['number']:03d}", report)
        searcher.on_trial_complete(trial_id, report)
    late = sum(slow[20:])
    assert late <= 12 if budget_ms else late >= 18
    journal.close()
