"""How sure to be of a word: fitted, monotone, and true of sentences that it was not fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from raysign.errors import DataError
from raysign.keywords.certainty import Certainty, error_of_shown, fit_crossed
from raysign.keywords.metrics import keyword_figures

TRUE = Certainty(0.6, -1.2)


def world(seed: int, sentences: int = 400, words: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores of a model that is too sure, and labels of what they are worth."""
    random = np.random.default_rng(seed)
    scores = expit(random.normal(-3, 3, (sentences, words)))
    return scores, random.random((sentences, words)) < TRUE.of(scores)


def test_what_scores_are_worth_is_found_again() -> None:
    found = Certainty.fit(*world(0))
    assert found.slope == pytest.approx(TRUE.slope, abs=0.03)
    assert found.offset == pytest.approx(TRUE.offset, abs=0.08)
    scores, labels = world(1)
    said = found.of(scores)
    for low, high in ((0.02, 0.1), (0.1, 0.3), (0.3, 0.6)):
        those = (said >= low) & (said < high)
        assert labels[those].mean() == pytest.approx(said[those].mean(), abs=0.03)


def test_nothing_is_ranked_otherwise() -> None:
    scores, labels = world(2, sentences=80)
    before, after = (keyword_figures(s, labels) for s in (scores, TRUE.of(scores)))
    assert after.map == pytest.approx(before.map, abs=1e-12)
    assert after.max_f1 == pytest.approx(before.max_f1, abs=1e-12)


def test_certain_scores_stay_finite() -> None:
    said = Certainty(2.0, 0.0).of(np.array([[0.0, 0.5, 1.0]]))
    assert said[0, 1] == 0.5
    assert 0 < said[0, 0] < 1e-12
    assert said[0, 2] == pytest.approx(1)


def test_scores_that_mislead_say_nothing() -> None:
    scores, labels = world(3)
    found = Certainty.fit(1 - scores, labels)
    assert found.slope == 0
    assert expit(found.offset) == pytest.approx(labels.mean())


def test_each_half_is_told_by_the_other() -> None:
    scores, labels = world(4)
    half = np.arange(len(scores)) % 2 == 0
    said = fit_crossed(scores, labels, half)
    np.testing.assert_array_equal(
        said[half], Certainty.fit(scores[~half], labels[~half]).of(scores[half])
    )
    changed = labels.copy()
    changed[half] = changed[half][::-1]
    np.testing.assert_array_equal(fit_crossed(scores, changed, half)[half], said[half])


def test_the_error_is_that_of_what_is_shown() -> None:
    """Of words whose ten best sentences are all there, and said to be with .5, it is .5."""
    labels = np.zeros((100, 30), dtype=bool)
    labels[:10, :20] = True
    said = np.full((100, 30), 0.01)
    said[:10] = 0.5
    how = {"resamples": 50, "seed": 0}
    assert error_of_shown(said, labels, **how).value == pytest.approx(0.5, abs=1e-6)
    assert error_of_shown(np.where(labels, 1.0, 0.0), labels, **how).value == 0
    assert error_of_shown(said[:5], labels[:5], **how).value == pytest.approx(0.5)


def test_made_sure_it_is_off_by_less() -> None:
    (one, true), (scores, labels) = world(5), world(6)
    found = Certainty.fit(one, true)
    how = {"resamples": 200, "seed": 0}
    said, raw = (error_of_shown(s, labels, **how) for s in (found.of(scores), scores))
    assert raw.low > 0.1
    assert said.value < 0.05 < raw.value
    assert said.low <= said.value <= said.high


@pytest.mark.parametrize("label", [True, False])
def test_words_that_are_everywhere_or_nowhere_tell_nothing(label: bool) -> None:
    with pytest.raises(DataError, match="how sure to be is told by words"):
        Certainty.fit(np.full((4, 3), 0.5), np.full((4, 3), label))


@pytest.mark.parametrize("facts", [{}, {"slope": 1}, {"slope": None, "offset": 0}, {"slope": "a"}])
def test_facts_that_are_none(facts: dict[str, object]) -> None:
    with pytest.raises(DataError, match="no certainty is made of"):
        Certainty.of_facts(facts)
    assert Certainty.of_facts(TRUE.facts()) == TRUE
    assert logit(TRUE.of(np.array([[0.5]])))[0, 0] == pytest.approx(TRUE.offset)
