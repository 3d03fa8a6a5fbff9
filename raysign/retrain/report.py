"""The report on disk: Markdown with its plots beside it, one HTML page that needs nothing, JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from raysign import __version__
from raysign.draw.page import rendered
from raysign.errors import DataError
from raysign.ranking import short, signed, spoken
from raysign.retrain.plots import pictures
from raysign.retrain.verdict import GATES
from raysign.tracking.pages import cell
from raysign.whole import whole_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from raysign.retrain.decision import Decision

SHOWN = 20
"""Signs of a protocol in a table, those that lost most; all are in the JSON."""
CAPTIONS = {
    "gates.svg": "Candidate − rival with its 95 % interval over signs; the bar is where the gate "
    "lies, hollow dots are the models of all seeds.",
    "signs.svg": "What each sign gained or lost, in order; the band is what another seed of the "
    "same training moves a sign by (± one standard deviation), marked are those that lost more.",
    "drift.svg": "The clips that train: those of the champion, where they are known, and those of "
    "the candidate.",
}


def write_report(decision: Decision, folder: Path) -> None:
    """Write ``report.md``, ``report.html``, ``decision.json`` and the plots.

    Each file appears whole. ``DataError`` where the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"the report cannot be kept in {str(folder)!r}: {error.strerror}") from None
    plots = pictures(decision)
    text = json.dumps(decision.as_json(), indent=1, ensure_ascii=False)
    files = {**plots, "decision.json": f"{text}\n", "report.md": markdown(decision, plots)}
    for name, content in {**files, "report.html": page(decision, plots)}.items():
        with whole_file(folder / name) as draft:
            draft.write_text(content, encoding="utf-8")


def markdown(decision: Decision, plots: Mapping[str, str]) -> str:
    """The report for a repository; its plots are files beside it."""
    return _rendered("report.md.j2", decision, {name: name for name in plots}, html=False)


def page(decision: Decision, plots: Mapping[str, str]) -> str:
    """The report as one HTML file that asks nothing of anybody."""
    inline = {
        name: f"data:image/svg+xml;base64,{b64encode(text.encode()).decode()}"
        for name, text in plots.items()
    }
    return _rendered("report.html.j2", decision, inline, html=True)


def _rendered(template: str, decision: Decision, plots: Mapping[str, str], *, html: bool) -> str:
    filters = {
        "short": short,
        "signed": signed,
        "spoken": spoken,
        "cell": str if html else cell,
        "begun": lambda text: text[:1].upper() + text[1:],
    }
    return rendered(
        "raysign.retrain",
        template,
        filters,
        html=html,
        decision=decision,
        drift=decision.drift,
        gates=GATES,
        plots=plots,
        captions=CAPTIONS,
        shown=SHOWN,
        version=__version__,
    )
