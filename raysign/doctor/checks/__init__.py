"""Every check: what the doctor has of a store → findings."""

from __future__ import annotations

from itertools import chain

from raysign.doctor.case import Case
from raysign.doctor.checks import (
    detection,
    duplicates,
    hands,
    joints,
    labels,
    lengths,
    units,
    videos,
    written,
)
from raysign.doctor.finding import Finding, ranked

CHECKS = (
    written.find,
    detection.find,
    hands.find,
    joints.find,
    units.find,
    lengths.find,
    duplicates.find,
    labels.find,
    videos.find,
)


def check(case: Case) -> tuple[Finding, ...]:
    """All findings, the gravest first."""
    return ranked(chain.from_iterable(find(case) for find in CHECKS))
