"""What a store's owner wants to know before it costs GPU hours, on one page."""

from __future__ import annotations

from raysign.doctor.case import Case, open_case
from raysign.doctor.finding import Finding
from raysign.doctor.page import write_page
from raysign.doctor.report import Report, examine
from raysign.doctor.text import as_text

__all__ = ["Case", "Finding", "Report", "as_text", "examine", "open_case", "write_page"]
