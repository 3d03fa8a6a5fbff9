"""The report on disk: Markdown with its plots beside it, one HTML page that needs nothing, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from raysign.draw.report import Report
from raysign.ranking import short, signed, spoken
from raysign.retrain.plots import pictures
from raysign.retrain.verdict import GATES

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.retrain.decision import Decision

SHOWN = 20
"""Signs of a protocol in a table, those that lost most; all are in the JSON."""
CAPTIONS = {
    "gates.svg": "Candidate − rival with its 95 % interval over signs; the bar is where the gate "
    "lies, hollow dots are the models of all seeds.",
    "signs.svg": "What each sign gained or lost, in order; the band is what another seed of the "
    "same training moves a sign by (± one standard deviation), marked are those that lost more.",
    "drift.svg": "The clips that train: those of the champion, where they are known, and those of "
    "the candidate.",
}


def write_report(decision: Decision, folder: Path) -> None:
    """Write ``report.md``, ``report.html``, ``decision.json`` and the plots.

    Each file appears whole. ``DataError`` where the folder cannot be written.
    """
    text = json.dumps(decision.as_json(), indent=1, ensure_ascii=False)
    report_of(decision).write(folder, decision=text)


def report_of(decision: Decision) -> Report:
    """What is said of a decision."""
    return Report(
        "raysign.retrain",
        plots=pictures(decision),
        captions=CAPTIONS,
        filters={"short": short, "signed": signed, "spoken": spoken},
        values={"decision": decision, "drift": decision.drift, "gates": GATES, "shown": SHOWN},
    )
