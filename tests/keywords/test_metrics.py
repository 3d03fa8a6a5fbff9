from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score

from raysign.errors import DataError, SplitError
from raysign.keywords import metrics, steps
from raysign.keywords.metrics import NOTHING_RETRIEVED, average_precision, keyword_figures


def slow_figures(scores, labels, nothing):
    """The paper's definitions, threshold by threshold, word by word."""
    words = [word for word in range(labels.shape[1]) if labels[:, word].any()]
    best = (-1.0, 0.0)
    for threshold in sorted(set(scores[:, words].ravel().tolist()), reverse=True):
        precisions, recalls = [], []
        for word in words:
            retrieved = set(np.flatnonzero(scores[:, word] >= threshold))
            relevant = set(np.flatnonzero(labels[:, word]))
            if retrieved:
                precisions.append(len(retrieved & relevant) / len(retrieved))
            elif nothing != "left_out":
                precisions.append(1.0 if nothing == "one" else 0.0)
            recalls.append(len(retrieved & relevant) / len(relevant))
        precision, recall = np.mean(precisions), np.mean(recalls)
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        if f1 > best[0] + 1e-12:
            best = (f1, threshold)
    return best


def slow_average_precision(score, label):
    precisions = []
    for sentence in np.flatnonzero(label):
        retrieved = score >= score[sentence]
        precisions.append((retrieved & label).sum() / retrieved.sum())
    return np.mean(precisions)


@st.composite
def searches(draw):
    sentences, words = draw(st.integers(1, 9)), draw(st.integers(1, 6))
    few = st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 0.5, 3.0])  # ties, within and across words
    scores = draw(arrays.arrays(np.float64, (sentences, words), elements=few))
    labels = draw(arrays.arrays(np.bool_, (sentences, words)))
    labels[draw(st.integers(0, sentences - 1)), draw(st.integers(0, words - 1))] = True
    return scores, labels


@settings(max_examples=300, deadline=None)
@given(searches(), st.sampled_from(NOTHING_RETRIEVED))
def test_as_a_slow_loop_finds_it(search, nothing):
    scores, labels = search
    found = keyword_figures(scores, labels, nothing_retrieved=nothing)
    best, threshold = slow_figures(scores, labels, nothing)
    assert found.max_f1 == found.max_f1_by[nothing] == pytest.approx(best)
    assert found.threshold == threshold
    each = [
        slow_average_precision(scores[:, word], labels[:, word])
        if labels[:, word].any()
        else np.nan
        for word in range(labels.shape[1])
    ]
    np.testing.assert_allclose(found.per_word, each)
    assert found.map == pytest.approx(np.nanmean(each))


@settings(max_examples=100, deadline=None)
@given(searches())
def test_bands_of_scores_change_nothing(search):
    """The sweep in bands of three steps is the sweep in one."""
    scores, labels = search
    whole = keyword_figures(scores, labels)
    before = steps._AT_ONCE
    steps._AT_ONCE = 3
    try:
        parts = keyword_figures(scores, labels)
    finally:
        steps._AT_ONCE = before
    assert parts.max_f1_by == pytest.approx(whole.max_f1_by)
    assert (parts.map, parts.threshold) == (whole.map, whole.threshold)
    np.testing.assert_allclose(parts.curve.recall[-1], whole.curve.recall[-1])


@settings(max_examples=100, deadline=None)
@given(searches())
def test_zero_is_the_least_and_one_the_most(search):
    by = keyword_figures(*search).max_f1_by
    assert by["zero"] <= by["left_out"] + 1e-12 <= by["one"] + 2e-12


def test_as_scikit_learn_finds_it():
    rng = np.random.default_rng(0)
    labels = rng.random((200, 30)) < 0.1
    scores = np.round(rng.random((200, 30)) + 0.3 * labels, 1).astype(np.float32)
    theirs = [average_precision_score(labels[:, w], scores[:, w]) for w in range(30)]
    np.testing.assert_allclose(keyword_figures(scores, labels).per_word, theirs)


def test_monotone_of_the_scores_changes_no_figure():
    rng = np.random.default_rng(1)
    labels, scores = rng.random((50, 20)) < 0.2, rng.random((50, 20))
    ours, theirs = keyword_figures(scores, labels), keyword_figures(np.log(scores), labels)
    assert (ours.map, ours.max_f1) == (theirs.map, theirs.max_f1)
    assert theirs.threshold == np.log(ours.threshold)


def test_one_threshold_for_all_words():
    """Each word alone is perfect; on scales of their own no threshold serves both."""
    labels = np.array([[1, 1], [0, 0], [0, 0], [0, 0]], dtype=bool)
    scores = np.array([[0.9, 0.3], [0.6, 0.1], [0.6, 0.1], [0.6, 0.1]])
    found = keyword_figures(scores, labels)
    assert found.map == 1
    assert found.max_f1 == pytest.approx(2 * 0.625 / 1.625)  # everything ≥ .3: (1/4 + 1) / 2


def test_the_curve_goes_from_the_top_to_all_and_holds_the_best():
    rng = np.random.default_rng(2)
    labels, scores = rng.random((100, 40)) < 0.1, rng.random((100, 40))
    found = keyword_figures(scores + 0.4 * labels, labels)
    curve = found.curve
    assert (np.diff(curve.threshold) < 0).all()
    assert (np.diff(curve.recall) >= 0).all()
    assert curve.recall[-1] == pytest.approx(1)
    assert len(curve.recall) <= len(metrics._LEVELS) + 1
    assert metrics.f1_of(curve.precision, curve.recall).max() == found.max_f1
    assert curve.threshold[0] == (scores + 0.4 * labels)[:, labels.any(axis=0)].max()


def test_a_word_without_a_sentence_counts_for_nothing():
    labels = np.array([[1, 0], [0, 0]], dtype=bool)
    found = keyword_figures(np.array([[0.5, 0.99], [0.1, 0.9]]), labels)
    assert (found.map, found.max_f1, found.threshold) == (1, 1, 0.5)
    assert (found.words, found.words_left_out, found.positives_per_word) == (1, 1, 1)
    assert np.isnan(found.per_word[1])


def test_what_is_found_in_the_wrong_place_is_missed():
    labels = np.array([[1], [1], [0]], dtype=bool)
    scores = np.array([[3.0], [2.0], [1.0]])
    assert average_precision(scores, labels).tolist() == [1]
    elsewhere = np.array([[0], [1], [1]], dtype=bool)  # where the word is not, no place is right
    assert average_precision(scores, labels, elsewhere).tolist() == [0.25]


@pytest.mark.parametrize(
    ("scores", "labels", "error", "words"),
    [
        (np.zeros((2, 3)), np.ones((2, 2), dtype=bool), DataError, r"\(2, 3\), labels \(2, 2\)"),
        (np.zeros((2, 2)), np.zeros((2, 2), dtype=bool), SplitError, "none of 2 words is in any"),
        (np.zeros((0, 2)), np.zeros((0, 2), dtype=bool), SplitError, "0 sentences"),
        (np.full((2, 2), np.nan), np.ones((2, 2), dtype=bool), DataError, "NaN"),
    ],
)
def test_refused(scores, labels, error, words):
    with pytest.raises(error, match=words):
        metrics.check_scores(scores, labels)
