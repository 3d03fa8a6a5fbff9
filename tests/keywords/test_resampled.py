from __future__ import annotations

import numpy as np
import pytest

from raysign.errors import DataError
from raysign.keywords.metrics import KEYWORD_METRICS, keyword_figures
from raysign.keywords.resampled import mean_of, resample
from raysign.ranking.bootstrap import sign_weights


def search(rng, sentences=40, words=12, gain=1.0, digits=1):
    frequency = rng.uniform(0.03, 0.3, words)
    labels = rng.random((sentences, words)) < frequency
    labels[0] = True
    return np.round(rng.standard_normal(labels.shape) + gain * labels, digits), labels


def test_a_draw_of_sentences_is_the_figure_of_those_sentences():
    scores, labels = search(np.random.default_rng(0))
    drawn = resample(scores, labels, resamples=20, seed=5)
    (times,) = sign_weights(40, resamples=20, seed=5, at_once=20)
    for number, row in enumerate(times.astype(int)):
        index = np.repeat(np.arange(40), row)
        figures = keyword_figures(scores[index], labels[index])
        for name in KEYWORD_METRICS:
            assert drawn.drawn[name][number] == pytest.approx(getattr(figures, name)), name


@pytest.mark.parametrize("over", ["words", "both"])
def test_a_draw_of_words_is_the_figure_of_those_words(over):
    scores, labels = search(np.random.default_rng(1))
    drawn = resample(scores, labels, over=over, resamples=70, seed=5)
    (words,) = sign_weights(12, resamples=70, seed=5 << 32 | 12, at_once=70)
    (times,) = sign_weights(40, resamples=70, seed=5, at_once=70)
    if over == "words":
        times = np.ones_like(times)
    for number in (0, 3, 63, 64, 69):
        rows, columns = (
            np.repeat(np.arange(len(w)), w)
            for w in (times[number].astype(int), words[number].astype(int))
        )
        figures = keyword_figures(scores[rows][:, columns], labels[rows][:, columns])
        for name in KEYWORD_METRICS:
            assert drawn.drawn[name][number] == pytest.approx(getattr(figures, name)), name


def test_small_pieces_change_nothing(monkeypatch):
    scores, labels = search(np.random.default_rng(2))
    for over in ("sentences", "words", "both"):
        whole = resample(scores, labels, over=over, resamples=30)
        with monkeypatch.context() as patch:
            patch.setattr("raysign.keywords.resampled._VALUES_AT_ONCE", 1)
            parts = resample(scores, labels, over=over, resamples=30)
        for name in KEYWORD_METRICS:
            np.testing.assert_allclose(parts.drawn[name], whole.drawn[name])


def test_far_thresholds_are_never_the_best():
    scores, labels = search(np.random.default_rng(3), sentences=150, words=60, digits=3)
    assert (scores < keyword_figures(scores, labels).threshold - 2).any()
    test_a_draw = resample(scores, labels, resamples=10).drawn["max_f1"]
    (times,) = sign_weights(150, resamples=10, seed=0, at_once=10)
    for row, value in zip(times.astype(int), test_a_draw, strict=True):
        index = np.repeat(np.arange(150), row)
        assert keyword_figures(scores[index], labels[index]).max_f1 == pytest.approx(value)


def test_the_interval_holds_its_figure_and_the_draws_would_not():
    """Rare words: a draw finds them more easily than the sentences themselves."""
    rng = np.random.default_rng(4)
    labels = np.zeros((200, 100), dtype=bool)
    labels[rng.integers(200, size=100), np.arange(100)] = True
    scores = rng.standard_normal(labels.shape) + 2.5 * labels
    drawn = resample(scores, labels, resamples=200)
    for name in KEYWORD_METRICS:
        figure = drawn.figure(name)
        assert figure.low < figure.value < figure.high
    assert np.percentile(drawn.drawn["map"], 2.5) > drawn.value["map"]


@pytest.mark.slow
def test_the_interval_covers_as_often_as_it_says():
    """95 %: figures of 150 samples of a world of which the mean figure is known."""
    rng = np.random.default_rng(5)
    frequency = 0.4 / np.arange(1, 61)
    values, covered = {name: [] for name in KEYWORD_METRICS}, []

    def world():
        topic = rng.gamma(1.0, size=(120, 1))  # words of a sentence go together
        labels = rng.random((120, 60)) < frequency * topic
        labels[0, ~labels.any(axis=0)] = True
        return rng.standard_normal(labels.shape) + 2 * labels + np.log(frequency) / 2, labels

    for _ in range(400):
        figures = keyword_figures(*world())
        for name in KEYWORD_METRICS:
            values[name].append(getattr(figures, name))
    for _ in range(150):
        drawn = resample(*world(), resamples=200)
        inside = []
        for name in KEYWORD_METRICS:
            figure = drawn.figure(name)
            inside.append(figure.low <= np.mean(values[name]) <= figure.high)
        covered.append(inside)
    share = np.mean(covered, axis=0)
    assert (share > 0.88).all(), share


def test_pairs_tell_what_separate_intervals_hide():
    rng = np.random.default_rng(6)
    scores, labels = search(rng, sentences=80, words=40, gain=1.5, digits=6)
    better = scores + 0.25 * labels
    ours, theirs = (resample(s, labels, resamples=200) for s in (better, scores))
    for name in KEYWORD_METRICS:
        by = ours.less(theirs, name)
        assert by.sure
        assert by.below_zero == 0
        assert by.value == pytest.approx(ours.value[name] - theirs.value[name])
        assert ours.figure(name).low < theirs.figure(name).high
        assert theirs.less(ours, name).below_zero == 1
        assert not ours.less(ours, name).sure
        assert ours.less(ours, name).below_zero == 0.5


def test_the_mean_of_runs():
    rng = np.random.default_rng(7)
    scores, labels = search(rng)
    runs = [resample(s, labels, resamples=9) for s in (scores, scores + labels)]
    mean = mean_of(runs)
    assert mean.value["map"] == pytest.approx((runs[0].value["map"] + runs[1].value["map"]) / 2)
    np.testing.assert_allclose(
        mean.drawn["max_f1"], (runs[0].drawn["max_f1"] + runs[1].drawn["max_f1"]) / 2
    )
    with pytest.raises(DataError, match="no run"):
        mean_of([])


def test_refused():
    scores, labels = search(np.random.default_rng(8))
    with pytest.raises(DataError, match="1 or more resamples, got 0"):
        resample(scores, labels, resamples=0)
    with pytest.raises(DataError, match="as many resamples"):
        resample(scores, labels, resamples=2).less(resample(scores, labels, resamples=3), "map")


def test_a_draw_without_any_word_is_left_out():
    """One of six sentences has a word: a third of the draws have none."""
    labels = np.zeros((6, 2), dtype=bool)
    labels[0] = True
    scores = np.random.default_rng(9).standard_normal(labels.shape)
    for over in ("sentences", "both"):
        ours, theirs = (
            resample(s, labels, over=over, resamples=200) for s in (scores + labels, scores)
        )
        empty = np.isnan(ours.drawn["map"])
        assert 0.2 < empty.mean() < 0.5
        for name in KEYWORD_METRICS:
            np.testing.assert_array_equal(np.isnan(ours.drawn[name]), empty)
            figure, by = ours.figure(name), ours.less(theirs, name)
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
            assert by.low <= by.value <= by.high
            assert 0 <= by.below_zero <= 1
    seed = next(s for s in range(9) if not _first(6, s)[0])
    nothing = resample(scores, labels, resamples=1, seed=seed)
    assert np.isnan(nothing.drawn["map"]).all()
    assert (nothing.figure("map").low, nothing.figure("map").high) == (0, 1)
    assert not nothing.less(nothing, "map").sure


def _first(sentences, seed):
    """How often each is in the first draw."""
    return next(sign_weights(sentences, resamples=1, seed=seed, at_once=1))[0]
