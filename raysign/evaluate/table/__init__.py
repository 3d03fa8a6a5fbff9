"""The paper-gap report: what was published, what our rows reach, and what explains the gap.

``build`` measures every row on the same queries, ``write_report`` writes the table as Markdown and
as one HTML page, ``Explained`` is what a sweep knows about the choices that the paper leaves open.
"""

from __future__ import annotations

from raysign.evaluate.table.build import Table, TableRow, build, parse_rows
from raysign.evaluate.table.explained import Choice, Explained, Level
from raysign.evaluate.table.published import PUBLISHED, SOURCE, STATED, Published
from raysign.evaluate.table.write import write_report

__all__ = [
    "PUBLISHED",
    "SOURCE",
    "STATED",
    "Choice",
    "Explained",
    "Level",
    "Published",
    "Table",
    "TableRow",
    "build",
    "parse_rows",
    "write_report",
]
