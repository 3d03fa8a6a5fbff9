"""Scores → chances, beside the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.errors import ConfigError
from raysign.ranking import Confidence
from raysign.ranking.confidence import free_energy, only_best, softmax

USUAL = Confidence(
    looked_at=5,
    sharpness=12.0,
    temperature=0.05,
    slope=20.0,
    none=14.0,
    farther=11.0,
    unknown_share=0.5,
    threshold=0.6,
)


def slow(confidence: Confidence, scores: list[float]) -> tuple[list[float], float]:
    """One by one, as the module's head has it."""
    best = sorted(scores, reverse=True)[: confidence.looked_at]
    energy = confidence.temperature * math.log(
        sum(math.exp(s / confidence.temperature) for s in best)
    )
    here, none = math.exp(confidence.slope * energy), math.exp(confidence.none)
    farther = 0.0 if confidence.farther is None else math.exp(confidence.farther)
    total = here + none + farther
    parts = sum(math.exp(confidence.sharpness * s) for s in best)
    return [
        here / total * math.exp(confidence.sharpness * s) / parts if s >= best[-1] else 0.0
        for s in scores
    ], none / total


@pytest.mark.parametrize("farther", [11.0, None])
def test_it_is_the_formula(farther: float | None) -> None:
    confidence = USUAL.model_copy(update={"farther": farther})
    rng = np.random.default_rng(0)
    for count in (1, 3, 5, 9):
        scores = rng.uniform(-1, 1, count)
        signs, none = confidence.of(scores)
        wanted, wanted_none = slow(confidence, scores.tolist())
        np.testing.assert_allclose(signs, wanted, rtol=1e-10)
        assert none == pytest.approx(wanted_none, rel=1e-10)
        left = 1 - signs.sum() - none
        assert left > 0 if farther else left == pytest.approx(0, abs=1e-12)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=12), st.randoms())
@settings(max_examples=60, deadline=None)
def test_chances_are_chances_whatever_the_order(scores: list[float], random: object) -> None:
    given_ = np.array(scores, dtype=np.float32)
    signs, none = USUAL.of(given_)
    assert (signs >= 0).all()
    assert none >= 0
    assert signs.sum() + none <= 1 + 1e-12
    order = np.random.default_rng(len(scores)).permutation(len(scores))
    turned, same = USUAL.of(given_[order])
    assert same == pytest.approx(none)
    if len(set(scores)) == len(scores):
        np.testing.assert_allclose(turned, signs[order], atol=1e-12)


def test_how_many_somebody_wants_to_see_changes_nothing() -> None:
    scores = np.linspace(0.9, 0.1, 9)
    signs, none = USUAL.of(scores)
    few, same = USUAL.of(scores[:5])
    assert none == same
    np.testing.assert_array_equal(signs[:5], few)
    assert not signs[5:].any()


def test_what_is_not_there_counts_for_nothing() -> None:
    signs, none = USUAL.of(np.array([0.7, -np.inf, 0.3]))
    plain, same = USUAL.of(np.array([0.7, 0.3]))
    assert none == same
    np.testing.assert_array_equal(signs[[0, 2]], plain)
    assert signs[1] == 0


@pytest.mark.parametrize("scores", [np.empty(0), np.full(3, -np.inf)])
def test_nothing_found_is_as_unknown_as_it_gets(scores: np.ndarray) -> None:
    signs, none = USUAL.of(scores)
    assert not signs.any()
    assert none == pytest.approx(math.exp(14) / (math.exp(14) + math.exp(11)))
    assert none > USUAL.of(np.array([-1.0]))[1]


def test_huge_numbers_do_not_overflow() -> None:
    steep = USUAL.model_copy(update={"sharpness": 1e6, "slope": 1e6, "temperature": 1e-6})
    signs, none = steep.of(np.array([0.9, 0.5]))
    np.testing.assert_allclose(signs, [1, 0])
    assert none == 0
    assert steep.of(np.array([-0.9]))[1] == pytest.approx(math.exp(3) / (1 + math.exp(3)))


def test_the_threshold_decides() -> None:
    assert USUAL.unknown(0.61)
    assert not USUAL.unknown(0.6)


def test_other_askers_have_other_odds_and_the_same_are_refused() -> None:
    """Bayes: P'(none) : P'(known) = P(none) : P(known), times the odds of the shares."""
    rng = np.random.default_rng(1)
    many = rng.uniform(-0.2, 1, (200, 5))
    _, _, none = USUAL.of_many(many)
    for share in (0.1, 0.9):
        moved = USUAL.with_share(share)
        _, _, after = moved.of_many(many)
        np.testing.assert_allclose(after / (1 - after), none / (1 - none) * share / (1 - share))
        assert 0 < (none > USUAL.threshold).mean() < 1
        np.testing.assert_array_equal(after > moved.threshold, none > USUAL.threshold)
        assert moved.unknown_share == share
        assert moved.with_share(0.5).none == pytest.approx(USUAL.none)
    with pytest.raises(ConfigError, match=r"unknown_share must lie between 0 and 1, got 1\.0"):
        USUAL.with_share(1.0)


def test_free_energy_goes_from_the_best_to_all() -> None:
    scores = np.array([[0.9, 0.2, 0.1]])
    assert free_energy(scores, 1e-4)[0] == pytest.approx(0.9)
    assert free_energy(scores, 1.0)[0] == pytest.approx(math.log(np.exp(scores).sum()))


def test_equals_beyond_the_best_are_cut_in_order() -> None:
    kept = only_best(np.array([[0.5, 0.7, 0.5, 0.5]]), 2)
    np.testing.assert_array_equal(kept, [[0.5, 0.7, -np.inf, -np.inf]])
    np.testing.assert_allclose(softmax(0.0, kept), [[0.5, 0.5, 0, 0]])
