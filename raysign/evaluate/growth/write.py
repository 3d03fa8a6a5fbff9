"""The report on disk: one HTML page that needs nothing, its numbers and its plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from raysign.draw.report import Report, write_files
from raysign.evaluate.growth.plots import pictures
from raysign.evaluate.growth.published import one_shot_line
from raysign.evaluate.growth.result import METRICS, doubled
from raysign.evaluate.protocols.asked import copies_line
from raysign.evaluate.record import opened_line
from raysign.ranking import short, signed, spoken

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.evaluate.growth.result import Growth

CAPTIONS = {
    "size.svg": "Measured, with 95 % intervals over signs, and the curve through every size that "
    "it is fitted to, with its own; dashed beyond, where it is fitted and no 95 % interval.",
    "shots.svg": "The same signs and queries with more support clips a sign.",
    "vocabulary.svg": "Models by the number of signs that they learned, asked the same.",
}


def write_report(growth: Growth, folder: str | Path) -> Path:
    """Write ``growth.html``, ``growth.json`` and the plots; returns the folder.

    Each file appears whole, the page last. ``DataError`` where the folder cannot be written.
    """
    report = report_of(growth)
    text = json.dumps(growth.as_json(), indent=2, ensure_ascii=False)
    files = {**report.plots, "growth.json": f"{text}\n"}
    return write_files(folder, {**files, "growth.html": report.page()})


def report_of(growth: Growth) -> Report:
    """What is said of a dictionary's growth."""
    return Report(
        "raysign.evaluate.growth",
        plots=pictures(growth),
        captions=CAPTIONS,
        filters={
            "doubled": doubled,
            "opened": opened_line,
            "short": short,
            "signed": signed,
            "spoken": spoken,
        },
        values={
            "growth": growth,
            "copies": copies_line(growth.card),
            "metrics": METRICS,
            "published": one_shot_line(),
        },
    )
