"""Recordings cut into pieces that may be one sign each: all of the way, from video to words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from raysign.search.lines import counted, plain
from raysign.search.searcher import Searcher
from raysign.search.timeline.lookup import SHOWN, Candidate, candidates
from raysign.search.timeline.scene import Curve, Mark, Scene
from raysign.search.timeline.segment import Segmentation, Way, segment
from raysign.search.timeline.spans import Span
from raysign.search.timeline.windows import fps_of
from raysign.sentences import Sentences, SignedSentence

WAYS = {"rests": "sign by sign, with rests between", "flow": "signs that flow into each other"}

MAY_REST = "the hands are slow here, as if they rested between the signs"
TRY = "type --way rests"


@dataclass(frozen=True, eq=False)
class Cut:
    """One recording and its pieces."""

    sentence: SignedSentence
    how: Segmentation
    candidates: tuple[Candidate, ...]

    def as_json(self) -> dict[str, Any]:
        """One object."""
        clip = self.sentence.clip
        spans = self.sentence.spans or ()
        return {
            "recording": clip.clip_id,
            "seconds": round(len(clip.xyz) / fps_of(clip), 3),
            "way": self.how.way,
            "may_rest": self.how.may_rest,
            "glosses": list(self.sentence.glosses),
            "gloss_frames": [list(span) for span in spans] or None,
            "candidates": [one.as_json() for one in self.candidates],
        }


def cut_all(
    sentences: Sentences, way: Way = "flow", searcher: Searcher | None = None
) -> Iterator[Cut]:
    """Cut one recording after the other.

    Args:
        sentences: each of a frame or more.
        way: how they are signed.
        searcher: of the dictionary to look pieces up in; None = in none.

    Raises:
        LayoutError: a recording has not what the dictionary's model reads.
    """
    for sentence in sentences:
        how = segment(sentence.clip, way)
        yield Cut(sentence, how, tuple(candidates(sentence.clip, how.spans, searcher)))


def lines(cut: Cut) -> list[str]:
    """For a terminal; labels come from outside."""
    clip, fps = cut.sentence.clip, fps_of(cut.sentence.clip)
    told = [
        f"{clip.clip_id}: {counted(len(cut.candidates), 'piece')} in {len(clip.xyz) / fps:.1f} s "
        f"({WAYS[cut.how.way]})"
    ]
    if cut.how.may_rest:
        told.append(f"  note: {MAY_REST}; {TRY}")
    for number, one in enumerate(cut.candidates, 1):
        when = f"{one.span.first / fps:.2f}–{one.span.end / fps:.2f} s"
        frames = f"({one.span.first}–{one.span.end})"
        label = f"  {one.label}: {one.sure}" if one.label else ""
        told.append(f"  {number:>3}  {when} {frames}{label}")
    return [plain(line) for line in told]


def scene_of(cut: Cut) -> Scene:
    """For a page."""
    sentence, motion = cut.sentence, cut.how.motion
    if cut.how.way == "rests":
        name, values = "height of the higher hand", -motion.depth
    else:
        name, values = "how fast place and handshape change", motion.change
    curve = Curve(name, "motion", values, float(values.min()), float(values.max()))
    marks = [
        Mark.of(
            "unknown" if one.answer is not None and one.answer.unknown else "sign",
            one.label or f"piece {number}",
            one.span,
            _note(one),
        )
        for number, one in enumerate(cut.candidates, 1)
    ]
    spans = zip(sentence.glosses, sentence.spans or (), strict=sentence.spans is not None)
    marks += [Mark.of("true", gloss, Span.around(*span, 1.0)) for gloss, span in spans]
    facts = [("signed", " ".join(sentence.glosses)), ("signer", sentence.clip.signer)]
    return Scene(
        sentence.clip,
        f"Recording {sentence.clip.clip_id}",
        _summary(cut),
        (curve,),
        tuple(marks),
        tuple((name, value) for name, value in facts if value),
    )


def _summary(cut: Cut) -> str:
    told = f"{counted(len(cut.candidates), 'piece')}; {WAYS[cut.how.way]}"
    return f"{told}. {MAY_REST[:1].upper()}{MAY_REST[1:]}; {TRY}" if cut.how.may_rest else told


def pieces_of(cuts: Sequence[Cut]) -> Iterator[Any]:
    """All candidates' clips, as a store takes them."""
    return (one.clip for cut in cuts for one in cut.candidates)


def _note(one: Candidate) -> str:
    if one.answer is None:
        return ""
    others = [found.sign for found in one.answer.signs[:SHOWN] if found.sign != one.label]
    return "; ".join(filter(None, [one.sure, f"else {', '.join(others)}" if others else ""]))
