"""The report on disk: Markdown with its plots beside it, and one HTML page that needs nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from raysign import __version__
from raysign.draw.page import marked, rendered
from raysign.errors import DataError
from raysign.evaluate.record import opened_line
from raysign.evaluate.table.plots import pictures
from raysign.evaluate.table.published import PUBLISHED
from raysign.ranking import short, signed, spoken
from raysign.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.evaluate.table.build import Table

CAPTIONS = {
    "figures.svg": "Ours with 95 % intervals over signs; published with the sampling error of as "
    "many independent queries, as far as a figure is a share of queries.",
    "differences.svg": "Each row less the row above, in pairs; filled where neither the choice of "
    "signs nor, as far as it is known, that of seeds explains it.",
    "importance.svg": "What the choices that the paper leaves open explain; grey where it is no "
    "more than chance gives.",
}


def write_report(table: Table, folder: str | Path) -> Path:
    """Write ``report.md``, ``report.html``, ``table.json`` and the plots; returns the folder.

    Each file appears whole, the HTML page last. ``DataError`` where the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"the report cannot be kept in {str(folder)!r}: {error.strerror}; "
            "give --out a folder that can be written"
        ) from None
    plots = pictures(table)
    text = json.dumps(table.as_json(), indent=2, ensure_ascii=False)
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


def _rendered(template: str, table: Table, plots: Mapping[str, str], *, html: bool) -> str:
    filters = {
        "figure": lambda value: "–" if value is None else str(value),
        "short": lambda value: "–" if value is None else short(value),
        "signed": lambda value: "–" if value is None else signed(value),
        "spoken": spoken,
        "opened": opened_line,
        "percent": lambda part: f"{100 * part:.0f} %",
        "marked": marked if html else str,
        "cell": _cell if not html else str,
    }
    return rendered(
        "raysign.evaluate.table",
        template,
        filters,
        html=html,
        table=table,
        metrics=list(table.untrained.figures),
        published=PUBLISHED,
        plots=plots,
        captions=CAPTIONS,
        version=__version__,
    )


def _cell(text: object) -> str:
    """Text of others in a Markdown table."""
    return str(text).replace("|", "\\|").replace("\n", " ")
