"""Rounds of seeds for the contenders alone, on trials whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from raysign.config import SweepConfig, resolve
from raysign.ranking import short
from raysign.sweep.chosen import Selection
from raysign.sweep.evidence import Evidence
from raysign.sweep.results import Outcome
from raysign.sweep.selection import Again, choose

SIGNS, QUERIES = 40, 2


@dataclass
class World:
    """Trials that are so much better than .5, and what they cost."""

    better: dict[int, float]
    cost: dict[int, float] = field(default_factory=dict)
    spread: float = 0.0
    seed: int = 0
    fails: dict[int, str] = field(default_factory=dict)
    """Trials that fail with another seed than their own."""
    asked: list[list[Again]] = field(default_factory=list)
    """By round."""
    lost: set[int] = field(default_factory=set)
    """Trials that left no evidence."""

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        self.hard = 0.5 + random.normal(0, 0.2, SIGNS)
        self.suits = {number: random.normal(0, 0.04, SIGNS) for number in self.better}

    def precision(self, number: int, seed: int) -> np.ndarray:
        random = np.random.default_rng((self.seed, number, seed))
        by_sign = self.hard + self.suits[number] + self.better[number]
        by_sign = by_sign + random.normal(0, self.spread) + random.normal(0, 0.05, SIGNS)
        return by_sign.repeat(QUERIES).clip(0, 1)

    def trained(self, number: int, seed: int = 0) -> Outcome:
        cost = self.cost.get(number, 1.0)
        value = float(self.precision(number, seed).mean())
        figures = {"val/map": value, "latency_ms": cost, "parameters": 1000 * cost}
        return Outcome(number, {"optim.lr": 0.1 * number}, figures, 1, 1.0, state=str(seed))

    def evidence(self, outcome: Outcome) -> Evidence | None:
        if outcome.number in self.lost:
            return None
        precision = self.precision(outcome.number, int(outcome.state))
        count = np.ones(len(precision), dtype=np.int64)
        sign = np.arange(SIGNS).repeat(QUERIES)
        return Evidence(
            {
                "first_rank": count,
                "average_precision": precision,
                "positives": count,
                "sign": sign,
                "gallery": np.array(9),
            }
        )

    def again(self, asked: Sequence[Again]) -> list[Outcome]:
        self.asked.append(list(asked))
        return [
            Outcome(one.number, one.values, {}, 0, 0.0, error=self.fails[one.number])
            if one.number in self.fails
            else self.trained(one.number, one.seed)
            for one in asked
        ]

    def choose(self, *, train: bool = True, **selection: Any) -> Selection:
        return choose(
            [self.trained(number) for number in self.better],
            sweep_config(**selection),
            again=self.again if train else None,
            say=self.said.append,
            evidence=self.evidence,
        )

    @property
    def said(self) -> list[str]:
        self._said: list[str] = getattr(self, "_said", [])
        return self._said


def sweep_config(objective: str = "val/map", **selection: Any) -> SweepConfig:
    return resolve(
        SweepConfig,
        {
            "space": {"optim.lr": {"uniform": [0.1, 1]}},
            "objective": objective,
            "selection": {"resamples": 400, **selection},
        },
    )


EQUAL = dict.fromkeys(range(1, 7), 0.0)


def test_of_tied_trials_the_cheapest_wins_and_nothing_is_trained() -> None:
    world = World(EQUAL | {7: -0.2}, cost={4: 0.5, 7: 0.1})
    found = world.choose(prefer="latency_ms")
    assert found.winner.number == found.run.number == 4
    assert sorted(found.tied) == [1, 2, 3, 4, 5, 6]
    assert {found.verdict(s): s.number for s in found.standings} == {
        "winner": 4,
        "tied": found.tied[-1] if found.tied[-1] != 4 else found.tied[-2],
        "beaten": 7,
    }
    assert not world.asked
    assert found.highest.number != 4
    assert found.own is not None
    assert found.words.startswith(
        f"Trial 4 won: val mAP {found.own.mean}. Of 7 trials 6 are within noise of the best ("
    )
    assert "), and of these it is the cheapest: 0.50 ms a query. The highest in " in found.words
    assert f"The highest in the search was trial {found.highest.number}, " in found.words
    assert "selection.seeds=3 has the best trained again." in found.words


def test_a_saving_within_what_is_asked_for_decides_nothing() -> None:
    world = World(EQUAL, cost={4: 0.95})
    found = world.choose()
    assert found.winner == found.highest
    assert "it is the best, for all cost about as much: 1,000 parameters" in found.words
    assert world.choose(saving=0.0).winner.number == 4
    assert "it is the cheapest: 950 parameters" in world.choose(saving=0.0).words
    world = World(EQUAL, cost={4: 0.95, 3: 9.0, 2: 9.0})
    assert "of these the best of the 4 cheapest: " in world.choose().words


def test_a_trial_that_is_clearly_better_wins_at_any_cost() -> None:
    world = World(EQUAL | {3: 0.2}, cost={3: 99.0})
    found = world.choose(seeds=4)
    assert (found.winner.number, found.tied) == (3, (3,))
    assert len(world.asked) == 1, "one is left"
    assert "It is ahead of the 5 others by more than noise. Trained again from " in found.words


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"mode": "none"}, "selection.mode=none asks for no noise"),
        ({"objective": "latency_ms"}, "latency_ms is compared as it was measured"),
    ],
)
def test_the_plain_best(how: dict[str, Any], why: str) -> None:
    world = World({1: 0.0, 2: 0.001, 3: -0.4}, cost={1: 0.9, 2: 1.0, 3: 0.8})
    found = world.choose(**how, seeds=3)
    best = min if "objective" in how else max
    trials = [world.trained(n) for n in world.better]
    assert found.winner == best(trials, key=lambda o: o.figures[found.objective])
    assert found.words == f"Trial {found.winner.number} is the best of 3: {why}."
    assert not world.asked
    assert (found.table, found.tied, found.own) == ("", (), None)


def test_only_contenders_are_trained_again_and_drop_out_when_they_fall_behind() -> None:
    world = World({n: 0.0 if n < 4 else -0.3 for n in range(1, 9)} | {2: 0.1}, spread=0.08)
    found = world.choose(seeds=6, contenders=3)
    looked = {one.number for asked in world.asked for one in asked}
    assert looked <= {1, 2, 3}
    assert len(world.asked[0]) == 3
    for number in looked:
        seeds = [one.seed for asked in world.asked for one in asked if one.number == number]
        assert seeds == list(range(1, len(seeds) + 1))
        standing = next(s for s in found.standings if s.number == number)
        assert len(standing.runs) == 1 + len(seeds) <= 6
    assert found.winner.number == 2
    assert world.said[0].startswith("trials ")
    assert "Trained again from " in found.words


def test_at_most_so_many_contenders_and_only_they_can_win() -> None:
    world = World(dict.fromkeys(range(1, 21), 0.0), cost={n: 1 + n / 10 for n in range(1, 21)})
    found = world.choose(seeds=3, contenders=4)
    looked = {one.number for asked in world.asked for one in asked}
    assert len(looked) == 4
    assert 1 in looked, "the cheapest of the tied would win without"
    assert found.highest.number in looked
    assert found.winner.number == 1
    assert len(world.asked) == 2


def test_the_weights_are_those_of_the_winners_best_training() -> None:
    world = World({1: 0.0, 2: 0.0}, cost={2: 0.1}, spread=0.05)
    found = world.choose(seeds=5)
    assert found.winner.number == found.run.number == 2
    values = {seed: world.trained(2, seed).figures["val/map"] for seed in range(5)}
    assert found.own is not None
    assert found.own.runs == pytest.approx([*values.values()])
    assert int(found.run.state) == max(values, key=values.__getitem__)


def test_a_trial_that_fails_with_another_seed_cannot_win() -> None:
    world = World(EQUAL, cost={4: 0.5}, fails={4: "the loss is nan"})
    found = world.choose(seeds=3)
    assert found.winner.number != 4
    assert found.left_out == {4: "failed with seed 1: the loss is nan"}
    assert "Trial 4 failed with seed 1: the loss is nan." in found.words
    world = World({1: 0.0, 2: 0.0}, fails={1: "one", 2: "two"})
    assert world.choose(seeds=3).winner.number in (1, 2), "somebody has to"


def test_what_was_interrupted_is_chosen_by_what_is_there() -> None:
    def stopped(asked: Sequence[Again]) -> Sequence[Outcome]:
        raise KeyboardInterrupt

    world = World(EQUAL, cost={4: 0.5})
    world.again = stopped  # type: ignore[method-assign]
    found = world.choose(seeds=3)
    assert (found.winner.number, found.interrupted) == (4, True)
    assert found.words.endswith("It was interrupted before all seeds were trained.")
    alone = World(EQUAL, cost={4: 0.5}).choose(train=False, seeds=3)
    assert (alone.winner.number, alone.interrupted) == (4, False)


def test_trials_without_evidence_are_told_and_left_out() -> None:
    world = World(EQUAL | {8: -0.1}, cost={8: 0.1}, lost={8})
    found = world.choose()
    assert found.left_out == {8: "left no evidence"}
    assert found.winner.number != 8
    world.lost = {found.highest.number}
    assert world.choose().reason == "what it got on val was not kept, so noise is not known"


def test_it_can_be_read_by_people_and_programs() -> None:
    world = World({1: 0.0, 2: 0.01, 3: -0.3}, cost={2: 0.5}, spread=0.02)
    found = world.choose(seeds=2)
    head, _, *rows = found.table.splitlines()
    assert head.startswith("| trial | verdict | val mAP | seeds | spread over seeds | ")
    assert [row.split(" | ")[1] for row in rows].count("winner") == 1
    assert [row.split(" | ")[1] for row in rows][-1] == "beaten"
    assert all(row.count("|") == 8 for row in (head, *rows))
    told = found.as_json()
    assert told["winner"] == found.winner.number == 2
    assert [t["verdict"] for t in told["trials"]].count("beaten") == 1
    assert told["trials"][0]["mean_low"] < told["trials"][0]["mean"]
    assert told["trials"][-1]["behind_high"] < 0
    assert found.own is not None
    assert found.own.spread is not None
    assert found.card() == {
        "trial": "2 of 3",
        "within noise of": "1",
        "chosen": found.words,
        "val mAP over 2 seeds": f"{found.own.mean}, spread {short(found.own.spread)}",
        "these weights": "the best of them",
    }


def test_the_winners_curse_is_measured_by_fresh_seeds() -> None:
    """Of ten equal trials the best one's figure is too good, and its next ones are not."""
    curse, drift = [], []
    for seed in range(30):
        world = World(dict.fromkeys(range(1, 11), 0.0), spread=0.03, seed=seed)
        found = world.choose(seeds=2, contenders=2, saving=0.0)
        for standing in found.standings:
            if standing.number == found.highest.number:
                assert standing.fresh is not None
                curse.append(standing.runs[0] - standing.fresh)
                truth = world.hard.mean() + world.suits[standing.number].mean()
                drift.append(standing.fresh - truth)
    assert 0.02 < np.mean(curse) < 0.08
    assert abs(np.mean(drift)) < 0.015
