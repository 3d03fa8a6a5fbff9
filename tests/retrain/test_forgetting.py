"""Noise is not called forgetting, and what was forgotten is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from raysign.config import ProtocolConfig
from raysign.ranking import PerQuery, Resampling
from raysign.retrain.forgetting import Forgetting, least_losses, p_values
from raysign.retrain.verdict import Found, Verdict, passes

SIGNS, EACH = 200, 4
HOW = Resampling(resamples=100, seed=0)


def found_of(ap: np.ndarray, asked: np.ndarray | None = None) -> PerQuery:
    first = torch.from_numpy(np.where(ap > 0.5, 1, 9))
    return PerQuery(first, torch.from_numpy(ap), torch.ones_like(first), gallery=900)


def trained(rng: np.random.Generator, hard: np.ndarray) -> np.ndarray:
    """A training's AP of every query: how hard a sign is, and what this seed makes of it."""
    sign = hard + 0.08 * rng.standard_normal(SIGNS)
    return np.clip(np.repeat(sign, EACH) + 0.05 * rng.standard_normal(SIGNS * EACH), 0, 1)


def asked(draws: int = 1) -> Any:
    clips = np.tile(np.arange(SIGNS * EACH), draws)
    sign = np.repeat(np.arange(SIGNS), EACH)
    return SimpleNamespace(
        name="val",
        protocol=ProtocolConfig(),
        clip=clips,
        query_sign=torch.from_numpy(sign[clips]),
        sides=SimpleNamespace(signs=np.array([f"s{i:03d}" for i in range(SIGNS)]), query_sign=sign),
    )


def scene(seed: int, lost: slice = slice(0), seeds: int = 3, by: float = 0.5) -> Found:
    """Candidates of a champion's own recipe, but for what they lost of some signs."""
    rng = np.random.default_rng(seed)
    hard = rng.uniform(0.5, 0.9, SIGNS)
    champion = trained(rng, hard)
    now = hard.copy()
    now[lost] -= by
    each = [found_of(trained(rng, now)) for _ in range(seeds)]
    return Found(asked(), each[0], found_of(champion), tuple(each))


def test_what_was_lost_is_found_and_little_else() -> None:
    told = Forgetting.of(scene(0, slice(0, 20)), None, HOW)
    names = {row.sign for row in told.forgotten}
    lost = {f"s{i:03d}" for i in range(20)}
    assert len(names & lost) >= 18
    assert len(names - lost) <= 3
    assert told.signs[0].change == min(row.change for row in told.signs)
    assert told.noise == pytest.approx(0.12, abs=0.03)


def test_another_seed_of_the_same_is_not_forgetting() -> None:
    wrong = [len(Forgetting.of(scene(seed), None, HOW).forgotten) for seed in range(20)]
    assert sum(count > 0 for count in wrong) <= 3  # a discovery in 5 % of them is expected
    assert sum(row.change < 0 for row in Forgetting.of(scene(0), None, HOW).signs) > SIGNS / 3


def test_one_seed_marks_nothing() -> None:
    told = Forgetting.of(scene(0, slice(0, 20), seeds=1), None, HOW)
    assert told.forgotten == ()
    assert told.noise is None
    assert "one seed does not tell noise from forgetting" in told.lines()[0]


def test_learned_and_new_signs_are_told_apart() -> None:
    learned = [f"s{i:03d}" for i in range(100)]
    told = Forgetting.of(scene(0, slice(0, 100), by=0.3), learned, HOW)
    assert told.learned is not None
    assert told.new is not None
    assert told.learned.high < -0.2
    assert told.new.low > -0.1
    assert sum(bool(row.learned) for row in told.signs) == 100


def test_draws_count_a_query_clip_once() -> None:
    plain = scene(0, slice(0, 20))
    twice = {
        name: PerQuery.join([found, found])
        for name, found in (("candidate", plain.candidate), ("rival", plain.rival))
    }
    seeds = tuple(PerQuery.join([seed, seed]) for seed in plain.seeds)
    drawn = Forgetting.of(Found(asked(2), seeds=seeds, **twice), None, HOW)
    assert drawn.signs == Forgetting.of(plain, None, HOW).signs
    assert drawn.signs[0].queries == EACH


@pytest.mark.parametrize("seeds", [2, 3])
def test_a_single_sign_is_told_among_hundreds(seeds: int) -> None:
    found = [Forgetting.of(scene(s, slice(7, 8), seeds, by=0.7), None, HOW) for s in range(10)]
    assert sum("s007" in {row.sign for row in told.forgotten} for told in found) >= 8
    assert sum(len(told.forgotten) - 1 for told in found) <= 3


def heavy(rng: np.random.Generator) -> np.ndarray:
    """A few queries a sign: most found every time, some here and there."""
    unsure = np.random.default_rng(9).random(SIGNS * EACH) < 0.3
    return np.where(unsure, 1 / rng.integers(1, 6, SIGNS * EACH), 1.0)


def test_heavy_tailed_noise_is_not_forgetting_either() -> None:
    wrong = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        each = [found_of(heavy(rng)) for _ in range(3)]
        found = Found(asked(), each[0], found_of(heavy(rng)), tuple(each))
        wrong += bool(Forgetting.of(found, None, HOW).forgotten)
    assert wrong <= 3


def test_what_these_seeds_can_mark_is_told() -> None:
    told = Forgetting.of(scene(0), None, HOW)
    (least,) = told.least
    assert (least.queries, least.signs) == (EACH, SIGNS)
    assert least.loss is not None
    assert least.loss == pytest.approx(0.44, abs=0.06)
    assert f"from an AP lost of: {least.loss:.2f} with 4–7 queries" in "\n".join(told.lines())
    loss = np.zeros(SIGNS)
    loss[3] = -least.loss - 1e-6
    p = p_values(loss, aps(told_by=scene(0)), np.full(SIGNS, EACH))
    assert p is not None
    assert p[3] <= 0.05 / SIGNS
    wild = least_losses(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1, 1]))
    assert [str(each) for each in wild] == ["no loss is enough with 1 query"]


def aps(told_by: Found) -> np.ndarray:
    """Each seed's AP of every sign."""
    each = [seed.values("map").numpy().reshape(SIGNS, EACH) for seed in told_by.seeds]
    return np.stack(each).mean(axis=2)


def test_noise_that_was_seen_is_never_unlikely() -> None:
    seeds = np.array([[0.0, 0.5], [0.2, 0.4]])
    p = p_values(np.array([-0.2, 0.3]), seeds, np.array([2, 2]))
    assert p is not None
    # The noise, both signs in one: -.2, -.1, .1, .2
    assert p[0] >= 1 / 4
    assert p[1] == 1.0


@pytest.mark.parametrize(
    ("gate", "margin", "low", "passed"),
    [
        ("better", 0.5, 1e-6, True),
        ("better", 0.5, 0.0, False),
        ("not_worse", 0.01, -0.009, True),
        ("not_worse", 0.01, -0.011, False),
        ("not_worse", 0.0, 0.0, False),
        ("none", 0.0, -1.0, True),
    ],
)
def test_the_whole_interval_has_to_lie_where_the_gate_wants_it(
    gate: Any, margin: float, low: float, passed: bool
) -> None:
    by: Any = {"map": SimpleNamespace(low=low)}
    assert passes(by, ProtocolConfig(gate=gate, margin=margin)) is passed


def test_a_verdict_counts_the_seeds_that_would_pass() -> None:
    scene_of = scene(1)
    worst = found_of(np.zeros(SIGNS * EACH))
    best = found_of(np.ones(SIGNS * EACH))
    facts = {"data": {}, "signer_overlap": ""}
    of: Any = asked()
    of.left_out, of.champion_known, of.sides.card = 0, True, lambda: facts
    of.rounds = SimpleNamespace(card={})
    verdict = Verdict.of(Found(of, best, scene_of.rival, (best, worst, best)), HOW)
    assert (verdict.passed, verdict.seeds_pass) == (True, 2)
