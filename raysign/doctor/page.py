"""The report as one HTML file that asks nothing of anybody."""

from __future__ import annotations

import math
from pathlib import Path

from raysign import __version__
from raysign.doctor.case import Case
from raysign.doctor.finding import percent, unbroken
from raysign.doctor.report import Report
from raysign.doctor.sheet import signs_sheet, worst_sheet
from raysign.draw.page import marked, rendered
from raysign.whole import whole_file

ROWS = 12
"""Of a table of groups; all are in the JSON."""


def write_page(path: str | Path, case: Case, report: Report) -> None:
    """Write the page; it appears whole or not at all. ``DataError`` where it cannot be written."""
    with whole_file(path) as draft:
        draft.write_text(render(case, report), encoding="utf-8")


def render(case: Case, report: Report) -> str:
    """The page's text. Labels and reasons come from outside: everything is escaped."""
    filters = {
        "marked": lambda text: marked(unbroken(text)),
        "percent": lambda part: "–" if math.isnan(part) else unbroken(percent(part)),
        "unbroken": unbroken,
    }
    return rendered(
        "raysign.doctor",
        "page.html.j2",
        filters,
        html=True,
        report=report,
        signs=signs_sheet(case),
        worst=worst_sheet(case, report.findings),
        rows=ROWS,
        version=__version__,
    )
