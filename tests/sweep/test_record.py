"""The driver's record of a sweep, under a server that fails for a while."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from raysign.config import SweepConfig, resolve
from raysign.errors import TrackingError
from raysign.sweep import space_of
from raysign.sweep.record import Recorder
from raysign.sweep.results import usable
from raysign.sweep.search import _sampling, startup_trials

SPACE = space_of(resolve(SweepConfig, {"space": {"optim.lr": {"log_uniform": [1e-4, 1e-2]}}}))
SPACE_OF_ONE = {"space": {"loss.temperature": {"uniform": [0.1, 0.9]}}}
REPORT = {"epoch": 1, "train/loss": 2.0, "val/map": 0.3, "best/val/map": 0.4, "time_total_s": 3.0}


class Server:
    """A tracker that keeps what it is told, and refuses the calls that are in ``down``."""

    def __init__(self, *down: str) -> None:
        self.down, self.told = down, []  # type: tuple[str, ...], list[tuple[Any, ...]]

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **more: Any) -> str:
            if name in self.down:
                raise TrackingError(f"no {name}")
            self.told.append((name, *args))
            return "run"

        return call


class Sweep:
    """A recorder with one trial, called as Tune calls it."""

    def __init__(self, *down: str, budget_ms: float | None = None, **values: Any) -> None:
        self.server, self.said = Server(*down), []  # type: Server, list[str]
        self.trial: Any = SimpleNamespace(
            trial_id="t1", config=values or {"optim.lr": 1e-3}, checkpoint=None, error_file=None
        )
        self.recorder = Recorder(
            self.server,
            "parent",
            SPACE,
            ("val/map",),
            8,
            self.said.append,  # type: ignore[arg-type]
            budget_ms,
        )

    def call(self, name: str, **more: Any) -> None:
        getattr(self.recorder, f"on_trial_{name}")(1, [self.trial], self.trial, **more)

    @property
    def notes(self) -> list[str]:
        return [line for line in self.said if line.startswith("note: MLflow did not take")]


@pytest.mark.parametrize(
    "down",
    [("start_run",), ("log_params",), ("log_metrics",), ("finish",), ("start_run", "finish")],
)
def test_a_server_that_fails_is_told_once_and_the_trial_counts(down: tuple[str, ...]) -> None:
    sweep = Sweep(*down)
    sweep.call("start")
    sweep.call("result", result=REPORT)
    sweep.call("result", result=REPORT | {"epoch": 2})
    sweep.call("complete")
    sweep.recorder.abandon()
    (outcome,) = sweep.recorder.outcomes.values()
    assert (outcome.figures, outcome.epochs, outcome.error) == ({"val/map": 0.4}, 2, "")
    assert not sweep.recorder.open
    assert len(sweep.notes) == 1


def test_a_run_is_ended_although_its_last_metrics_were_refused() -> None:
    sweep = Sweep("log_metrics")
    sweep.call("start")
    sweep.call("complete")
    assert sweep.server.told[-1] == ("finish", "run", "FINISHED")


def test_a_trial_ends_once() -> None:
    sweep = Sweep()
    sweep.call("start")
    sweep.call("complete")
    sweep.call("error")
    assert sweep.recorder.outcomes[1].error == ""
    assert [told for told in sweep.server.told if told[0] == "finish"] == [
        ("finish", "run", "FINISHED")
    ]


def test_an_interruption_ends_open_runs_even_if_mlflow_is_down() -> None:
    sweep = Sweep("finish")
    sweep.call("start")
    sweep.recorder.abandon()
    assert sweep.recorder.outcomes[1].error == "interrupted"
    assert len(sweep.notes) == 1


def test_values_that_make_no_config_are_recorded_as_they_are() -> None:
    sweep = Sweep(**{"optim.lr": 5.0})
    sweep.call("start")
    sweep.call("error")
    assert ("log_params", "run", {"optim.lr": 5.0}) in sweep.server.told
    assert sweep.server.told[-1] == ("finish", "run", "FAILED")
    assert sweep.recorder.outcomes[1].error


@pytest.mark.parametrize(("trials", "random"), [(1, 3), (8, 3), (18, 6), (100, 10)])
def test_the_sampler_learns_in_short_sweeps_too(trials: int, random: int) -> None:
    assert startup_trials(trials) == random


@pytest.mark.parametrize(("latency_ms", "too_slow"), [(4.9, False), (5.1, True)])
def test_a_trial_above_the_latency_budget_is_none_to_choose(
    latency_ms: float, too_slow: bool
) -> None:
    sweep = Sweep(budget_ms=5.0)
    sweep.call("start")
    sweep.call("result", result=REPORT | {"latency_ms": latency_ms})
    sweep.call("complete")
    (outcome,) = sweep.recorder.outcomes.values()
    assert outcome.too_slow == too_slow
    assert bool(usable([outcome], ("val/map",))) != too_slow
    assert ("too slow: 5.1 ms" in sweep.said[-1]) == too_slow


@pytest.mark.parametrize("budget_ms", [None, 5])
def test_optuna_samples_where_the_budget_holds(budget_ms: float | None) -> None:
    """Of two halves of a dimension the better one is too slow: it has to go to the other."""
    given = {"trials": 40, "latency_budget_ms": budget_ms}
    config = resolve(SweepConfig, SPACE_OF_ONE | given)
    searcher = _sampling(config, space_of(config))
    slow = []
    for number in map(str, range(40)):
        values = searcher.suggest(number)
        slow.append(values["loss.temperature"] > 0.5)
        report = {"best/val/map": values["loss.temperature"], "latency_ms": 9 if slow[-1] else 1}
        searcher.on_trial_complete(number, report)
    late = sum(slow[20:])
    assert late <= 12 if budget_ms else late >= 18
