from __future__ import annotations

from typing import Any

import pytest

from raysign.sweep import leaderboard
from raysign.sweep.front import Front
from raysign.sweep.results import Outcome, pareto, ranked, usable

VALUES = {"map": 0.2, "mrr": 0.4} | {
    f"recall_at_{k}": v for k, v in ((1, 0.3), (5, 0.5), (10, 0.6), (50, 1.0))
}
BASELINE = {
    f"val/{name}{end}": value + by
    for name, value in VALUES.items()
    for end, by in (("", 0.0), ("_low", -0.05), ("_high", 0.05))
}


def outcome(number: int, value: float | None = None, latency: float = 5.0, **more: Any) -> Outcome:
    figures = {}
    if value is not None:
        figures = {name: value for name in BASELINE} | {"latency_ms": latency, "parameters": 1000.0}
        figures["val/map_low"] = value - 0.1
    return Outcome(number, {"optim.lr": 0.001}, figures, epochs=3, seconds=1.0, **more)


def numbers(outcomes: list[Outcome]) -> list[int]:
    return [o.number for o in outcomes]


def test_best_first_and_what_failed_or_was_not_measured_last() -> None:
    outcomes = [
        outcome(1, 0.5),
        outcome(2, 0.9, error="it broke"),
        outcome(3, 0.7),
        outcome(4),
        outcome(5, 0.6),
    ]
    assert numbers(ranked(outcomes, ("val/map",))) == [3, 5, 1, 2, 4]
    assert numbers(usable(outcomes, ("val/map",))) == [1, 3, 5]


@pytest.mark.parametrize("name", ["latency_ms", "parameters"])
def test_less_is_better_where_it_costs(name: str) -> None:
    cheap, dear = outcome(1, 0.5), outcome(2, 0.9)
    dear.figures[name] *= 2  # type: ignore[index]
    assert numbers(ranked([dear, cheap], (name,))) == [1, 2]
    assert numbers(ranked([dear, cheap], ("val/map", name))) == [2, 1]


def test_the_front_is_what_nobody_beats() -> None:
    outcomes = [
        outcome(1, 0.5, latency=1),
        outcome(2, 0.7, latency=2),
        outcome(3, 0.6, latency=2),  # beaten by 2
        outcome(4, 0.5, latency=1),  # as good as 1: neither beats the other
        outcome(5, 0.9, latency=0.1, error="it broke"),
        outcome(6, 0.8, latency=9),
    ]
    front = pareto(outcomes, ("val/map", "latency_ms"))
    assert numbers(front) == [1, 2, 4, 6]


def test_figures_are_those_of_the_best_epoch() -> None:
    report = {
        "val/map": 0.4,
        "best/val/map": 0.6,
        "best/val/recall_at_1": 0.5,
        "best/val/recall_at_1_low": 0.4,
        "best/val/queries": 240,
        "latency_ms": 3,
        "epoch": 7,
        "training_iteration": 4,
        "trial_s": 12.5,
    }
    made = Outcome.of(1, {}, report, run_id="r")
    assert made.figures == {
        "val/map": 0.6,
        "val/recall_at_1": 0.5,
        "val/recall_at_1_low": 0.4,
        "val/queries": 240.0,
        "latency_ms": 3.0,
    }
    assert (made.epochs, made.seconds, made.run_id, made.state) == (7, 12.5, "r", "")


def test_the_leaderboard_has_everyone() -> None:
    outcomes = [outcome(1, 0.5), outcome(2, 0.75), outcome(3, 0.9, error="a | b"), outcome(4)]
    head, line, untrained, *rows = leaderboard(outcomes, ("val/map",), BASELINE).splitlines()
    between = "\N{EN DASH}"
    intervals = f".200 [.150{between}.250] | .300 [.250{between}.350]"
    assert untrained.startswith(f"| untrained | {intervals} | .500 | .600 | 1.000 | .400 |")
    assert [row.split("|")[1].strip() for row in rows] == ["2", "1", "3", "4"]
    best = f".750 [.650{between}.750] | .750 [.750{between}.750] | .750 | .750 | .750 | .750"
    assert rows[0].startswith(f"| 2 | {best} | 5.0 | 1,000 | 3 | 1 |")
    assert "optim.lr=0.001" in rows[0]
    assert "failed: a \\| b" in rows[2]
    assert "stopped before it was measured" in rows[3]
    cells = [row.replace("\\|", "").count("|") for row in (head, line, untrained, *rows)]
    assert set(cells) == {13}


def test_the_leaderboard_marks_the_front_where_there_is_one() -> None:
    outcomes = [outcome(1, 0.5, latency=1), outcome(2, 0.7, latency=2), outcome(3, 0.4, latency=2)]
    front = Front((1, 2), {2: 1})
    both = ("val/map", "latency_ms")
    rows = leaderboard(outcomes, both, BASELINE, front=front).splitlines()[3:]
    marks = ["2 (Pareto, within noise of 1)", "1 (Pareto)", "3"]
    assert [row.split("|")[1].strip() for row in rows] == marks
    assert "Pareto" not in leaderboard(outcomes, ("val/map",), BASELINE)
