"""A bundle of keyword search at work: how sure it is of its words, and where they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32

from raysign.bundle import KeywordBundle
from raysign.engine.keywords import PreparedSentences, logits_of, probabilities
from raysign.errors import BundleError, LayoutError
from raysign.keywords.context import PLAIN
from raysign.keywords.localise import peaks
from raysign.search.keywords.found import WordTrack
from raysign.search.timeline.spans import Span
from raysign.sentences import Sentences, SignedSentence

COSINE = "tfidf"
"""The model of context whose own scores are no probabilities."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Every word of a vocabulary in every sentence."""

    confidence: Float[np.ndarray, "sentence word"]
    """Probability in 0–1 that the word is in the sentence: made of the scores by what these were
    worth on val if ``measured``; else the model's own, or the MLP's.
    """
    score: Float[np.ndarray, "sentence word"]
    """In 0–1, what sentences are ranked by for one word. With TF-IDF it is no probability, but the
    model's own one and a cosine of bags of words together."""
    prepared: PreparedSentences
    """What the model read of them; the dominant hand was found over all of a signer's together."""
    measured: bool = False


class WordSearch:
    """Looks for a bundle's words; to be used from one thread."""

    def __init__(self, bundle: KeywordBundle, context: str | None = None) -> None:
        """Of a trained model.

        Args:
            bundle: the model, with what its training measured.
            context: the model of context that sentences are ranked with, ``none`` or one of the
                bundle's; None = the one of highest mAP on val.

        Raises:
            BundleError: it has no such model of context, or this raysign prepares otherwise.
        """
        self._prepare, self._model = bundle.prepare(), bundle.model()
        self._layout, self._contexts = bundle.layout, bundle.contexts
        self._batch = bundle.config.evaluate.batch_sentences
        self.vocabulary = bundle.vocabulary
        self.context = best_context(bundle) if context is None else context
        if self.context != PLAIN and self.context not in bundle.contexts:
            there = ", ".join((PLAIN, *bundle.contexts))
            raise BundleError(f"the model has no context {context!r}; type --context {there}")
        self._confidence = bundle.confidence.get(self.context)

    def judge(self, sentences: Sentences) -> Judged:
        """How sure the model is of every word of the vocabulary, and what that ranks them by.

        ``LayoutError`` where the sentences are of another layout than the model's.
        """
        prepared = self._prepared(sentences)
        plain = probabilities(logits_of(self._model, self._prepare, prepared, self._batch))
        own = self.context == PLAIN
        score = plain if own else self._contexts[self.context].rescore(plain)
        if self._confidence is not None:
            return Judged(self._confidence.of(score), score, prepared, measured=True)
        return Judged(plain if self.context == COSINE else score, score, prepared)

    def tracks(
        self, judged: Judged, row: int, sentence: SignedSentence, numbers: Sequence[int]
    ) -> tuple[WordTrack, ...]:
        """Where words look in one sentence.

        Args:
            judged: many sentences.
            row: the number of this one among them.
            sentence: itself.
            numbers: of the words.
        """
        if not numbers:
            return ()
        padded = judged.prepared.padded(np.array([row], dtype=np.int64))
        geometry, shown = (torch.from_numpy(part) for part in padded)
        with torch.inference_mode():
            found = self._model.search(
                self._prepare.channels(geometry.float()), shown, torch.tensor(list(numbers))
            )
        clip, stride = sentence.clip, self._model.stride
        rate = self._prepare.rate(clip.fps)
        tracks = []
        for number, track in zip(numbers, found.attention[0].numpy(), strict=True):
            own = over_frames(track, stride * rate, len(clip.xyz))
            spans = tuple(
                Span(p.first, p.end, float(own[p.first : p.end].sum()), p.frame)
                for p in peaks(track, stride, len(clip.xyz), rate)
            )
            sure = float(judged.confidence[row, number])
            tracks.append(WordTrack(self.vocabulary.words[number], sure, own, spans))
        return tuple(tracks)

    def _prepared(self, sentences: Sentences) -> PreparedSentences:
        if sentences.clips.layout != self._layout:
            raise LayoutError(
                f"this model reads layout {self._layout!r}, the sentences have "
                f"{sentences.clips.layout!r}; give sentences of its layout, or train a model on "
                "these"
            )
        return PreparedSentences.of(sentences, self._prepare)


def best_context(bundle: KeywordBundle) -> str:
    """The model of context, or none, with the highest mAP on val; none where nothing is known."""
    names = {PLAIN: "val/map", **{kind: f"val/{kind}/map" for kind in bundle.contexts}}
    known = {
        kind: value
        for kind, name in names.items()
        if (value := bundle.metrics.get(name)) is not None and np.isfinite(value)
    }
    return max(known, key=lambda kind: known[kind], default=PLAIN)


def over_frames(
    attention: Float[np.ndarray, "frame_out"], step: float, frames: int
) -> Float32[np.ndarray, "frame"]:
    """Attention over a sentence's own frames, summing up to 1.

    Args:
        attention: over the encoder's frames, of which frame t is centred at frame ``step`` × t.
        step: frames of the sentence for each of them.
        frames: of the sentence.
    """
    at = np.arange(len(attention)) * step
    own = np.interp(np.arange(frames), at, attention)
    return np.asarray(own / max(float(own.sum()), 1e-12), dtype=np.float32)
