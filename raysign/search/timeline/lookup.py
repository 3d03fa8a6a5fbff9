"""Pieces of a recording, looked up in a dictionary: which sign each may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from raysign.clip import Clip
from raysign.search.answer import Answer, in_words, not_here, percent
from raysign.search.searcher import Searcher
from raysign.search.timeline.spans import Span
from raysign.search.timeline.windows import fps_of, named

SHOWN = 3
"""Signs that are told of a piece."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A piece of a recording that may be one sign."""

    clip: Clip
    """The piece alone, named after its frames."""
    span: Span
    answer: Answer | None = None
    """What the dictionary says of it; None where none was asked."""

    @property
    def label(self) -> str:
        """The likeliest sign, or that the dictionary has none; '' where none was asked."""
        if self.answer is None or not self.answer.signs:
            return ""
        if self.answer.unknown and self.answer.none_of_these is not None:
            return not_here(self.answer.none_of_these)
        return self.answer.signs[0].sign

    @property
    def sure(self) -> str:
        """How sure that is, for people; '' where it was never measured."""
        if self.answer is None or not self.answer.signs:
            return ""
        first = self.answer.signs[0]
        if first.confidence is None:
            return f"nearness {first.cosine:.2f} of 1"
        if self.answer.unknown and self.answer.none_of_these is not None:
            return percent(self.answer.none_of_these)
        return f"{in_words(first.confidence)}, {percent(first.confidence)}"

    def as_json(self) -> dict[str, Any]:
        """One object; times in frames and in seconds of the recording."""
        fps = fps_of(self.clip)
        found: dict[str, Any] = {
            "clip_id": self.clip.clip_id,
            "first_frame": self.span.first,
            "end_frame": self.span.end,
            "start_s": round(self.span.first / fps, 3),
            "end_s": round(self.span.end / fps, 3),
            "hands_seen": round(self.span.score, 3),
        }
        if self.answer is not None:
            found["signs"] = [
                {"sign": s.sign, "confidence": s.confidence, "cosine": s.cosine}
                for s in self.answer.signs[:SHOWN]
            ]
            found["none_of_these"] = self.answer.none_of_these
            found["unknown"] = self.answer.unknown
        return found


def candidates(
    clip: Clip, spans: Sequence[Span], searcher: Searcher | None = None
) -> list[Candidate]:
    """The pieces of one recording, in their order.

    Args:
        clip: the recording.
        spans: as ``segment`` gives them.
        searcher: of the dictionary to look in; None = in none.

    Raises:
        LayoutError: the recording has not what the dictionary's model reads.
    """
    return [_candidate(clip, span, searcher) for span in spans]


def _candidate(clip: Clip, span: Span, searcher: Searcher | None) -> Candidate:
    frames = slice(span.first, span.end)
    piece = Clip(
        clip_id=named(clip, span.first, span.end),
        xyz=clip.xyz[frames],
        layout=clip.layout,
        signer=clip.signer,
        split=clip.split,
        language=clip.language,
        dataset=clip.dataset,
        fps=clip.fps,
        width=clip.width,
        height=clip.height,
        confidence=None if clip.confidence is None else clip.confidence[frames],
    )
    return Candidate(piece, span, None if searcher is None else searcher.answer([piece]))
