"""The report as one HTML file that asks nothing of anybody."""

from __future__ import annotations

import math
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from raysign import __version__
from raysign.doctor.case import Case
from raysign.doctor.finding import percent, unbroken
from raysign.doctor.report import Report
from raysign.doctor.sheet import signs_sheet, worst_sheet
from raysign.whole import whole_file

ROWS = 12
"""Of a table of groups; all are in the JSON."""


def write_page(path: str | Path, case: Case, report: Report) -> None:
    """Write the page; it appears whole or not at all. ``DataError`` where it cannot be written."""
    with whole_file(path) as draft:
        draft.write_text(render(case, report), encoding="utf-8")


def render(case: Case, report: Report) -> str:
    """The page's text. Labels and reasons come from outside: everything is escaped."""
    house = Environment(
        loader=PackageLoader("raysign.doctor", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    house.filters["marked"] = _marked
    house.filters["percent"] = lambda part: "–" if math.isnan(part) else unbroken(percent(part))
    house.filters["unbroken"] = unbroken
    return house.get_template("page.html.j2").render(
        report=report,
        signs=signs_sheet(case),
        worst=worst_sheet(case, report.findings),
        rows=ROWS,
        version=__version__,
    )


def _marked(text: str) -> Markup:
    """What stands in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(unbroken(text)))))
