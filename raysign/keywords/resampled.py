"""Intervals of keyword figures: sentences are drawn anew, or words, or both.

Sentences are the sampling unit: they are drawn with replacement, as many as there are, and both
figures are taken anew of the draw, each word among the sentences drawn. Two systems on the same
sentences are drawn in pairs. To compare searches for different words, such as glosses and written
words, words are drawn too, each vocabulary's on their own (``both``; Owen, *The pigeonhole
bootstrap*, Annals of Applied Statistics 1, 2007: wide rather than narrow).

A draw is easier than the sentences themselves: one drawn three times fills three places with one
answer, one left out is no distraction. So draws are larger on average than the figure, most for
rare words, and the plain percentiles may miss it altogether. An interval here is centred: the
figure plus how far the 2.5th and the 97.5th percentile of the draws lie from the draws' own mean.
The figure is not biased so: it is what it says of that many sentences, each there once.

A draw in which no sentence has any of the words has no figure: it is NaN, and every interval and
difference leaves it out. Where all are so, nothing is known, and an interval is as wide as can be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from raysign.errors import DataError
from raysign.keywords.metrics import KEYWORD_METRICS, KeywordFigures, f1_of, keyword_figures
from raysign.ranking import Difference, Figure
from raysign.ranking.bootstrap import ends, sign_weights

Over = Literal["sentences", "words", "both"]
_VALUES_AT_ONCE = 1 << 16
_DRAWS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Resampled:
    """A search's figures, by name, and what they are in each resample."""

    value: Mapping[str, float]
    drawn: Mapping[str, Float[np.ndarray, "resample"]]

    def figure(self, metric: str) -> Figure:
        """The value with the ends of its 95 % interval, in 0–1."""
        value = self.value[metric]
        low, high = _ends(value, self.drawn[metric])
        return Figure(value, max(low, 0.0), min(high, 1.0))

    def less(self, other: Resampled, metric: str) -> Difference:
        """This − the other, in pairs of draws; ``DataError`` where they are not as many."""
        if len(self.drawn[metric]) != len(other.drawn[metric]):
            raise DataError("a difference needs as many resamples on either side")
        value = self.value[metric] - other.value[metric]
        by = self.drawn[metric] - other.drawn[metric]
        low, high = _ends(value, by)
        centred = _centred(value, by)
        below = float(((centred < 0) + (centred == 0) / 2).mean()) if len(centred) else 0.5
        return Difference(value, low, high, below_zero=below)


def mean_of(runs: Sequence[Resampled]) -> Resampled:
    """Several runs of one kind, which differ in the seed they were trained from: their mean."""
    if not runs:
        raise DataError("no run to average")
    return Resampled(
        {name: float(np.mean([run.value[name] for run in runs])) for name in runs[0].value},
        {name: np.mean([run.drawn[name] for run in runs], axis=0) for name in runs[0].drawn},
    )


def resample(
    scores: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    *,
    over: Over = "sentences",
    figures: KeywordFigures | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Resampled:
    """Both figures, and both in every resample; a word that retrieves nothing counts 0.

    A word that none of the sentences drawn has is left out of that draw, as of any figure; a draw
    that has no word at all is NaN.
    In a draw, the threshold is sought among those at which the whole's F1 is at least half of its
    maximum: the others are far from the best, and almost all scores lie there.

    Args:
        scores: as for ``keyword_figures``, which also says what is refused.
        labels: likewise.
        over: what is drawn.
        figures: of these scores, where they are known already.
        resamples: how many draws.
        seed: of the draws of sentences, and together with the number of words of those of words.
    """
    if resamples < 1:
        raise DataError(f"an interval needs 1 or more resamples, got {resamples}")
    figures = figures or keyword_figures(scores, labels)
    asked = np.flatnonzero(labels.any(axis=0))
    scores, labels = scores[:, asked], labels[:, asked]
    ranked = [_Ranked.of(*column) for column in zip(scores.T, labels.T, strict=True)]
    swept = _Swept.of(scores, labels, figures)
    drawn = np.empty((len(KEYWORD_METRICS), resamples))
    sentences, words = (
        sign_weights(size, resamples=resamples, seed=key, at_once=_DRAWS_AT_ONCE)
        for size, key in ((len(labels), seed), (len(asked), seed << 32 | len(asked)))
    )
    for first in range(0, resamples, _DRAWS_AT_ONCE):
        part = slice(first, min(first + _DRAWS_AT_ONCE, resamples))
        every = np.ones((1, 1))
        times = every.repeat(len(labels), 0) if over == "words" else next(sentences).T.copy()
        weight = every.repeat(len(asked), 0) if over == "sentences" else next(words).T.copy()
        each = np.stack([word.average_precision(times) for word in ranked])
        weight = weight * ~np.isnan(each)
        total = weight.sum(axis=0)
        weight[0, total == 0] = np.nan
        drawn[0, part] = (weight * np.nan_to_num(each)).sum(axis=0) / weight.sum(axis=0)
        drawn[1, part] = np.where(total > 0, swept.max_f1(times, weight), np.nan)
    return Resampled(
        {name: getattr(figures, name) for name in KEYWORD_METRICS},
        dict(zip(KEYWORD_METRICS, drawn, strict=True)),
    )


def _ends(value: float, drawn: Float[np.ndarray, "resample"]) -> tuple[float, float]:
    centred = _centred(value, drawn)
    if not len(centred):
        return -1.0, 1.0
    low, high = ends(centred[:, None])
    return float(low[0]), float(high[0])


def _centred(value: float, drawn: Float[np.ndarray, "resample"]) -> Float[np.ndarray, "_"]:
    """About the value, without the draws that have no figure."""
    known = drawn[~np.isnan(drawn)]
    return np.asarray(known - known.mean() + value) if len(known) else known


@dataclass(frozen=True, eq=False)
class _Ranked:
    """One word's sentences from the best down to the last that has the word."""

    order: Int[np.ndarray, "retrieved"]
    ties: Int[np.ndarray, "tie"]
    """Where, in the order, each stretch begins that ends with a tie that has a hit."""
    hit: Int[np.ndarray, "positive"]
    hit_ties: Int[np.ndarray, "tie"]

    @classmethod
    def of(
        cls, score: Float[np.ndarray, "sentence"], label: Bool[np.ndarray, "sentence"]
    ) -> _Ranked:
        order = score.argsort()[::-1]
        place = np.flatnonzero(label[order])
        end = len(score) - score[order][::-1].searchsorted(score[order][place])
        until, first = np.unique(end, return_index=True)
        return cls(order[: until[-1]], np.append(0, until[:-1]), order[place], first)

    def average_precision(
        self, times: Float[np.ndarray, "sentence resample"]
    ) -> Float[np.ndarray, "resample"]:
        """With each sentence there so many times; NaN where none that has the word is."""
        retrieved = np.add.reduceat(times[self.order], self.ties, axis=0).cumsum(axis=0)
        gained = np.add.reduceat(times[self.hit], self.hit_ties, axis=0)
        hits = gained.cumsum(axis=0)
        total = (gained * hits / np.maximum(retrieved, 1)).sum(axis=0)
        out = np.full_like(total, np.nan)
        return np.asarray(np.divide(total, hits[-1], out=out, where=hits[-1] > 0))


@dataclass(frozen=True, eq=False)
class _Swept:
    """What is retrieved at the lowest threshold that is tried: word by word, the best first."""

    sentence: Int[np.ndarray, "retrieved"]
    word: Int[np.ndarray, "retrieved"]
    hit: Float[np.ndarray, "retrieved 1"]
    start: Int[np.ndarray, "retrieved"]
    """Where the word's first is."""
    falling: Int[np.ndarray, "retrieved"]
    """All of them by score, whatever their word."""
    last: Int[np.ndarray, "threshold"]
    """The last of each distinct score, in that order."""
    labels: Float[np.ndarray, "sentence word"]

    @classmethod
    def of(
        cls,
        scores: Float[np.ndarray, "sentence word"],
        labels: Bool[np.ndarray, "sentence word"],
        figures: KeywordFigures,
    ) -> _Swept:
        curve = figures.curve
        tried = f1_of(curve.precision, curve.recall) >= figures.max_f1_by["zero"] / 2
        lowest = min(curve.threshold[tried].min(initial=np.inf), figures.threshold)
        sentence, word = np.nonzero(scores >= lowest)
        score = scores[sentence, word]
        order = np.lexsort((-score, word))
        sentence, word, score = sentence[order], word[order], score[order]
        falling = score.argsort()[::-1]
        ranked = score[falling]
        last = np.flatnonzero(np.append(ranked[:-1] != ranked[1:], True))
        hit = labels[sentence, word].astype(float)[:, None]
        return cls(
            sentence, word, hit, word.searchsorted(word), falling, last, labels.astype(float)
        )

    def max_f1(
        self,
        times: Float[np.ndarray, "sentence times"],
        weight: Float[np.ndarray, "word resample"],
    ) -> Float[np.ndarray, "resample"]:
        """With each sentence and each word there so many times; a word of weight 0 is left out."""
        draws = max(times.shape[1], weight.shape[1])
        step = max(1, _VALUES_AT_ONCE // len(self.word))
        best = []
        for first in range(0, draws, step):
            part = slice(first, first + step)
            best.append(
                self._max_f1(*(c if c.shape[1] == 1 else c[:, part] for c in (times, weight)))
            )
        return np.broadcast_to(np.concatenate(best), draws)

    def _max_f1(
        self, times: Float[np.ndarray, "sentence times"], weight: Float[np.ndarray, "word resample"]
    ) -> Float[np.ndarray, "drawn"]:
        positives = np.maximum(self.labels.T @ times, 1)
        share = weight / weight.sum(axis=0)
        there = times[self.sentence]
        found = there * self.hit
        precision = self._within(found) / np.maximum(self._within(there), 1)
        rise = np.diff(precision, axis=0, prepend=0)
        new = self.start == np.arange(len(self.start))
        rise[new] = precision[new]
        sums = (
            (column * share[self.word])[self.falling].cumsum(axis=0)[self.last]
            for column in (rise, found / positives[self.word])
        )
        best: Float[np.ndarray, "drawn"] = f1_of(*sums).max(axis=0)
        return best

    def _within(
        self, column: Float[np.ndarray, "retrieved times"]
    ) -> Float[np.ndarray, "retrieved times"]:
        """The running sum, which begins anew with each word."""
        total = np.concatenate([np.zeros((1, column.shape[1])), column.cumsum(axis=0)])
        within: Float[np.ndarray, "retrieved times"] = total[1:] - total[self.start]
        return within
