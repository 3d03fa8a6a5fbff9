from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from raysign.errors import DataError, SplitError
from raysign.keywords.baselines import by_frequency, chance, floor
from raysign.keywords.metrics import average_precision, keyword_figures
from raysign.keywords.resampled import resample
from raysign.ranking.bootstrap import sign_weights


def test_chance_is_the_mean_over_all_orders():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    each = [
        np.nanmean(average_precision(np.array(order, dtype=float)[:, None].repeat(3, 1), labels))
        for order in permutations(range(5))
    ]
    assert chance(labels)["map"] == pytest.approx(np.mean(each))


def test_no_search_is_below_retrieving_everything():
    rng = np.random.default_rng(0)
    labels = rng.random((60, 20)) < 0.15
    floor = chance(labels)["max_f1"]
    assert keyword_figures(np.zeros(labels.shape), labels).max_f1 == pytest.approx(floor)
    assert keyword_figures(-labels.astype(float), labels).max_f1 > floor - 1e-12


def test_one_sentence():
    assert chance(np.array([[True, False]])) == {"map": 1, "max_f1": 1}


def test_a_frequency_is_no_ranking():
    labels = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)
    found = by_frequency(np.array([0.9, 0.3, 0.1]), labels)
    assert found.per_word[:2].tolist() == [1, 0.5]
    assert np.isnan(found.per_word[2])
    assert (found.map, found.threshold) == (0.75, 0.3)
    assert found.max_f1 == pytest.approx(2 * 0.75 / 1.75)


def test_the_threshold_leaves_rare_words_out():
    """Word 0 is everywhere, nine others are in one of 50 sentences: naming them all costs more."""
    labels = np.zeros((50, 10), dtype=bool)
    labels[:, 0] = True
    labels[np.arange(1, 10), np.arange(1, 10)] = True
    found = by_frequency(np.r_[0.9, np.full(9, 0.02)], labels)
    everything = 2 * (1 + 9 / 50) / 10 / (1 + (1 + 9 / 50) / 10)
    assert found.max_f1 == pytest.approx(max(0.1, everything))


def test_who_knows_nothing_is_not_above_the_floor():
    """He is above the search by frequency in mAP, most of all for rare words."""
    rng = np.random.default_rng(1)
    labels = rng.random((80, 200)) < rng.uniform(0.01, 0.1, 200)
    frequency = labels.mean(axis=0)
    under = floor(frequency, labels, resamples=300)
    tied = by_frequency(frequency, labels)
    assert under.value == {"map": chance(labels)["map"], "max_f1": tied.max_f1}
    assert tied.max_f1 > chance(labels)["max_f1"]
    assert tied.map < chance(labels)["map"]
    broken = [frequency + 1e-9 * rng.random(labels.shape) for _ in range(40)]
    maps = [keyword_figures(scores, labels).map for scores in broken]
    assert np.mean(maps) == pytest.approx(under.value["map"], abs=4 * np.std(maps) / 40**0.5)
    by = resample(broken[0], labels, resamples=300).less(under, "map")
    assert not by.sure
    assert resample(frequency + labels, labels, resamples=300).less(under, "map").sure


def test_the_floor_is_drawn_as_the_models_are():
    rng = np.random.default_rng(2)
    labels = rng.random((9, 3)) < 0.3
    labels[:, 0] = [True] + 8 * [False]
    under = floor(labels.mean(axis=0), labels, resamples=40, seed=3)
    (times,) = sign_weights(9, resamples=40, seed=3, at_once=40)
    for drawn, value in zip(times.astype(int), under.drawn["map"], strict=True):
        again = labels[np.repeat(np.arange(9), drawn)]
        assert value == pytest.approx(chance(again)["map"]) if again.any() else np.isnan(value)


def test_refused():
    with pytest.raises(SplitError, match="by chance either"):
        chance(np.zeros((2, 2), dtype=bool))
    with pytest.raises(DataError, match="NaN"):
        by_frequency(np.array([np.nan, 0.5]), np.ones((2, 2), dtype=bool))
