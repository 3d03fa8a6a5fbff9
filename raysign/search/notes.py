"""What to bear in mind of an answer, for how its query asked."""

from __future__ import annotations

from collections.abc import Sequence

from raysign.bundle import Bundle
from raysign.clip import Clip
from raysign.search.answer import Remark


def of_second_stage(bundle: Bundle, rerank: str, why_not: str | None) -> tuple[str, ...]:
    """Where the model was chosen, and its card's figures measured, with another second stage.

    Args:
        bundle: the model.
        rerank: what a search is re-ranked by.
        why_not: what keeps this gallery from being searched as was meant.
    """
    stages = bundle.config.evaluate.rerank.stages or "none"
    by = "cosine alone" if rerank == "none" else rerank
    if why_not is not None:
        return (f"this is a ranking by {by}: {why_not}",)
    if stages == rerank:
        return ()
    if stages == "none":
        return (f"this model's figures are of a ranking by cosine alone, and this is by {by}",)
    return (
        f"this model's figures are of a ranking with {stages}, and this is by {by}; type --rerank "
        f"{stages}",
    )


def of_another_layout(clips: Sequence[Clip], layout: str) -> tuple[str, ...]:
    """Where recordings are not of the gallery's layout; the figures are of ``query.for_layout``."""
    others = sorted({clip.layout for clip in clips} - {layout})
    if not others:
        return ()
    return (
        f"this dictionary knows its signs by {layout} and was asked with the hands of "
        f"{', '.join(others)}: it finds fewer signs so (on WLASL 38 of 100 come first in place of "
        "48), and its percentages are rough",
    )


def not_as_measured(takes: int, mirrored: bool, same: bool = False) -> tuple[str, ...]:
    """Where a query does not ask as those did by whom the confidence was measured.

    Two recordings of each of WLASL100's val signs, fused: confidence .766 on average, R@1 .910.

    Args:
        takes: recordings that ask together.
        mirrored: whether their mirror images ask too, which the model's queries do not otherwise,
            nor did it learn from any. One that did is as sure with them as without: of WLASL100's
            331 val clips the mean confidence goes from .706 to .711 (R@1 .795 both ways), of known
            signs 2.7 % are called unknown in place of 3.6, of unknown ones 79.8 % in place of 80.1.
        same: whether the gallery has one of them itself.
    """
    notes = []
    if takes > 1:
        notes.append(
            "the percentages were measured with one recording at a time; with several an answer is "
            "surer than they say"
        )
    if mirrored:
        notes.append("the percentages are rough: they were measured without mirror images")
    if same:
        notes.append(
            "the percentages say too much: they were measured with recordings that are not in the "
            "dictionary"
        )
    return tuple(notes)


def same_recording(clip_id: str, take: int) -> Remark:
    """Of a recording that is in the gallery itself; ``take`` is its number, from 1."""
    return Remark(
        "same_recording",
        f"The dictionary has this very recording, or a copy of it, as clip {clip_id!r}: that its "
        "sign is found says nothing about the search.",
        "hint",
        take,
    )
