"""The report on disk: Markdown with its plots beside it, and one HTML page that needs nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from raysign.draw.report import Report
from raysign.evaluate.keywords.result import CONTEXTS, located_lines
from raysign.evaluate.keywords.system import SPOKEN
from raysign.evaluate.keywords.table.plots import pictures
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, PUBLISHED, REPORTED
from raysign.evaluate.record import opened_line
from raysign.keywords.metrics import KEYWORD_METRICS
from raysign.ranking import short, signed

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.evaluate.keywords.table.build import Table
    from raysign.evaluate.keywords.table.row import Row

CAPTIONS = {
    "curves.svg": "Precision and recall, averaged over words, at falling thresholds; the dot is "
    "the best F1. Glosses without context, written words with the MLP's, as published; of each "
    "row its first run.",
    "findings.svg": "Each comparison with its 95 % interval, filled where neither the choice of "
    "sentences (and words) nor, as far as it is known, that of seeds explains it; diamonds: "
    "published.",
}


def write_report(table: Table, folder: str | Path) -> Path:
    """Write ``report.md``, ``report.html``, ``table.json`` and the plots; returns the folder.

    Each file appears whole, the HTML page last. ``DataError`` where the folder cannot be written.
    """
    text = json.dumps(table.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
    return report_of(table).write(folder, table=text)


def report_of(table: Table) -> Report:
    """What is said of a table."""
    return Report(
        "raysign.evaluate.keywords.table",
        plots=pictures(table),
        captions=CAPTIONS,
        filters={
            "short": lambda value: "–" if value is None else short(value),
            "signed": lambda value: "–" if value is None else signed(value),
            "spoken": SPOKEN.__getitem__,
            "opened": opened_line,
        },
        values={
            "table": table,
            "kinds": [kind for kind in KINDS if any(row.kind == kind for row in table.rows)],
            "spoken_kinds": KINDS,
            "joints": JOINTS,
            "systems": {id(row): shown_systems(row) for row in table.rows},
            "id": id,
            "located": {
                id(row): located_lines(row.runs[0].located)
                for row in table.rows
                if row.runs[0].located
            },
            "metrics": KEYWORD_METRICS,
        },
    )


def shown_systems(row: Row) -> list[dict[str, Any]]:
    """What the tables say of a row: each of its systems, with figures, spread and published."""
    return [
        {
            "name": CONTEXTS.get(system, system),
            "reported": system == REPORTED[row.kind],
            "figures": row.figures(system),
            "spread": row.spread(system),
            "published": PUBLISHED.get((row.kind, row.joints, system)),
        }
        for system in row.systems
    ]
