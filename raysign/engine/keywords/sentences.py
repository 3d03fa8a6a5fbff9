"""What a training of keyword search reads: prepared sentences and the words of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float16, Int64, UInt8, UInt64

from raysign.errors import DataError
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.pose.dominant import MOST_RIGHT
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
        """Prepare every sentence, one after the other; memory is that of the result.

        All sentences of a signer have the same dominant hand, by :func:`left_handed`. ``DataError``
        with its name where one cannot be prepared.
        """
        clips, left = sentences.clips, left_handed(sentences, prepare)

        def prepared(i: int) -> Float16[np.ndarray, "frame joint axis"]:
            aspect, fps = float(clips.aspect[i]), float(clips.fps[i])
            with _named(sentences, i):
                return prepare.geometry(
                    clips.landmarks(i), sentences.seen(i), aspect, fps, left.get(clips.signer[i])
                )

        return cls.joined(map(prepared, range(len(sentences))))

    @classmethod
    def joined(cls, parts: Iterable[Float16[np.ndarray, "frame joint axis"]]) -> PreparedSentences:
        """Put prepared sentences, one or more, end to end."""
        parts = list(parts)
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


def left_handed(sentences: Sentences, prepare: PrepareSentences) -> Mapping[str, bool]:
    """For each signer whose name is known, whether all their sentences together say that the left
    hand is the dominant one; empty where the config does not ask.

    What speaks for each hand is added up, since a majority of sentences need not say so: of PHOENIX
    as the synthetic signers sign it, a sentence alone is told rightly in .43 to .53 of the
    left-handed signer's and in .98 or more of each other's; five of a signer together in .93 and
    .995 or more, ten in 1 and .995 or more (200 draws each of val).
    """
    right: dict[str, float] = {}
    if prepare.config.dominant != "found":
        return {}
    clips = sentences.clips
    for i in np.flatnonzero(clips.signer != "").tolist():
        with _named(sentences, i):
            said = prepare.for_the_right(
                clips.landmarks(i), float(clips.aspect[i]), float(clips.fps[i])
            )
        signer = str(clips.signer[i])
        right[signer] = right.get(signer, MOST_RIGHT) + said
    return {signer: said < 0 for signer, said in right.items()}


@contextmanager
def _named(sentences: Sentences, index: int) -> Iterator[None]:
    """What is wrong with a sentence is told with its name."""
    try:
        yield
    except DataError as error:
        name = str(sentences.clips.clip_id[index])
        raise DataError(f"sentence {name!r}: {error}") from None


@dataclass(frozen=True, eq=False)
class Part:
    """Sentences, and how often each word of the vocabulary is in each."""

    sentences: PreparedSentences
    counts: UInt8[np.ndarray, "sentence word"]
    content: UInt64[np.ndarray, "sentence"]
    """A hash of each sentence's landmarks: see :meth:`raysign.clip.Clips.content`."""
    signers: tuple[str, ...]
    """Everyone who is known to sign in them, by name."""

    def __len__(self) -> int:
        return len(self.sentences)

    @classmethod
    def of(cls, sentences: Sentences, prepare: PrepareSentences, vocabulary: Vocabulary) -> Part:
        """Prepare the sentences and count their words."""
        counts = vocabulary.counts(sentences.written(vocabulary.kind))
        signers = {signer for each in sentences.signed_by() for signer in each} - {""}
        return cls(
            PreparedSentences.of(sentences, prepare),
            counts.clip(max=255).astype(np.uint8),
            sentences.clips.content(),
            tuple(sorted(signers)),
        )

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
