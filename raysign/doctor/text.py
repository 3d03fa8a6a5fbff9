"""The report in a terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

from raysign.doctor.finding import NO_BREAK, Finding, counted, percent, unbroken
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
        f"{counted(report.signs, 'sign')}, "
        + (counted(report.signers, "signer") if report.signers else "signers unknown")
        + (f"; {counted(sealed, 'test clip')} sealed: only labels are counted" if sealed else ""),
        "",
        "  ",
    )
    seen = report.detection
    if not math.isnan(seen.hand):
        yield from _wrapped(
            f"in an average clip a hand is seen in {percent(seen.hand)} of the frames; none is "
            f"seen in {percent(seen.missing_at_ends)} before and after the signing, at rest, and "
            f"in {percent(seen.missing_between)} during it "
            f"({percent(seen.missing_inside)} of the signing)"
            + ("" if math.isnan(seen.body) else f"; the body is seen in {percent(seen.body)}"),
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
    for command in finding.command.splitlines():
        yield f"{' ' * 8}$ {command}"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    lines = textwrap.wrap(
        unbroken(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(NO_BREAK, " ") for line in lines]
