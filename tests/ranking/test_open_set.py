"""Figures for known and unknown signs, beside slow ones and other people's."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from raysign.ranking.bootstrap import sign_weights
from raysign.ranking.open_set import (
    BINS,
    Sweep,
    calibration_gaps,
    reliability,
    weighted_means,
    without_chance,
)


def asks(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strangeness with ties, known, right."""
    rng = np.random.default_rng(seed)
    known = rng.random(count) < 0.5
    strangeness = np.round(rng.normal(0, 1, count) - known, 1)
    return strangeness, known, known & (rng.random(count) < 0.6)


@pytest.mark.parametrize("seed", range(4))
def test_auroc_is_scikits(seed: int) -> None:
    strangeness, known, right = asks(seed)
    weights = np.random.default_rng(9).integers(0, 4, (3, 60)).astype(float)
    found = Sweep(strangeness, known, right).areas(weights)["auroc"]
    wanted = [roc_auc_score(~known, strangeness, sample_weight=row) for row in weights]
    np.testing.assert_allclose(found, wanted)


@pytest.mark.parametrize("seed", range(4))
def test_fpr_is_that_of_the_first_threshold_that_keeps_95_percent(seed: int) -> None:
    strangeness, known, right = asks(seed)
    taken, kept, _ = roc_curve(known, -strangeness, drop_intermediate=False)
    wanted = taken[np.flatnonzero(kept >= 0.95)[0]]
    found = Sweep(strangeness, known, right).areas(np.ones((1, 60)))["fpr_at_95_tpr"]
    assert found[0] == pytest.approx(wanted)


@pytest.mark.parametrize("seed", range(4))
def test_oscr_is_the_area_under_its_two_rates(seed: int) -> None:
    strangeness, known, right = asks(seed)
    points = [(0.0, 0.0)]
    for at in np.unique(strangeness):
        kept = strangeness <= at
        points.append(((kept & ~known).sum() / (~known).sum(), (kept & right).sum() / known.sum()))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
    found = Sweep(strangeness, known, right).areas(np.ones((1, 60)))["oscr"]
    assert found[0] == pytest.approx(area)
    assert found[0] <= right.sum() / known.sum()


def test_a_weight_of_two_is_an_ask_twice() -> None:
    strangeness, known, right = asks(0)
    twice = np.arange(60) % 3 == 0
    again = np.concatenate([np.arange(60), np.flatnonzero(twice)])
    weighted = Sweep(strangeness, known, right).areas(1.0 + twice[None])
    repeated = Sweep(strangeness[again], known[again], right[again]).areas(np.ones((1, len(again))))
    for name, values in weighted.items():
        assert values[0] == pytest.approx(repeated[name][0]), name


def test_perfect_and_blind() -> None:
    known = np.arange(40) < 20
    best = Sweep(np.where(known, 0.0, 1.0), known, known).areas(np.ones((1, 40)))
    assert {name: float(v[0]) for name, v in best.items()} == {
        "auroc": 1.0,
        "fpr_at_95_tpr": 0.0,
        "oscr": 1.0,
    }
    blind = Sweep(np.zeros(40), known, known).areas(np.ones((1, 40)))
    assert blind["auroc"][0] == 0.5
    assert blind["fpr_at_95_tpr"][0] == 1


def test_the_curve_goes_through_every_threshold() -> None:
    strangeness, known, right = asks(2)
    refused, noticed = Sweep(strangeness, known, right).curve()
    assert (refused[0], noticed[0], refused[-1], noticed[-1]) == (1, 1, 0, 0)
    wanted = [
        ((strangeness > at)[known].mean(), (strangeness > at)[~known].mean())
        for at in np.unique(strangeness)
    ]
    np.testing.assert_allclose(np.stack([refused, noticed], axis=1)[1:], wanted)


def test_one_sided_weights_tell_nothing_apart() -> None:
    strangeness, known, right = asks(0)
    both = np.stack([known, ~known, np.ones(60)]).astype(float)
    for name, values in Sweep(strangeness, known, right).areas(both).items():
        np.testing.assert_array_equal(np.isnan(values), [True, True, False], err_msg=name)


def test_gaps_are_said_less_true_in_bins_of_equal_size() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(10 * BINS)
    true = rng.random(10 * BINS) < said**2
    weights = np.ones((1, 10 * BINS))
    order = np.argsort(said)
    wanted = [said[own].mean() - true[own].mean() for own in order.reshape(BINS, 10)]
    gaps = calibration_gaps(said, true, weights)
    np.testing.assert_allclose(gaps[0] * np.sqrt(BINS), wanted)
    np.testing.assert_allclose(calibration_gaps(said, true, 7 * weights), gaps)
    rows = reliability(said, true, weights[0])
    np.testing.assert_allclose(rows[:, 0] - rows[:, 1], wanted)
    assert not calibration_gaps(true.astype(float), true, weights).any()


def test_equals_are_in_one_bin_whatever_their_order() -> None:
    true = np.arange(60) < 30
    (gaps,) = calibration_gaps(np.full(60, 0.5), true, np.ones((1, 60)))
    np.testing.assert_allclose(gaps, 0, atol=1e-12)
    assert reliability(np.full(60, 0.5), true, np.ones(60)).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("wrong", [0.0, 0.15])
def test_the_calibration_error_is_the_true_one_within_its_interval(wrong: float) -> None:
    """Chances that are off by ``wrong`` or not at all; queries of a sign are alike."""
    signs, each, worlds = 60, 5, 60
    sign = np.repeat(np.arange(signs), each)
    covered, squares = 0, []
    for world in range(worlds):
        rng = np.random.default_rng(world)
        said = 0.15 + 0.6 * rng.random(signs)[sign]
        own, signs_ = rng.random(len(sign)), rng.random(signs)[sign]
        true = np.where(rng.random(len(sign)) < 0.5, own, signs_) < said + wrong
        (gaps,) = calibration_gaps(said, true, np.ones((1, len(sign))))
        (weights,) = sign_weights(signs, resamples=300, seed=world, at_once=300)
        square, drawn = without_chance(gaps, calibration_gaps(said, true, weights[:, sign]))
        low, high = np.percentile(drawn, [2.5, 97.5])
        covered += low <= wrong**2 <= high
        squares.append(square)
    assert covered >= 0.9 * worlds
    assert np.mean(squares) == pytest.approx(wrong**2, abs=0.004)


def test_means_of_nobody_are_not_a_number() -> None:
    values, weights = np.array([[1.0], [3.0]]), np.array([[1.0, 3.0], [0.0, 0.0]])
    np.testing.assert_array_equal(weighted_means(values, weights), [[2.5], [np.nan]])
