"""Are the joints those that the layout names: order, up and down, left and right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.checks.written import hands_rise_sideways
from raysign.doctor.finding import Finding, Severity, counted, percent, worst_first

_ORDER = "Compare the reader's order of joints with raysign/skeleton, and write the store again."


def find(case: Case) -> Iterator[Finding]:
    """Skeletons that no person has."""
    yield from _shuffled(case)
    yield from _fingers(case)
    yield from _upside_down(case)
    yield from _falling(case)
    yield from _sides(case)


def _severity(part: float) -> Severity:
    return "error" if part >= at.JOINTS_ERROR else "warning"


def _shuffled(case: Case) -> Iterator[Finding]:
    hand, body = case.measures.hand_bones, case.measures.body_bones
    wrong = {"hand": hand > at.HAND_BONES, "body": body > at.BODY_BONES}
    for part, which in wrong.items():
        if which.any():
            badness = np.nan_to_num(hand if part == "hand" else body)
            yield Finding(
                f"{part}_joint_order",
                _severity(case.share(which)),
                f"{counted(int(which.sum()), 'clip', len(which))} with a {part} whose bones join "
                "joints that are not neighbours",
                f"The joints are not in the order of {case.layout.name}: every step that knows a "
                "wrist or a shoulder takes another joint for it.",
                _ORDER,
                clip_ids=worst_first(case.facts.clip_id, which, badness),
                in_landmarks=True,
            )


def _fingers(case: Case) -> Iterator[Finding]:
    bones = case.measures.hand_bones
    for name in np.unique(case.facts.dataset):
        ours = (case.facts.dataset == name) & ~np.isnan(bones)
        clear = ours & (bones > at.HAND_BONES)
        if not ours.any() or clear.sum() > 0.5 * ours.sum():  # already found as shuffled
            continue
        typical = float(np.median(bones[ours]))
        if typical > at.DATASET_HAND_BONES:
            yield Finding(
                "finger_order",
                "error",
                f"the hands of {f'dataset {name}' if name else 'the store'} have bones "
                f"{typical / at.USUAL_HAND_BONES:.2f} times as long as hands have "
                f"({counted(int(ours.sum()), 'clip')})",
                "Joints of the fingers seem to have changed places, tips and knuckles for one.",
                _ORDER,
                clip_ids=worst_first(case.facts.clip_id, ours, np.nan_to_num(bones)),
                in_landmarks=True,
            )


def _upside_down(case: Case) -> Iterator[Finding]:
    up = case.measures.head_up
    fallen = up < at.WRONG_WAY
    if fallen.any():
        yield Finding(
            "upside_down",
            _severity(case.share(fallen)),
            f"{counted(int(fallen.sum()), 'clip', len(fallen))} with the nose below the shoulders",
            "y points up in them, or the video lies on its head; a store counts y downwards from "
            "the top.",
            "Turn y around in the reader (1 − y), or honour the video's rotation: extraction does "
            "where its metadata says so, and takes `rotation` where it does not.",
            clip_ids=worst_first(case.facts.clip_id, fallen, -up),
            in_landmarks=True,
        )


def _falling(case: Case) -> Iterator[Finding]:
    """The same for hands alone."""
    raised = case.measures.raised
    known = ~np.isnan(raised)
    if case.layout.has_body or known.sum() < at.RAISED_CLIPS or hands_rise_sideways(case):
        return
    rising = float((raised[known] > 0).mean())
    if rising < at.RAISED:
        yield Finding(
            "upside_down",
            "error",
            f"{percent(rising)} of {counted(int(known.sum()), 'clip')} with hands that rise into "
            "the sign; nine of ten do",
            "y seems to point up; a store counts y downwards from the top.",
            "Turn y around in the reader (1 − y).",
            clip_ids=worst_first(case.facts.clip_id, known & (raised < 0), np.nan_to_num(-raised)),
            in_landmarks=True,
        )


def _sides(case: Case) -> Iterator[Finding]:
    left = case.measures.left_is_left
    # A body on its head has its sides exchanged as well; it is found already.
    crossed = (left < at.WRONG_WAY) & ~(case.measures.head_up < at.WRONG_WAY)
    if crossed.any():
        yield Finding(
            "sides_swapped",
            _severity(case.share(crossed)),
            f"{counted(int(crossed.sum()), 'clip', len(crossed))} with the left shoulder where a "
            "person who faces the camera has the right one",
            "Left and right of the body are exchanged, or x is mirrored without the joints' names; "
            "right-handers turn into left-handers.",
            "Exchange the joints by `Layout.mirror` where x was mirrored; leave both as they are "
            "otherwise.",
            clip_ids=worst_first(case.facts.clip_id, crossed, -left),
            in_landmarks=True,
        )
