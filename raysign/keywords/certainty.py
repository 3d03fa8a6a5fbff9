"""From scores to probabilities that hold: how sure to be that a word is in a sentence.

A model that is trained until it ranks best is surer, or less sure, than it may be, and a context
model's score need not be a probability at all. Platt's scaling mends that (*Probabilistic outputs
for support vector machines*, 1999): P = σ(a · log(s / (1 − s)) + b), with a and b of highest
likelihood for sentences that did not train the model, one pair for all words. Since a > 0, nothing
is ranked otherwise than before, and mAP and maxF1 stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, logit

from raysign.errors import DataError
from raysign.ranking import Figure
from raysign.ranking.bootstrap import sign_weights
from raysign.ranking.held_out import calibration_error
from raysign.ranking.open_set import calibration_gaps

FLOOR = 1e-7
"""A score is no nearer to 0 or 1 than this where its log-odds are taken."""
SHOWN = 10
"""Sentences of each word of which people read how sure the model is."""
_VALUES_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class Certainty:
    """The two numbers."""

    slope: float
    """a, 0 or more; 0 = the score says nothing."""
    offset: float
    """b."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.offset) and self.slope >= 0):
            raise DataError(f"no certainty has slope {self.slope} and offset {self.offset}")

    @classmethod
    def fit(
        cls,
        scores: Float[np.ndarray, "sentence word"],
        labels: Bool[np.ndarray, "sentence word"],
    ) -> Certainty:
        """To sentences that did not train the model.

        ``DataError`` where every word is in all of them, or none in any.
        """
        from sklearn.linear_model import LogisticRegression

        if labels.all() or not labels.any():
            raise DataError(
                "how sure to be is told by words that some sentences have, and some do not"
            )
        odds, true = _odds(scores).reshape(-1, 1), labels.ravel()
        found = LogisticRegression(C=np.inf).fit(odds, true)
        slope, offset = float(found.coef_[0, 0]), float(found.intercept_[0])
        return cls(slope, offset) if slope > 0 else cls(0.0, float(logit(true.mean())))

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Certainty:
        """What ``facts`` was taken of; ``DataError`` where it is none."""
        try:
            return cls(float(facts["slope"]), float(facts["offset"]))
        except (KeyError, TypeError, ValueError):
            raise DataError(f"no certainty is made of {facts!r}") from None

    def facts(self) -> dict[str, float]:
        """Both numbers, as a bundle keeps them."""
        return {"slope": self.slope, "offset": self.offset}

    def of(self, scores: Float[np.ndarray, "sentence word"]) -> Float[np.ndarray, "sentence word"]:
        """Probabilities, of scores in 0–1."""
        return np.asarray(expit(self.slope * _odds(scores) + self.offset))


def fit_crossed(
    scores: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    half: Bool[np.ndarray, "sentence"],
) -> Float[np.ndarray, "sentence word"]:
    """Probabilities of each half of the sentences, by what the other half says of scores.

    ``DataError`` where a half says nothing.
    """
    said = np.empty_like(scores)
    for own in (half, ~half):
        said[own] = Certainty.fit(scores[~own], labels[~own]).of(scores[own])
    return said


def error_of_shown(
    said: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    *,
    resamples: int,
    seed: int,
) -> Figure:
    """The calibration error of what people read: of each word's ``SHOWN`` most likely sentences.

    The root of the mean squared distance of said and true share (see
    :mod:`raysign.ranking.open_set`), 0–1, with its 95 % interval over sentences. Words that are in
    no sentence are left out.
    """
    asked = labels.any(axis=0)
    said, labels = said[:, asked], labels[:, asked]
    shown = min(SHOWN, len(said))
    row = np.argpartition(-said, shown - 1, axis=0)[:shown]
    values = np.take_along_axis(said, row, axis=0).ravel()
    true = np.take_along_axis(labels, row, axis=0).ravel()
    sentence = row.ravel()
    alike = np.ones((1, len(values)))
    gaps = calibration_gaps(values, true, alike)[0]
    step = max(1, _VALUES_AT_ONCE // len(values))
    draws = sign_weights(len(said), resamples=resamples, seed=seed, at_once=step)
    drawn = [calibration_gaps(values, true, weight[:, sentence]) for weight in draws]
    return calibration_error(gaps, np.concatenate(drawn))


def _odds(scores: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    return np.asarray(logit(np.clip(scores.astype(np.float64), FLOOR, 1 - FLOOR)))
