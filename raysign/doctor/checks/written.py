"""Was the store written as the format asks: numbers, missing joints as NaN, x before y."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, Severity, counted, percent, worst_first
from raysign.doctor.mend import LYING
from raysign.doctor.segments import mean_known

_EXCHANGE = "Exchange the first two columns in the reader: a store has x, y, z."


def find(case: Case) -> Iterator[Finding]:
    """What is infinite, zeros for what was not detected, exchanged axes; all else is measured
    without them.
    """
    yield from _infinite(case)
    yield from _zeros(case)
    yield from _axes(case)
    yield from _hand_axes(case)


def _severity(part: float) -> Severity:
    return "error" if part >= at.WRITTEN_ERROR else "warning"


def _infinite(case: Case) -> Iterator[Finding]:
    infinite = case.measures.infinite
    wrong = infinite > 0
    if wrong.any():
        yield Finding(
            "infinite",
            "error",
            f"{counted(int(wrong.sum()), 'clip', len(wrong))} with infinite coordinates, in "
            f"{percent(mean_known(infinite[wrong]))} of their joints",
            "Nobody is there, and it is not missing either: nothing fills the gap, and the encoder "
            "sees a leap far out of the picture. What is above 65,504 is infinite in 16 bits.",
            "Write NaN where nothing was detected, and x and y in units of the frame: "
            "`xyz[numpy.isinf(xyz)] = numpy.nan`.",
            clip_ids=worst_first(case.facts.clip_id, wrong, np.nan_to_num(infinite)),
            in_landmarks=True,
        )


def _zeros(case: Case) -> Iterator[Finding]:
    zeros = case.measures.zeros
    wrong = zeros > 0
    if wrong.any():
        yield Finding(
            "zeros",
            _severity(case.share(wrong)),
            f"{counted(int(wrong.sum()), 'clip', len(wrong))} with joints at exactly (0, 0), "
            f"{percent(mean_known(zeros[wrong]))} of their joints",
            "Nothing is seen there twice: missing joints were written as 0, and the encoder takes "
            "them for hands in the picture's corner, where nothing fills the gap.",
            "Write NaN where nothing was detected: `xyz[missing] = numpy.nan`; prepare fills gaps.",
            clip_ids=worst_first(case.facts.clip_id, wrong, np.nan_to_num(zeros)),
            in_landmarks=True,
        )


def _axes(case: Case) -> Iterator[Finding]:
    lying = case.measures.exchanged_axes
    # A body whose joints are in another order lies anyhow; that is found already.
    wrong = (lying > LYING) & ~(case.measures.body_bones > at.BODY_BONES)
    if wrong.any():
        yield Finding(
            "exchanged_axes",
            _severity(case.share(wrong)),
            f"{counted(int(wrong.sum()), 'clip', len(wrong))} with a person who lies on the side "
            "and is mirrored",
            "x and y are exchanged: up is left, and every step that knows up and down or left and "
            "right takes the one for the other.",
            _EXCHANGE,
            clip_ids=worst_first(case.facts.clip_id, wrong, np.nan_to_num(lying)),
            in_landmarks=True,
        )


def hands_rise_sideways(case: Case) -> bool:
    """Whether a store of hands alone has them rise to the left into the sign, and not upwards."""
    up, left = case.measures.raised, case.measures.raised_left
    known = ~np.isnan(up) & ~np.isnan(left)
    if case.layout.has_body or known.sum() < at.RAISED_CLIPS:
        return False
    rising = [float((way[known] > 0).mean()) for way in (up, left)]
    return rising[0] < at.SIDEWAYS <= rising[1]


def _hand_axes(case: Case) -> Iterator[Finding]:
    if hands_rise_sideways(case):
        left = np.nan_to_num(case.measures.raised_left)
        yield Finding(
            "exchanged_axes",
            "error",
            f"{counted(int((left > 0).sum()), 'clip', len(left))} with hands that rise to the left "
            "into the sign; as a rule they rise upwards",
            "x and y seem to be exchanged: the encoder takes up and down for left and right.",
            _EXCHANGE,
            clip_ids=worst_first(case.facts.clip_id, left > 0, left),
            in_landmarks=True,
        )
