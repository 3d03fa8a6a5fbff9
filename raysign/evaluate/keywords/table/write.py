"""The report on disk: Markdown with its plots beside it, and one HTML page that needs nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raysign import __version__
from raysign.draw.page import rendered
from raysign.evaluate.growth.write import make_folder
from raysign.evaluate.keywords.result import CONTEXTS, located_lines
from raysign.evaluate.keywords.system import SPOKEN
from raysign.evaluate.keywords.table.plots import pictures
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, PUBLISHED, REPORTED
from raysign.evaluate.record import opened_line
from raysign.keywords.metrics import KEYWORD_METRICS
from raysign.ranking import short, signed
from raysign.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    folder = make_folder(folder)
    plots = pictures(table)
    text = json.dumps(table.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
    files = {**plots, "table.json": f"{text}\n", "report.md": markdown(table, plots)}
    for name, content in {**files, "report.html": page(table, plots)}.items():
        with whole_file(folder / name) as draft:
            draft.write_text(content, encoding="utf-8")
    return folder


def markdown(table: Table, plots: Mapping[str, str]) -> str:
    """The report for a repository; its plots are files beside it."""
    return _rendered("report.md.j2", table, {name: name for name in plots}, html=False)


def page(table: Table, plots: Mapping[str, str]) -> str:
    """The report as one HTML file that asks nothing of anybody."""
    inline = {
        name: f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"
        for name, svg in plots.items()
    }
    return _rendered("report.html.j2", table, inline, html=True)


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


def _rendered(template: str, table: Table, plots: Mapping[str, str], *, html: bool) -> str:
    filters = {
        "short": lambda value: "–" if value is None else short(value),
        "signed": lambda value: "–" if value is None else signed(value),
        "spoken": SPOKEN.__getitem__,
        "opened": opened_line,
        "percent": lambda part: f"{100 * part:.0f} %",
        "cell": str if html else _cell,
        "begun": lambda text: text[:1].upper() + text[1:],
    }
    return rendered(
        "raysign.evaluate.keywords.table",
        template,
        filters,
        html=html,
        table=table,
        kinds=[kind for kind in KINDS if any(row.kind == kind for row in table.rows)],
        spoken_kinds=KINDS,
        joints=JOINTS,
        systems={id(row): shown_systems(row) for row in table.rows},
        id=id,
        located={
            id(row): located_lines(row.runs[0].located) for row in table.rows if row.runs[0].located
        },
        metrics=KEYWORD_METRICS,
        plots=plots,
        captions=CAPTIONS,
        version=__version__,
    )


def _cell(text: object) -> str:
    """Text of others in a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
