"""Is each hand in its own slot, and does it move: swapped, doubled and frozen hands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded, percent, worst_first


def find(case: Case) -> Iterator[Finding]:
    """Hands that change places, two slots on one hand, landmarks that stand still."""
    yield from _swapped(case)
    yield from _doubled(case)
    yield from _frozen(case)


def _swapped(case: Case) -> Iterator[Finding]:
    exchanged = case.measures.exchanged
    elsewhere = np.nan_to_num(case.measures.other_wrist)
    swapped = (exchanged > 0) | (elsewhere >= at.OTHER_WRIST)
    if not swapped.any():
        return
    found = f"{counted(int(swapped.sum()), 'clip', len(swapped))} in which the hands change places"
    ids = worst_first(case.facts.clip_id, swapped, exchanged + elsewhere)
    if case.layout.hands_unordered:
        yield Finding(
            "swapped_hands",
            "note",
            f"{found}; the slots of {case.layout.name} stand in detection order",
            "Left and right mean nothing in such a store until they are told apart.",
            "Nothing: the first step of prepare tells them apart, in training and in search.",
            clip_ids=ids,
            in_landmarks=True,
        )
        return
    yield Finding(
        "swapped_hands",
        graded(case.share(swapped), warning=at.SWAPPED_WARNING, error=at.SWAPPED_ERROR),
        f"{found}: {int((exchanged > 0).sum()):,} from one frame to the next, "
        f"{int((elsewhere >= at.OTHER_WRIST).sum()):,} at the other arm's wrist",
        "The encoder sees a movement that nobody made, or the sign of a left-hander.",
        "If most clips have it, the reader confuses the hands, or mirrors the picture and not the "
        "names; if a few, the detector did.",
        case.look(ids[0], "swapped"),
        ids,
        in_landmarks=True,
    )


def _doubled(case: Case) -> Iterator[Finding]:
    share = case.measures.doubled
    doubled = share > at.DOUBLED
    if doubled.any():
        ids = worst_first(case.facts.clip_id, doubled, share)
        yield Finding(
            "doubled_hands",
            graded(case.share(doubled), warning=at.DOUBLED_WARNING),
            f"{counted(int(doubled.sum()), 'clip', len(doubled))} with the same hand in both slots "
            f"in more than {percent(at.DOUBLED)} of the frames that show a hand",
            "A one-handed sign looks two-handed; the other hand, where there is one, is lost.",
            "The tracker follows one hand twice: a higher tracking threshold makes it look again.",
            case.look(ids[0], "doubled"),
            ids,
            in_landmarks=True,
        )


def _frozen(case: Case) -> Iterator[Finding]:
    frames = case.measures.frozen_frames
    frozen = frames >= at.FROZEN_FRAMES
    if frozen.any():
        yield Finding(
            "frozen",
            graded(case.share(frozen), warning=at.FROZEN_WARNING, error=at.FROZEN_ERROR),
            f"{counted(int(frozen.sum()), 'clip', len(frozen))} with a hand or a body that stands "
            f"still, bit for bit, for more than {at.FROZEN_FRAMES} frames (at most "
            f"{int(frames.max()) + 1:,})",
            "No detector gives that twice: the gap was filled, the clip padded, or the video "
            "shows a still.",
            "Store what is missing as missing (NaN) and leave padding out; prepare fills gaps.",
            clip_ids=worst_first(case.facts.clip_id, frozen, frames),
            in_landmarks=True,
        )
