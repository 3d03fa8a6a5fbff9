"""What the doctor says: findings, each with why it matters and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""An error makes training fail or its figures wrong; a warning costs quality; a note is good to
know.
"""
SHOWN_IDS = 5
NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Finding:
    """One thing that was found. ``clip_ids`` are all the clips that have it, the worst first."""

    check: str
    """Its name in the JSON: stays the same from one version to the next."""
    severity: Severity
    found: str
    """One sentence, with its numbers."""
    why: str
    todo: str
    command: str = ""
    """What to type, where a command does it; one a line."""
    clip_ids: tuple[str, ...] = ()
    in_landmarks: bool = False
    """Whether a picture of the clip shows it."""

    @property
    def examples(self) -> tuple[str, ...]:
        """The first few of its clips."""
        return self.clip_ids[:SHOWN_IDS]


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by how many clips."""
    return tuple(sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), -len(f.clip_ids))))


def graded(part: float, *, warning: float, error: float = np.inf) -> Severity:
    """The severity of something that this share of the clips has."""
    if part >= error:
        return "error"
    return "warning" if part >= warning else "note"


def worst_first(
    clip_id: NDArray[np.str_], which: NDArray[np.bool_], badness: NDArray[np.float64]
) -> tuple[str, ...]:
    """The ids that a mask names, by falling badness."""
    at = np.flatnonzero(which)
    return tuple(clip_id[at[np.argsort(-badness[at], kind="stable")]].tolist())


def counted(count: int, thing: str, of: int | None = None) -> str:
    """``3 clips``, ``1 clip``, ``3 of 10 clips (30 %)``, ``all 10 clips``."""
    if of is None:
        return f"{count:,} {thing}{'' if count == 1 else 's'}"
    if count == of:
        return f"all {of:,} {thing}s" if of > 1 else f"the one {thing}"
    return f"{count:,} of {of:,} {thing}s ({percent(count / max(of, 1))})"


def percent(part: float) -> str:
    """``12 %``, ``1.2 %``, ``99.8 %``; never 0 or 100 for what is not."""
    if 0 < part < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= part < 1:
        return "> 99.9 %"
    near_an_end = 0 < part < 0.0995 or 0.9895 < part < 1
    return f"{100 * part:.{1 if near_an_end else 0}f} %"


def unbroken(text: str) -> str:
    """The same, where no line ends inside ``12 %`` or ``< 0.1 %``."""
    return re.sub(r"(?<=\d) (?=%)|(?<=[<>]) (?=\d)", NO_BREAK, text)
