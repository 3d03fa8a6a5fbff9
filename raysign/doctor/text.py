"""The report in a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from raysign.doctor.finding import Finding, counted, percent
from raysign.doctor.report import Report

WIDTH = 100
MARKS = {"error": "ERROR  ", "warning": "WARNING", "note": "note   "}
ROWS = 3


def as_text(report: Report) -> str:
    """The page in lines of at most 100 characters, the findings in their order."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    sealed = sum(row.clips for row in report.splits.values() if not row.read)
    yield from _wrapped(
        f"{report.store}: {report.layout}, {report.clips:,} clips, {report.frames:,} frames, "
        f"{report.signs:,} signs, {report.signers:,} signers"
        + (f"; {counted(sealed, 'test clip')} sealed: only labels are counted" if sealed else ""),
        "",
        "  ",
    )
    seen = report.detection
    if not math.isnan(seen.hand):
        yield from _wrapped(
            f"the average clip has a hand in {percent(seen.hand)} of its frames, none at its ends "
            f"in {percent(seen.missing_at_ends)}, none in between in "
            f"{percent(seen.missing_between)} ({percent(seen.missing_inside)} of the signing span)"
            + ("" if math.isnan(seen.body) else f", and a body in {percent(seen.body)}"),
            "",
            "  ",
        )
    if report.outcomes is not None:
        yield "videos: " + ", ".join(f"{n:,} {name}" for name, n in report.outcomes.items())
    yield ""
    yield ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in report.counts.items())
    yield report.verdict
    for finding in report.findings:
        yield ""
        yield from _finding(finding)
    for kind, rows in report.groups.items():
        if len(rows) > 1:
            shown = ", ".join(
                f"{row.name} {percent(row.hand)} of {row.clips:,}" for row in rows[:ROWS]
            )
            yield ""
            yield from _wrapped(f"fewest hands by {kind} (mean over clips): {shown}", "", "  ")


def _finding(finding: Finding) -> Iterator[str]:
    yield from _wrapped(finding.found, f"{MARKS[finding.severity]} ", " " * 8)
    if finding.examples:
        more = ", …" if len(finding.clip_ids) > len(finding.examples) else ""
        yield from _wrapped(f"such as {', '.join(finding.examples)}{more}", " " * 8, " " * 8)
    yield from _wrapped(finding.why, " " * 8, " " * 8)
    yield from _wrapped(finding.todo, " " * 6 + "→ ", " " * 8)
    if finding.command:
        yield f"{' ' * 8}$ {finding.command}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
