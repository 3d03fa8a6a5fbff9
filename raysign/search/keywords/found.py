"""What a search for words and examples says of each sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from raysign.search.timeline.exemplars import ExemplarTrack
from raysign.search.timeline.spans import Span
from raysign.search.timeline.windows import fps_of
from raysign.sentences import SignedSentence


@dataclass(frozen=True, eq=False)
class WordTrack:
    """One word in one sentence."""

    word: str
    confidence: float
    """Probability in 0–1 that the word is in the sentence."""
    attention: Float32[np.ndarray, "frame"]
    """Where it looks: over the sentence's own frames, summing up to 1."""
    spans: tuple[Span, ...]
    """Its peaks, best first; their score is the share of the attention in them, 0–1."""

    @property
    def where(self) -> Span | None:
        """The best of these."""
        return self.spans[0] if self.spans else None


def what_is(sentence: SignedSentence) -> str:
    """``sentence``; ``clip`` of one sign, or ``recording`` of which nothing is written."""
    if sentence.glosses or sentence.translation:
        return "sentence"
    return "clip" if sentence.clip.sign else "recording"


@dataclass(frozen=True, eq=False)
class FoundSentence:
    """One sentence of an answer."""

    sentence: SignedSentence
    number: int
    """Its place among the sentences searched."""
    score: float
    """What it was ranked by; higher is better. See :mod:`raysign.search.keywords.fused`."""
    words: tuple[WordTrack, ...] = ()
    """In the order asked for."""
    example: ExemplarTrack | None = None

    @property
    def what(self) -> str:
        """``sentence``; ``clip`` of one sign, or ``recording`` of which nothing is written."""
        return what_is(self.sentence)

    @property
    def confidence(self) -> float | None:
        """Probability that all words are in it, as if they were independent; None without words."""
        if not self.words:
            return None
        return float(np.prod([track.confidence for track in self.words]))

    def known(self, word: str) -> list[Span]:
        """Where the store says that a gloss is; empty where it does not know."""
        spans = self.sentence.spans or ()
        pairs = zip(self.sentence.glosses, spans, strict=bool(spans))
        return [Span.around(*span, 1.0) for gloss, span in pairs if gloss == word]

    def as_json(self) -> dict[str, Any]:
        """One object; times in frames and in seconds, of the best spans."""
        clip = self.sentence.clip
        found: dict[str, Any] = {
            "sentence": clip.clip_id,
            "signer": clip.signer,
            "split": clip.split,
            **({"sign": clip.sign} if clip.sign else {}),
            "seconds": round(len(clip.xyz) / fps_of(clip), 3),
            "score": round(self.score, 6),
            "glosses": list(self.sentence.glosses),
            "translation": list(self.sentence.translation),
        }
        if self.words:
            found["confidence"] = self.confidence
            found["words"] = [
                {
                    "word": track.word,
                    "confidence": track.confidence,
                    "spans": [self._span(span) for span in track.spans],
                    "known": [self._span(span) for span in self.known(track.word)],
                }
                for track in self.words
            ]
        if self.example is not None:
            found["example"] = {
                "cosine": self.example.best,
                "spans": [self._span(span) for span in self.example.spans],
            }
        return found

    def _span(self, span: Span) -> dict[str, Any]:
        fps = fps_of(self.sentence.clip)
        return {
            "first_frame": span.first,
            "end_frame": span.end,
            "start_s": round(span.first / fps, 3),
            "end_s": round(span.end / fps, 3),
            "peak_s": round(span.peak / fps, 3),
            "score": round(span.score, 6),
        }


@dataclass(frozen=True, eq=False)
class Found:
    """The answer to one search."""

    sentences: tuple[FoundSentence, ...]
    """Best first."""
    words: tuple[str, ...]
    examples: tuple[str, ...]
    """What was looked for."""
    searched: int
    """Sentences that were looked through."""
    context: str
    """The model of context that they were ranked with: ``none``, ``tfidf``, ``mlp``."""
    measured: bool = False
    """Is how sure it is of a word known to hold for val?"""
    what: str = "sentence"
    """What most of them are, as ``what_is`` has it."""
    cost: str = ""
    """What the search by example cost, in words."""
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One object."""
        return {
            "words": list(self.words),
            "examples": list(self.examples),
            "searched": self.searched,
            "context": self.context if self.words else None,
            "measured": self.measured if self.words else None,
            "cost": self.cost or None,
            "notes": list(self.notes),
            "sentences": [
                {"rank": rank, **found.as_json()} for rank, found in enumerate(self.sentences, 1)
            ],
        }
