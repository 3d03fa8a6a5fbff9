"""Keyword search beside what was published: two tables, curves, and whether the findings hold."""

from __future__ import annotations

from raysign.evaluate.keywords.table.build import Table, build
from raysign.evaluate.keywords.table.findings import Comparison, Finding
from raysign.evaluate.keywords.table.row import Row
from raysign.evaluate.keywords.table.write import write_report

__all__ = ["Comparison", "Finding", "Row", "Table", "build", "write_report"]
