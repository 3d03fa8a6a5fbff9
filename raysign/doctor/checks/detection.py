"""Is there something to see: hands and bodies that were not found."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

import numpy as np

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded, percent, worst_first
from raysign.doctor.groups import by_group
from raysign.doctor.segments import mean_known


def find(case: Case) -> Iterator[Finding]:
    """Empty clips, clips without hands or body, gaps inside the signing span."""
    yield from _empty(case)
    yield from _no_hand(case)
    yield from _gaps(case)
    yield from _groups(case)
    yield from _short_span(case)
    yield from _no_body(case)


def _empty(case: Case) -> Iterator[Finding]:
    empty = case.clips.empty()
    if empty.any():
        yield Finding(
            "empty",
            "error",
            f"{counted(int(empty.sum()), 'clip', len(empty))} without a single landmark",
            "Nothing can be learnt from them, and training refuses a store that has them.",
            "Extract them again, or let training leave them out.",
            f"raysign train data.store={quote(case.store)} data.empty_clips=drop",
            clip_ids=worst_first(case.facts.clip_id, empty, np.zeros(len(empty))),
        )


def _no_hand(case: Case) -> Iterator[Finding]:
    none = (case.measures.span_frames == 0) & ~case.nothing
    if none.any():
        ids = worst_first(case.facts.clip_id, none, np.zeros(len(none)))
        yield Finding(
            "no_hand",
            graded(case.share(none), warning=at.NO_HAND_WARNING, error=at.NO_HAND_ERROR),
            f"{counted(int(none.sum()), 'clip', len(none))} with a body and never a hand",
            "The sign is in the hands: such a clip says where the arms are and no more.",
            "Look whether the hands are out of the picture, too small or blurred: then crop the "
            "videos to the signer, or leave these out.",
            case.look(ids[0], "no_hand"),
            ids,
            in_landmarks=True,
        )


def _gaps(case: Case) -> Iterator[Finding]:
    missing = case.measures.missing_inside
    gappy = missing > at.MISSING_INSIDE
    if gappy.any():
        ids = worst_first(case.facts.clip_id, gappy, missing)
        thinned = case.settings is not None and case.settings.get("fps") is not None
        yield Finding(
            "missing_inside",
            graded(
                case.share(gappy),
                warning=at.MISSING_INSIDE_WARNING,
                error=at.MISSING_INSIDE_ERROR,
            ),
            f"{counted(int(gappy.sum()), 'clip', len(gappy))} without a hand in more than "
            f"{percent(at.MISSING_INSIDE)} of the frames between their first and last hand "
            f"(the average clip in {percent(mean_known(missing))})",
            "At a clip's ends hands are at rest and not missed; inside, the sign itself is lost.",
            "Extract all frames of the videos: tracking loses fast hands where frames are left out."
            if thinned
            else "Look whether the hands are blurred, out of the picture or in front of the face: "
            "videos with more light, frames or pixels have fewer gaps.",
            case.anew(fps=None) if thinned else case.look(ids[0], "gaps"),
            ids,
            in_landmarks=True,
        )


def _groups(case: Case) -> Iterator[Finding]:
    overall = mean_known(case.measures.missing_inside)
    for kind in ("dataset", "signer", "sign"):
        rows = by_group(case, kind)
        bad = [
            row
            for row in rows
            if row.clips >= at.GROUP_CLIPS and row.missing_inside > at.GROUP_MISSING_INSIDE
        ]
        # Where all are bad, it is not the group.
        if not bad or len(bad) == len(rows):
            continue
        bad.sort(key=lambda row: -row.missing_inside)
        shown = ", ".join(f"{row.name} ({percent(row.missing_inside)})" for row in bad[:5])
        names = getattr(case.facts, kind)
        which = np.isin(names, [row.name for row in bad])
        yield Finding(
            f"missing_inside_{kind}",
            "warning" if kind == "dataset" else "note",
            f"{counted(len(bad), kind)} with far more hands missing inside the signing span than "
            f"the rest ({percent(overall)}): {shown}{', …' if len(bad) > 5 else ''}",
            "The encoder learns who or what is filmed badly as if it were part of the sign.",
            "Look at these videos for what they share: light, sleeves, distance, frame rate.",
            clip_ids=worst_first(
                case.facts.clip_id, which, np.nan_to_num(case.measures.missing_inside)
            ),
        )


def _short_span(case: Case) -> Iterator[Finding]:
    span = case.measures.span_frames
    short = (span > 0) & (span < at.SHORT_SPAN_FRAMES)
    if short.any():
        yield Finding(
            "short_span",
            graded(case.share(short), warning=at.SHORT_SPAN_WARNING),
            f"{counted(int(short.sum()), 'clip', len(short))} with hands for fewer than "
            f"{at.SHORT_SPAN_FRAMES} frames from the first to the last",
            "No sign is so short: the hands were found by accident, or most of it was missed.",
            "Look at them, and leave out those that show no sign.",
            clip_ids=worst_first(case.facts.clip_id, short, -span),
            in_landmarks=True,
        )


def _no_body(case: Case) -> Iterator[Finding]:
    missing = 1 - case.measures.body
    without = (missing > at.NO_BODY) & ~case.nothing
    if without.any():
        ids = worst_first(case.facts.clip_id, without, missing)
        yield Finding(
            "no_body",
            graded(case.share(without), warning=at.NO_BODY_WARNING, error=at.NO_BODY_ERROR),
            f"{counted(int(without.sum()), 'clip', len(without))} without a body in more than "
            f"{percent(at.NO_BODY)} of their frames",
            "Clips are centred on the shoulders and scaled by them; without a body they stay "
            "where the camera put them.",
            "Look whether the person lies or is cut off: then extract again with another `crop` or "
            "`rotation`.",
            case.look(ids[0], "no_body"),
            ids,
            in_landmarks=True,
        )
