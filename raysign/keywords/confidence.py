"""From scores to probabilities that hold: how sure to be that a word is in a sentence.

A model that is trained until it ranks best is surer, or less sure, than it may be, and a context
model's score need not be a probability at all. Platt's scaling mends that (*Probabilistic outputs
for support vector machines*, 1999): P = σ(a · log(s / (1 − s)) + b), with a and b of highest
likelihood for sentences that did not train the model, and his targets, (n₊ + 1) / (n₊ + 2) and
1 / (n₋ + 2), in the place of 1 and 0. One pair for all words: few of them are in enough sentences
to have their own.

People ask for a word and read its likeliest sentences. These are what a and b are fitted to, and
what is measured: of all sentences nearly none has the word, and they would decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped
from scipy.special import expit, logit

from raysign.errors import DataError
from raysign.ranking import Figure
from raysign.ranking.bootstrap import sign_weights
from raysign.ranking.held_out import calibration_error
from raysign.ranking.open_set import calibration_gaps

FLOOR = 1e-7
"""A score is no nearer to 0 or 1 than this where its log-odds are taken."""
SHOWN = 10
"""Sentences of each word that people read."""
_VALUES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class WordConfidence:
    """The two numbers."""

    slope: float
    """a, 0 or more; 0 = the score says nothing. Where it is more, no word's sentences are in
    another order by probability than by score.
    """
    offset: float
    """b."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.offset) and self.slope >= 0):
            raise DataError(f"no confidence has slope {self.slope} and offset {self.offset}")

    @classmethod
    def fit(
        cls, scores: Float[np.ndarray, "pair"], true: Bool[np.ndarray, "pair"]
    ) -> WordConfidence:
        """To pairs of a word and a sentence that did not train the model.

        Args:
            scores: in 0–1.
            true: whether the word is in the sentence.

        Raises:
            DataError: there is no pair.
        """
        from sklearn.linear_model import LogisticRegression

        if not len(true):
            raise DataError("how sure to be of a word is told by sentences, and there is none")
        has = int(true.sum())
        target = np.where(true, (has + 1) / (has + 2), 1 / (len(true) - has + 2))
        odds, both = _odds(scores)[:, None], np.repeat([True, False], len(true))
        weights = np.concatenate([target, 1 - target])
        found = LogisticRegression(C=np.inf).fit(np.vstack([odds, odds]), both, weights)
        slope, offset = float(found.coef_[0, 0]), float(found.intercept_[0])
        return cls(slope, offset) if slope > 0 else cls(0.0, float(logit(target.mean())))

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> WordConfidence:
        """What ``facts`` was taken of; ``DataError`` where it is none."""
        try:
            return cls(float(facts["slope"]), float(facts["offset"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise DataError(f"no confidence is made of {facts!r:.80}") from None

    def facts(self) -> dict[str, float]:
        """Both numbers, as a bundle keeps them."""
        return {"slope": self.slope, "offset": self.offset}

    def of(self, scores: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """Probabilities, of scores in 0–1."""
        return np.asarray(expit(self.slope * _odds(scores) + self.offset))


def shown(scores: Float[np.ndarray, "sentence word"]) -> Int64[np.ndarray, "rank word"]:
    """The sentences of each word that people read: its ``SHOWN`` of highest score, in any order."""
    count = min(SHOWN, len(scores))
    return np.argpartition(-scores, count - 1, axis=0)[:count]


def taken(
    values: Shaped[np.ndarray, "sentence word"], row: Int64[np.ndarray, "rank word"]
) -> Shaped[np.ndarray, "rank word"]:
    """What is known of these sentences of each word."""
    return np.take_along_axis(values, row, axis=0)


def fit_shown(
    scores: Float[np.ndarray, "sentence word"], labels: Bool[np.ndarray, "sentence word"]
) -> WordConfidence:
    """Fitted to what people would read of these sentences; ``DataError`` where there is none."""
    row = shown(scores)
    return WordConfidence.fit(taken(scores, row).ravel(), taken(labels, row).ravel())


def error_of(
    said: Float[np.ndarray, "rank word"],
    true: Bool[np.ndarray, "rank word"],
    row: Int64[np.ndarray, "rank word"],
    *,
    resamples: int,
    seed: int,
) -> Figure:
    """The calibration error of probabilities: the root of the mean squared distance of said and
    true share (see :mod:`raysign.ranking.open_set`), 0–1.

    Its 95 % interval is over the sentences that are in ``row``.
    """
    values, hit = said.ravel(), true.ravel()
    sentences, sentence = np.unique(row.ravel(), return_inverse=True)
    gaps = calibration_gaps(values, hit, np.ones((1, len(values))))[0]
    step = max(1, _VALUES_AT_ONCE // len(values))
    draws = sign_weights(len(sentences), resamples=resamples, seed=seed, at_once=step)
    drawn = [calibration_gaps(values, hit, weight[:, sentence]) for weight in draws]
    return calibration_error(gaps, np.concatenate(drawn))


def _odds(scores: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    return np.asarray(logit(np.clip(scores.astype(np.float64), FLOOR, 1 - FLOOR)))
