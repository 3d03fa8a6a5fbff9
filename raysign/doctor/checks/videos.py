"""What became of the videos, where an extraction left its outcomes beside the clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded


def find(case: Case) -> Iterator[Finding]:
    """Videos that gave no clip, by outcome."""
    rows = case.outcomes or ()
    for outcome in ("failed", "skipped"):
        bad = [row for row in rows if row.outcome == outcome]
        if not bad:
            continue
        reasons = Counter(row.reason or "no reason given" for row in bad)
        shown = "; ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(3))
        yield Finding(
            f"videos_{outcome}",
            graded(len(bad) / len(rows), warning=at.FAILED_WARNING, error=at.FAILED_ERROR)
            if outcome == "failed"
            else "note",
            f"{counted(len(bad), 'video', len(rows))} {outcome} in extraction: {shown}"
            f"{'; …' if len(reasons) > 3 else ''}",
            "Their clips are not in the store; some signs or signers may lose more than others.",
            "Fetch or convert these videos again; `outcomes.parquet` says which, and why. A second "
            "extraction needs a new folder.",
            "raysign extract MANIFEST --out STORE",
            tuple(row.clip_id for row in bad),
        )
