"""What each word retrieves as the threshold falls, and the sweep of one threshold over all words.

Scores of thousands of words in thousands of sentences are sorted word by word, once; the sweep then
goes from the highest score to the lowest in bands of scores, so that beyond the sorted scores it
holds one band at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Steps:
    """The distinct scores of each word, highest first, and what is retrieved at each.

    Sentences of equal score are retrieved together: an order among them would be an accident. Flat:
    word q owns the steps from ``start[q]`` to ``start[q + 1]``.
    """

    score: Float[np.ndarray, "step"]
    retrieved: Int[np.ndarray, "step"]
    """Sentences that score as high or higher."""
    hits: Int[np.ndarray, "step"]
    """Those among them that are found rightly."""
    start: Int[np.ndarray, "bound"]
    positives: Int[np.ndarray, "word"]
    """Sentences that should be found."""

    @classmethod
    def of(
        cls,
        scores: Float[np.ndarray, "sentence word"],
        found: Bool[np.ndarray, "sentence word"],
        positives: Int[np.ndarray, "word"],
    ) -> Steps:
        """Sort every word's sentences; ``found`` says where retrieving is right."""
        sentences, words = scores.shape
        place = np.arange(1, sentences + 1, dtype=np.int32)
        # Pages that no step is written to cost no memory.
        steps = tuple(np.empty(scores.size, kind) for kind in (scores.dtype, np.int32, np.int32))
        count, filled = [np.zeros(1, dtype=np.int64)], 0
        step = max(1, _AT_ONCE // sentences)
        for first in range(0, words, step):
            score = np.ascontiguousarray(scores[:, first : first + step].T)
            order = score.argsort(axis=1)[:, ::-1]
            score = np.take_along_axis(score, order, axis=1)
            right = np.take_along_axis(found[:, first : first + step].T, order, axis=1)
            hits = right.cumsum(axis=1, dtype=np.int32)
            last = np.ones(score.shape, dtype=bool)
            np.not_equal(score[:, :-1], score[:, 1:], out=last[:, :-1])
            retrieved = np.broadcast_to(place, score.shape)
            count.append(last.sum(axis=1))
            to = filled + int(count[-1].sum())
            for column, rows in zip(steps, (score, retrieved, hits), strict=True):
                column[filled:to] = rows[last]
            filled = to
        start = np.concatenate(count).cumsum()
        score, retrieved, hits = (column[:filled] for column in steps)
        return cls(score, retrieved, hits, start, positives)

    def average_precision(self) -> Float[np.ndarray, "word"]:
        """Precision at each right sentence, over all that should be; NaN where none should."""
        before = np.concatenate([self.hits[:1] * 0, self.hits[:-1]])
        before[self.start[:-1]] = 0
        at = np.flatnonzero(self.hits > before)
        gained = (self.hits[at] - before[at]) * (self.hits[at] / self.retrieved[at])
        word = self.start.searchsorted(at, side="right") - 1
        total = np.bincount(word, weights=gained, minlength=len(self.positives))
        with np.errstate(invalid="ignore"):
            return np.asarray(total / self.positives)

    def sweep(self) -> Iterator[Sweep]:
        """Every distinct score as the threshold of all words with something to find, falling."""
        words = np.flatnonzero(self.positives)
        at = Sweep.before()
        for low, high in self._bands(words):
            many = high - low
            step = np.repeat(low - many.cumsum() + many, many) + np.arange(many.sum())
            word = np.repeat(words, many)
            new = step == self.start[word]
            hits, before = self.hits[step], np.where(new, 0, self.hits[step - 1])
            rise = hits / self.retrieved[step]
            rise -= np.where(new, 0.0, before / self.retrieved[step - 1])
            order = self.score[step].argsort()[::-1]
            score = self.score[step][order]
            last = np.append(score[:-1] != score[1:], True)
            at = Sweep(
                score[last],
                *(
                    (start[-1] + column[order].cumsum())[last]
                    for start, column in (
                        (at.precision, rise),
                        (at.recall, (hits - before) / self.positives[word]),
                        (at.retrieving, new),
                    )
                ),
            )
            yield at

    def _bands(
        self, words: Int[np.ndarray, "asked"]
    ) -> Iterator[tuple[Int[np.ndarray, "asked"], Int[np.ndarray, "asked"]]]:
        """For each band of scores, highest first, each word's steps in it: from and to."""
        start, end = self.start[words], self.start[words + 1]
        total = len(self.score)
        sample = np.sort(self.score[:: max(1, total // _AT_ONCE)])
        bands = -(-total // _AT_ONCE)
        edges = np.unique(sample[[len(sample) * k // bands for k in range(1, bands)]])[::-1]
        cuts = np.empty((len(edges) + 2, len(words)), dtype=np.int64)
        cuts[0], cuts[-1] = start, end
        for number, (a, b) in enumerate(zip(start, end, strict=True)):
            cuts[1:-1, number] = b - self.score[a:b][::-1].searchsorted(edges)
        for low, high in pairwise(cuts):
            if (high > low).any():
                yield low, high


@dataclass(frozen=True, eq=False)
class Sweep:
    """Sums over the words with something to find, at falling thresholds."""

    threshold: Float[np.ndarray, "point"]
    precision: Float[np.ndarray, "point"]
    """Summed over the words that retrieve something."""
    recall: Float[np.ndarray, "point"]
    retrieving: Int[np.ndarray, "point"]
    """How many words retrieve something."""

    @classmethod
    def before(cls) -> Sweep:
        """Above every score: no word retrieves anything."""
        return cls(np.array([np.inf]), np.zeros(1), np.zeros(1), np.zeros(1, dtype=np.int64))
