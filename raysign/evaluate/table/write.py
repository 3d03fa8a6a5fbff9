"""The report on disk: Markdown with its plots beside it, and one HTML page that needs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from raysign.draw.report import Report
from raysign.evaluate.record import opened_line
from raysign.evaluate.table.plots import pictures
from raysign.evaluate.table.published import PUBLISHED
from raysign.ranking import short, signed, spoken

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.evaluate.table.build import Table

CAPTIONS = {
    "figures.svg": "Ours with 95 % intervals over signs; published with the sampling error of as "
    "many independent queries, as far as a figure is a share of queries.",
    "differences.svg": "Each row less the row above, in pairs; filled where neither the choice of "
    "signs nor, as far as it is known, that of seeds explains it.",
    "importance.svg": "What the choices that the paper leaves open explain, by a random forest "
    "(fANOVA; 95 % over trials), and how much of the variance lies between the values of each, or "
    "the thirds of its range; grey where that is no more than chance gives.",
}


def write_report(table: Table, folder: str | Path) -> Path:
    """Write ``report.md``, ``report.html``, ``table.json`` and the plots; returns the folder.

    Each file appears whole, the HTML page last. ``DataError`` where the folder cannot be written.
    """
    text = json.dumps(table.as_json(), indent=2, ensure_ascii=False)
    return report_of(table).write(folder, table=text)


def report_of(table: Table) -> Report:
    """What is said of a table."""
    return Report(
        "raysign.evaluate.table",
        plots=pictures(table),
        captions=CAPTIONS,
        filters={
            "figure": lambda value: "–" if value is None else str(value),
            "short": lambda value: "–" if value is None else short(value),
            "signed": lambda value: "–" if value is None else signed(value),
            "spoken": spoken,
            "opened": opened_line,
        },
        values={
            "table": table,
            "metrics": list(table.untrained.figures),
            "published": PUBLISHED,
        },
    )
