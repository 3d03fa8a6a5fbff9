"""Are coordinates in units of the frame, and is the picture's shape known and true."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, Severity, counted, graded, percent, worst_first


def find(case: Case) -> Iterator[Finding]:
    """Pixels, moved origins, squeezed pictures, tiny signers."""
    pixels = np.asarray(case.measures.coordinate > at.PIXELS)
    outside = np.asarray(case.measures.outside > at.OUTSIDE) & ~pixels
    if pixels.any():
        yield Finding(
            "pixels",
            _severity(case.share(pixels)),
            f"{counted(int(pixels.sum()), 'clip', len(pixels))} with coordinates far above 1 "
            f"(typically {np.median(case.measures.coordinate[pixels]):,.0f})",
            "They look like pixels; a store has x and y in units of the frame's width and height.",
            "Divide x by the video's width and y by its height in the reader.",
            clip_ids=worst_first(case.facts.clip_id, pixels, case.measures.coordinate),
            in_landmarks=True,
        )
    if outside.any():
        yield Finding(
            "origin",
            _severity(case.share(outside)),
            f"{counted(int(outside.sum()), 'clip', len(outside))} with hands far outside the "
            "picture",
            "They look centred or scaled already; a store has x and y from the picture's top left, "
            "0 to 1, and prepare does the rest.",
            "Store the landmarks as the detector gave them.",
            clip_ids=worst_first(case.facts.clip_id, outside, case.measures.outside),
            in_landmarks=True,
        )
    yield from _shape_unknown(case)
    yield from _squeezed(case)
    yield from _small(case)


def _severity(part: float) -> Severity:
    return "error" if part >= at.UNITS_ERROR else "warning"


def _shape_unknown(case: Case) -> Iterator[Finding]:
    unknown = ~((case.facts.width > 0) & (case.facts.height > 0))
    if unknown.any():
        yield Finding(
            "shape_unknown",
            "note",
            f"{counted(int(unknown.sum()), 'clip', len(unknown))} without the width and height "
            "of their video",
            "Their picture is taken to be square; a wide one is squeezed, and angles are wrong.",
            "Write `width` and `height` into the store; extraction does.",
            clip_ids=worst_first(case.facts.clip_id, unknown, np.zeros(len(unknown))),
        )


def _squeezed(case: Case) -> Iterator[Finding]:
    build = case.measures.build
    low, high = at.DATASET_BUILD
    for name in np.unique(case.facts.dataset):
        ours = (case.facts.dataset == name) & ~np.isnan(build)
        if not ours.any() or low <= (typical := float(np.median(build[ours]))) <= high:
            continue
        yield Finding(
            "squeezed",
            "warning",
            f"the people of {f'dataset {name}' if name else 'the store'} are {typical:.2f} times "
            f"as broad as people are ({counted(int(ours.sum()), 'clip')})",
            "Width by height is not what the store says, so that lengths and angles are wrong.",
            f"Videos {1 / typical:.2f} times as wide for their height would explain it: write "
            "their true `width` and `height` into the store.",
            clip_ids=worst_first(case.facts.clip_id, ours, np.abs(np.log(build))),
            in_landmarks=True,
        )
        return
    low, high = at.BUILD
    odd = (build < low) | (build > high)
    if odd.any():
        yield Finding(
            "odd_build",
            graded(case.share(odd), warning=at.BUILD_WARNING),
            f"{counted(int(odd.sum()), 'clip', len(odd))} with a person of odd build: shoulders "
            f"below {low} or above {high} times as broad as the trunk asks for",
            "The video may be squeezed or the signer turned to the side; or hips were guessed "
            "out of the picture, which does no harm.",
            "Look at them; compare `width` and `height` with the video.",
            clip_ids=worst_first(case.facts.clip_id, odd, np.abs(np.log(build))),
            in_landmarks=True,
        )


def _small(case: Case) -> Iterator[Finding]:
    palm = case.measures.palm
    small = palm < at.SMALL_PALM
    if small.any():
        yield Finding(
            "small_hands",
            graded(case.share(small), warning=at.SMALL_PALM_WARNING),
            f"{counted(int(small.sum()), 'clip', len(small))} with palms below "
            f"{percent(at.SMALL_PALM)} of the picture's height",
            "The fingers of so small a hand are guessed.",
            "Crop the videos to the signer before extraction.",
            clip_ids=worst_first(case.facts.clip_id, small, -palm),
            in_landmarks=True,
        )
