"""What a training of keyword search reads: prepared sentences and the words of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float16, Int64, UInt8

from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.sentences import Sentences

Index = Int64[np.ndarray, "sentence"]


@dataclass(frozen=True, eq=False)
class PreparedSentences:
    """Prepared sentences end to end: flat NumPy arrays only, so that Ray shares them uncopied.

    Sentence i has the frames ``offsets[i]`` to ``offsets[i + 1]``. The last axis of ``geometry`` is
    as :class:`raysign.keywords.prepare.PrepareSentences` gives it; NaN = missing.
    """

    geometry: Float16[np.ndarray, "frame joint axis"]
    offsets: Int64[np.ndarray, "bound"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_frames(self) -> Int64[np.ndarray, "sentence"]:
        return np.diff(self.offsets)

    @classmethod
    def of(cls, sentences: Sentences, prepare: PrepareSentences) -> PreparedSentences:
        """Prepare every sentence, one after the other; memory is that of the result."""
        clips = sentences.clips
        parts = [
            prepare.geometry(
                clips.landmarks(i),
                sentences.seen(i),
                float(clips.aspect[i]),
                float(clips.fps[i]),
            )
            for i in range(len(sentences))
        ]
        offsets = np.cumsum([0, *(len(part) for part in parts)], dtype=np.int64)
        return cls(np.concatenate(parts), offsets)

    def views(self, index: Index) -> list[Float16[np.ndarray, "frame joint axis"]]:
        """Those sentences, one by one; views."""
        return [self.geometry[self.offsets[i] : self.offsets[i + 1]] for i in index]

    def padded(
        self, index: Index
    ) -> tuple[
        Float16[np.ndarray, "sentence frame joint axis"], Bool[np.ndarray, "sentence frame"]
    ]:
        """Those sentences as one batch, NaN after the end of each, and which frames are theirs."""
        lengths = self.num_frames[index]
        batch = np.full(
            (len(index), int(lengths.max()), *self.geometry.shape[1:]), np.nan, dtype=np.float16
        )
        for row, sentence in zip(batch, self.views(index), strict=True):
            row[: len(sentence)] = sentence
        return batch, np.arange(batch.shape[1]) < lengths[:, None]

    def by_length(self, size: int) -> Iterator[Index]:
        """All sentences, so many at a time, those of about one length together."""
        order = np.argsort(self.num_frames, kind="stable")
        for start in range(0, len(order), size):
            yield order[start : start + size]

    def select(self, index: Index) -> PreparedSentences:
        """Those sentences, in that order; a copy."""
        offsets = np.cumsum([0, *self.num_frames[index]], dtype=np.int64)
        return type(self)(np.concatenate([self.geometry[:0], *self.views(index)]), offsets)


@dataclass(frozen=True, eq=False)
class Part:
    """Sentences, and how often each word of the vocabulary is in each."""

    sentences: PreparedSentences
    counts: UInt8[np.ndarray, "sentence word"]

    def __len__(self) -> int:
        return len(self.sentences)

    @classmethod
    def of(cls, sentences: Sentences, prepare: PrepareSentences, vocabulary: Vocabulary) -> Part:
        """Prepare the sentences and count their words."""
        counts = vocabulary.counts(sentences.written(vocabulary.kind))
        return cls(PreparedSentences.of(sentences, prepare), counts.clip(max=255).astype(np.uint8))

    @property
    def labels(self) -> Bool[np.ndarray, "sentence word"]:
        """Whether each word is in each sentence."""
        return self.counts > 0


@dataclass(frozen=True, eq=False)
class TrainingSentences:
    """All that a run reads, of one layout: who trains and who is asked.

    ``layout`` is the store's, ``fingerprint`` that of all sentences together, ``signer_overlap``
    says in words whether the signers of val also sign in train. The vocabulary is of train alone.
    """

    layout: str
    train: Part
    val: Part
    vocabulary: Vocabulary
    fingerprint: str
    signer_overlap: str
    notes: tuple[str, ...] = ()

    @property
    def num_shared(self) -> int:
        """Words that are in val too: those that the figures are of."""
        return int(self.val.labels.any(axis=0).sum())
