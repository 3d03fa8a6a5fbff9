"""How well words are found in sentences: mAP and maxF1, as in the paper (LREC 2020, section 4.2).

Every word ranks all sentences. Two figures, both in 0–1, both averaged over the words that are in
at least one sentence; the others have no recall and are left out, as published:

* ``map``: the mean over words of the average precision, which is the mean of the precision at each
  sentence that has the word. Sentences of equal score are retrieved together, so each has the
  precision at the end of its tie (as in scikit-learn's ``average_precision_score``).
* ``max_f1``: one threshold for all words. At each, precision and recall are averaged over words
  (*term-averaged*), F1 is taken of these two means, and the largest counts. Every distinct score
  is a threshold; what scores as high is retrieved.

A word that retrieves nothing at a threshold has no precision, and the paper does not say what
counts then. ``zero``, the default, never gives more than the others: such a word counts 0.
``left_out`` averages over the words that retrieve something, and ``one`` counts 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from raysign.errors import DataError, SplitError
from raysign.keywords.steps import Steps, Sweep

NothingRetrieved = Literal["zero", "left_out", "one"]
NOTHING_RETRIEVED: tuple[NothingRetrieved, ...] = ("zero", "left_out", "one")
KEYWORD_METRICS = ("map", "max_f1")
_LEVELS = np.linspace(0, 1, 501)


@dataclass(frozen=True, eq=False)
class Curve:
    """Term-averaged precision and recall at falling thresholds.

    Not all of them: the first point at each of 500 levels of recall, and the point of the best F1.
    """

    threshold: Float[np.ndarray, "point"]
    precision: Float[np.ndarray, "point"]
    recall: Float[np.ndarray, "point"]

    def as_json(self) -> dict[str, list[float]]:
        """Lists of equal length."""
        return {name: values.tolist() for name, values in vars(self).items()}


@dataclass(frozen=True, eq=False)
class KeywordFigures:
    """What scores are worth, and what the figures must never travel without."""

    map: float
    max_f1: float
    threshold: float
    """Of ``max_f1``; the highest where several give it."""
    precision: float
    """Term-averaged, at the threshold."""
    recall: float
    curve: Curve
    per_word: Float[np.ndarray, "word"]
    """Average precision; NaN for a word that is in no sentence."""
    max_f1_by: Mapping[NothingRetrieved, float]
    """By what counts where a word retrieves nothing."""
    nothing_retrieved: NothingRetrieved
    """Which of them ``max_f1`` and the curve are."""
    sentences: int
    words: int
    """Words that are in at least one sentence."""
    words_left_out: int
    positives_per_word: float

    def as_json(self) -> dict[str, float | int]:
        """The numbers, flat, without curve and words; ``max_f1_zero`` and so on for each choice."""
        numbers: dict[str, float | int] = {name: getattr(self, name) for name in _NUMBERS}
        return numbers | {f"max_f1_{name}": value for name, value in self.max_f1_by.items()}


_NUMBERS = (
    "map",
    "max_f1",
    "threshold",
    "precision",
    "recall",
    "sentences",
    "words",
    "words_left_out",
    "positives_per_word",
)


def keyword_figures(
    scores: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    *,
    nothing_retrieved: NothingRetrieved = "zero",
) -> KeywordFigures:
    """The figures of scores, higher where a word is more likely in a sentence.

    Args:
        scores: of each word in each sentence; infinite is allowed, NaN is not.
        labels: whether the word is in the sentence.
        nothing_retrieved: the precision of a word that retrieves nothing, see the module.

    Raises:
        DataError: the shapes differ, or a score is NaN.
        SplitError: no word is in any sentence.

    >>> scores = np.array([[0.9, 0.2], [0.8, 0.7], [0.1, 0.6]])
    >>> labels = np.array([[True, False], [False, False], [True, True]])
    >>> figures = keyword_figures(scores, labels)
    >>> round(figures.map, 3), round(figures.max_f1, 3), figures.threshold
    (0.667, 0.667, 0.1)
    """
    check_scores(scores, labels)
    positives = labels.sum(axis=0)
    words = int((positives > 0).sum())
    steps = Steps.of(scores, labels, positives)
    per_word = steps.average_precision()
    best = dict.fromkeys(NOTHING_RETRIEVED, (-1.0, 0.0, 0.0, 0.0))
    parts: list[Float[np.ndarray, "column point"]] = []
    for sweep in steps.sweep():
        for how in NOTHING_RETRIEVED:
            points = _points(sweep, words, how)
            each = f1_of(points[1], points[2])
            at = int(each.argmax())
            if each[at] > best[how][0]:
                threshold, precision, recall = map(float, points[:, at])
                best[how] = (float(each[at]), threshold, precision, recall)
            if how == nothing_retrieved:
                parts.append(points[:, _thinned(points[2])])
    f1, threshold, precision, recall = best[nothing_retrieved]
    points = np.concatenate([*parts, np.array([[threshold], [precision], [recall]])], axis=1)
    points = points[:, np.unique(-points[0], return_index=True)[1]]
    return KeywordFigures(
        map=float(np.nanmean(per_word)),
        max_f1=f1,
        threshold=threshold,
        precision=precision,
        recall=recall,
        curve=Curve(*points),
        per_word=per_word,
        max_f1_by={how: value for how, (value, *_) in best.items()},
        nothing_retrieved=nothing_retrieved,
        sentences=len(labels),
        words=words,
        words_left_out=len(positives) - words,
        positives_per_word=float(positives.sum() / words),
    )


def average_precision(
    scores: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    found: Bool[np.ndarray, "sentence word"] | None = None,
) -> Float[np.ndarray, "word"]:
    """Each word's average precision; NaN for a word that is in no sentence.

    ``found`` says in which of the sentences that have the word retrieving it is right (default: in
    all); the others of them are missed, whatever their score.
    """
    check_scores(scores, labels)
    right = labels if found is None else labels & found
    return Steps.of(scores, right, labels.sum(axis=0)).average_precision()


def check_scores(scores: np.ndarray, labels: np.ndarray) -> None:
    """Raise what is wrong: ``DataError``, or ``SplitError`` where there is nothing to find."""
    if scores.shape != labels.shape:
        raise DataError(f"scores have shape {scores.shape}, labels {labels.shape}")
    if not labels.any():
        raise SplitError(
            f"none of {labels.shape[1]:,} words is in any of {len(labels):,} sentences; "
            "give sentences that have words of the vocabulary"
        )
    if np.isnan(scores.max()):
        raise DataError("a score is NaN; the model that made it is broken")


def f1_of(
    precision: Float[np.ndarray, "*point"], recall: Float[np.ndarray, "*point"]
) -> Float[np.ndarray, "*point"]:
    """The harmonic mean; 0 where both are."""
    both = precision + recall
    out = np.zeros_like(both)
    return np.asarray(np.divide(2 * precision * recall, both, out=out, where=both > 0))


def _points(sweep: Sweep, words: int, how: NothingRetrieved) -> Float[np.ndarray, "column point"]:
    """Threshold, term-averaged precision, term-averaged recall."""
    over = sweep.retrieving if how == "left_out" else words
    spared = words - sweep.retrieving if how == "one" else 0
    precision = (sweep.precision + spared) / over
    return np.stack([sweep.threshold.astype(float), precision, sweep.recall / words])


def _thinned(recall: Float[np.ndarray, "point"]) -> np.ndarray:
    """The first point at each level of recall."""
    at = np.unique(recall.searchsorted(_LEVELS))
    return np.asarray(at[at < len(recall)])
