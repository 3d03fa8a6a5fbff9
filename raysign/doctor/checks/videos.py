"""What became of the videos, where extraction or import left outcomes beside the clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded


def find(case: Case) -> Iterator[Finding]:
    """Videos that gave no clip, by outcome."""
    rows = case.outcomes or ()
    if case.settings is not None:
        how = "extraction"
        again = (
            "Then give the same `raysign extract` command again with `--update`: it takes over "
            "what is the same."
        )
    else:
        how, again = "import", "Then import all of them into a new store."
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
            f"{counted(len(bad), 'video', len(rows))} {outcome} in {how}: {shown}"
            f"{'; …' if len(reasons) > 3 else ''}",
            "Their clips are not in the store; some signs or signers may lose more than others.",
            "Fetch or convert them again; `outcomes.parquet` says which they are, and why. "
            + again,
            clip_ids=tuple(row.clip_id for row in bad),
        )
