"""How sure to be of a word: fitted, monotone, and true of sentences that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from raysign.errors import DataError
from raysign.keywords.confidence import WordConfidence, error_of, fit_shown, shown, taken
from raysign.keywords.metrics import keyword_figures
from raysign.ranking import Figure

TRUE = WordConfidence(0.6, -1.2)
HOW = {"resamples": 200, "seed": 0}


def world(seed: int, sentences: int = 400, words: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a model that is too sure, and labels of what they are worth."""
    random = np.random.default_rng(seed)
    scores = expit(random.normal(-4, 3, (sentences, words)))
    return scores, random.random((sentences, words)) < TRUE.of(scores)


def error(said: np.ndarray, scores: np.ndarray, labels: np.ndarray) -> Figure:
    row = shown(scores)
    return error_of(taken(said, row), taken(labels, row), row, **HOW)


def test_what_scores_are_worth_is_found_again() -> None:
    found = fit_shown(*world(0))
    assert found.slope == pytest.approx(TRUE.slope, abs=0.1)
    assert found.offset == pytest.approx(TRUE.offset, abs=0.25)
    scores, labels = world(1)
    row = shown(scores)
    said, true = found.of(taken(scores, row)), taken(labels, row)
    for low, high in ((0.3, 0.5), (0.5, 0.65), (0.65, 0.9)):
        those = (said >= low) & (said < high)
        assert true[those].mean() == pytest.approx(said[those].mean(), abs=0.06)


def test_the_likeliest_sentences_of_a_word_are_shown() -> None:
    scores, _ = world(2, sentences=30, words=5)
    row = shown(scores)
    for word in range(5):
        assert {*row[:, word]} == {*np.argsort(-scores[:, word])[:10]}
    assert shown(scores[:4]).shape == (4, 5)


def test_nothing_is_ranked_otherwise() -> None:
    scores, labels = world(2, sentences=80)
    before, after = (keyword_figures(s, labels) for s in (scores, TRUE.of(scores)))
    assert after.map == pytest.approx(before.map, abs=1e-12)
    assert after.max_f1 == pytest.approx(before.max_f1, abs=1e-12)


def test_certain_scores_stay_finite() -> None:
    said = WordConfidence(2.0, 0.0).of(np.array([0.0, 0.5, 1.0]))
    assert said[1] == 0.5
    assert 0 < said[0] < 1e-12
    assert said[2] == pytest.approx(1)


def test_scores_that_mislead_say_nothing() -> None:
    scores, labels = world(3)
    found = WordConfidence.fit(1 - scores.ravel(), labels.ravel())
    assert found.slope == 0
    assert expit(found.offset) == pytest.approx(labels.mean(), abs=1e-3)


def test_few_sentences_that_are_told_apart_make_nobody_certain() -> None:
    """Three of three right: Platt's targets are .8 for what has the word, and not 1."""
    scores = np.array([0.9, 0.8, 0.7, *np.linspace(0.01, 0.3, 7)])
    found = WordConfidence.fit(scores, scores > 0.5)
    assert 0.6 < found.of(scores)[0] < 0.95
    assert found.of(scores)[-7:].max() < 0.3


def test_the_error_is_that_of_what_is_shown() -> None:
    """Of words whose ten best sentences are all there, and said to be with .5, it is .5."""
    labels = np.zeros((100, 30), dtype=bool)
    labels[:10] = True
    said = np.full((100, 30), 0.01)
    said[:10] = 0.5
    assert error(said, said, labels).value == pytest.approx(0.5, abs=1e-6)
    assert error(np.where(labels, 1.0, 0.0), said, labels).value == 0
    wrong = error(np.full((400, 1), 0.9), np.linspace(0, 1, 400)[:, None], np.zeros((400, 1), bool))
    assert (wrong.value, wrong.low, wrong.high) == pytest.approx((0.9, 0.9, 0.9))


def test_true_probabilities_have_no_error_however_rare_the_words() -> None:
    random = np.random.default_rng(4)
    scores = expit(random.normal(-8, 2.5, (200, 600)))
    labels = random.random((200, 600)) < scores
    assert 1 - labels.any(axis=0).mean() > 0.1, "some words are in no sentence"
    assert error(scores, scores, labels).low == 0


def test_made_sure_it_is_off_by_less() -> None:
    one, (scores, labels) = world(5), world(6)
    said, raw = (error(s, scores, labels) for s in (fit_shown(*one).of(scores), scores))
    assert raw.low > 0.2
    assert said.value < 0.05
    assert said.low <= said.value <= said.high


@pytest.mark.parametrize("label", [True, False])
def test_words_that_are_everywhere_or_nowhere_make_nobody_certain(label: bool) -> None:
    found = WordConfidence.fit(np.full(10, 0.5), np.full(10, label))
    assert found.of(np.array([0.5]))[0] == pytest.approx(11 / 12 if label else 1 / 12, abs=1e-3)


def test_nothing_tells_nothing() -> None:
    with pytest.raises(DataError, match="and there is none"):
        WordConfidence.fit(np.zeros(0), np.zeros(0, bool))


@pytest.mark.parametrize(
    "facts", [{}, {"slope": 1}, {"slope": None, "offset": 0}, {"slope": 10**400, "offset": 0}]
)
def test_facts_that_are_none(facts: dict[str, object]) -> None:
    with pytest.raises(DataError, match="no confidence is made of"):
        WordConfidence.of_facts(facts)
    assert WordConfidence.of_facts(TRUE.facts()) == TRUE
    assert logit(TRUE.of(np.array([0.5])))[0] == pytest.approx(TRUE.offset)
