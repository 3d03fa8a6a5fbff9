"""Measured on signs that were not fitted on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from raysign.errors import DataError
from raysign.ranking import Asks, fit_confidence, measure_confidence, wilson
from raysign.ranking.crossed import METHODS, Crossed, Said, cross
from raysign.ranking.held_out import FIGURES, REFUSE, _values, as_shared


def asks(near: float, signs: int = 60, each: int = 3, seed: int = 0) -> Asks:
    """Known ones stand ``near`` above the others' best score; most have the right sign first."""
    rng = np.random.default_rng(seed)
    count = signs * each
    others = -np.sort(-rng.normal(0.3, 0.1, (2 * count, 10)), axis=1)
    known = np.arange(2 * count) < count
    scores = others.copy()
    scores[known, 0] = others[known, 0] + np.abs(rng.normal(near, 0.05, count))
    place = np.where(known, (rng.random(2 * count) < 0.2).astype(int), -1)
    return Asks(scores, place, known, np.tile(np.repeat(np.arange(signs), each), 2), True)


def test_nothing_is_said_of_a_half_that_was_learned_from_it() -> None:
    plain = asks(0.2)
    half = plain.sign < 30
    once = cross(plain, half, 0.5, (0.05,))
    rng = np.random.default_rng(5)
    other_known = np.where(half, plain.known, rng.random(len(plain)) < 0.5)
    other_place = np.where(half, plain.place, np.where(other_known, 0, -1))
    changed = Asks(plain.scores, other_place, other_known, plain.sign, True)
    again = cross(changed, half, 0.5, (0.05,))
    for name in METHODS:
        for what in ("strangeness", "none", "first"):
            before, after = getattr(once.said[name], what), getattr(again.said[name], what)
            np.testing.assert_array_equal(before[~half], after[~half], err_msg=name)
        assert not np.array_equal(once.said[name].none[half], again.said[name].none[half])
    np.testing.assert_array_equal(once.unknown[~half], again.unknown[~half])


def test_easy_hopeless_and_their_intervals() -> None:
    easy, hopeless = (
        measure_confidence(given, fit_confidence(given), resamples=200)
        for given in (asks(0.5), asks(0.0))
    )
    assert easy.figures["confidence"]["auroc"].value > 0.97
    assert 0.45 < hopeless.figures["confidence"]["auroc"].value < 0.7
    for open_set in (easy, hopeless):
        assert open_set.first_right.value == pytest.approx(0.8, abs=0.07)
        for name in METHODS:
            assert list(open_set.figures[name]) == list(FIGURES)
            for figure in open_set.figures[name].values():
                assert figure.low <= figure.value <= figure.high
            oscr = open_set.figures[name]["oscr"].value
            assert oscr <= open_set.first_right.value
    assert hopeless.figures["confidence"]["log_loss"].value < 0.75  # guessing: .693


def test_the_curve_keeps_what_it_promises() -> None:
    given = asks(0.15, signs=150)
    fitted = fit_confidence(given, refuse=0.07)
    open_set = measure_confidence(given, fitted, refuse=0.07, resamples=100)
    assert [point.refuse for point in open_set.curve] == sorted({*REFUSE, 0.07})
    for point in open_set.curve:
        assert point.refused.value == pytest.approx(point.refuse, abs=0.03)
        assert point.noticed.value > point.refused.value
    assert open_set.at(0.07).threshold == fitted.threshold
    rising = [point.noticed.value for point in open_set.curve]
    assert rising == sorted(rising)


def test_calibration_is_measured_for_the_share_that_is_expected() -> None:
    given = asks(0.15, signs=150)
    for share in (0.1, 0.9):
        fitted = fit_confidence(given, unknown_share=share)
        open_set = measure_confidence(given, fitted, resamples=100)
        assert open_set.weights @ ~given.known == pytest.approx(share)
        assert open_set.weights.sum() == pytest.approx(1)
        assert open_set.figures["confidence"]["error_none"].value < 0.06
        mean = open_set.weights @ open_set.crossed.said["confidence"].none
        assert mean == pytest.approx(share, abs=0.04)


def test_weights_where_a_resample_has_one_side_only() -> None:
    shared = as_shared(np.array([[1.0, 1.0, 0.0]]), np.array([True, True, False]), 0.5)
    np.testing.assert_allclose(shared, [[0.25, 0.25, 0]])


def test_it_is_plain_json_and_the_seed_decides() -> None:
    given = asks(0.2, signs=20)
    fitted = fit_confidence(given)
    once, same, other = (
        measure_confidence(given, fitted, resamples=50, seed=seed).as_json() for seed in (0, 0, 1)
    )
    assert once == same != other
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert (once["known_asks"], once["unknown_asks"], once["signs"]) == (60, 60, 20)


def test_few_signs_are_refused() -> None:
    given = asks(0.2, signs=9)
    with pytest.raises(DataError, match=r"queries of 10 signs or more .* got 9 among 9"):
        measure_confidence(given, fit_confidence(given))


def mostly_new(there: int, signs: int = 60, seed: int = 0) -> Asks:
    """The gallery has the first ``there`` signs of those that are asked for."""
    given = asks(0.2, signs=signs, seed=seed)
    return given.select(~given.known | (given.sign < there))


@pytest.mark.parametrize("seed", range(4))
def test_few_signs_that_are_there_among_many_that_are_not(seed: int) -> None:
    given = mostly_new(10)
    open_set = measure_confidence(given, fit_confidence(given), resamples=1000, seed=seed)
    half = open_set.crossed.half
    assert len(np.unique(given.sign[half & given.known])) == 5
    assert len(np.unique(given.sign[~half & given.known])) == 5
    for figure in open_set.figures["confidence"].values():
        assert np.isfinite([figure.value, figure.low, figure.high]).all()
    assert open_set.figures["confidence"]["auroc"].low > 0.5
    assert json.loads(json.dumps(open_set.as_json(), allow_nan=False))["known_signs"] == 10
    few = mostly_new(9)
    with pytest.raises(DataError, match=r"that the gallery has, .* got 9 among 60; give more"):
        measure_confidence(few, fit_confidence(few), seed=seed)


def test_areas_are_those_within_a_half() -> None:
    """What is said of one half is moved, as another fit's numbers may be."""
    given = asks(0.5)
    plain = cross(given, given.sign < 30, 0.5, (0.05,))
    said = plain.said["top"]
    moved = np.where(plain.half, said.strangeness + 9, said.strangeness)
    said_otherwise = {**plain.said, "top": Said(moved, said.none, said.first)}
    even = np.ones((1, len(given)))
    for crossed in (plain, Crossed(plain.half, said_otherwise, plain.unknown)):
        values, _ = _values(given, [crossed], 0.5, even)
        place = 4 * METHODS.index("top")
        assert values[0, place] > 0.95
        within = [
            roc_auc_score(~given.known[own], said.strangeness[own])
            for own in (plain.half, ~plain.half)
        ]
        assert values[0, place] == pytest.approx(np.mean(within))


def test_a_share_on_which_all_agree_is_no_certainty() -> None:
    given = asks(3.0, signs=20)
    open_set = measure_confidence(given, fit_confidence(given), resamples=100)
    point = open_set.at(0.05)
    assert point.noticed == wilson(1.0, 20)
    assert point.noticed.low < 0.9
