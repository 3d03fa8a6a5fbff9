"""The report on disk: one HTML page that needs nothing, its numbers and its plots."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from raysign import __version__
from raysign.draw.page import rendered
from raysign.errors import DataError
from raysign.evaluate.growth.plots import pictures
from raysign.evaluate.growth.published import one_shot_line
from raysign.evaluate.growth.result import METRICS, doubled
from raysign.evaluate.protocols.asked import copies_line
from raysign.evaluate.record import opened_line
from raysign.ranking import short, signed, spoken
from raysign.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.evaluate.growth.result import Growth

CAPTIONS = {
    "size.svg": "Measured, with 95 % intervals over signs, and the curve through every size that "
    "it is fitted to, with its own; dashed beyond, where it is fitted and no 95 % interval.",
    "shots.svg": "The same signs and queries with more support clips a sign.",
    "vocabulary.svg": "Models by the number of signs that they learned, asked the same.",
}


def make_folder(folder: str | Path) -> Path:
    """The folder of a report, made where there is none.

    ``DataError`` where it is a file, or cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataError(
            f"the report cannot be kept in {str(folder)!r}: {error.strerror}; "
            "give --out a folder that can be written"
        ) from None
    return folder


def write_report(growth: Growth, folder: str | Path) -> Path:
    """Write ``growth.html``, ``growth.json`` and the plots; returns the folder.

    Each file appears whole, the page last. ``DataError`` where the folder cannot be written.
    """
    folder = make_folder(folder)
    plots = pictures(growth)
    text = json.dumps(growth.as_json(), indent=2, ensure_ascii=False)
    files = {**plots, "growth.json": f"{text}\n", "growth.html": page(growth, plots)}
    for name, content in files.items():
        with whole_file(folder / name) as draft:
            draft.write_text(content, encoding="utf-8")
    return folder


def page(growth: Growth, plots: Mapping[str, str]) -> str:
    """The report as one HTML file that asks nothing of anybody."""
    inline = {
        name: f"data:image/svg+xml;base64,{b64encode(text.encode()).decode()}"
        for name, text in plots.items()
    }
    return rendered(
        "raysign.evaluate.growth",
        "report.html.j2",
        {
            "doubled": doubled,
            "opened": opened_line,
            "short": short,
            "signed": signed,
            "spoken": spoken,
        },
        html=True,
        growth=growth,
        copies=copies_line(growth.card),
        metrics=METRICS,
        plots=inline,
        captions=CAPTIONS,
        published=one_shot_line(),
        version=__version__,
    )
