"""A calibration as one HTML file that asks nothing of anybody."""

from __future__ import annotations

from pathlib import Path

from raysign import __version__
from raysign.draw.page import marked, rendered
from raysign.draw.plot import svg
from raysign.draw.report import inlined
from raysign.ranking import short
from raysign.search.calibration.flow import Calibrated
from raysign.search.calibration.plots import STYLES, picture
from raysign.whole import whole_file

WORDS = {
    "auroc": "AUROC",
    "fpr_at_95_tpr": "FPR at 95 % TPR",
    "oscr": "OSCR",
    "log_loss": "log loss of P(none)",
    "error_first": "calibration error of the best sign",
    "error_none": "calibration error of P(none)",
}
"""What people call the figures."""


def write_page(path: str | Path, done: Calibrated) -> None:
    """Write the page; it appears whole or not at all. ``DataError`` where it cannot be written."""
    with whole_file(path) as draft:
        draft.write_text(render(done), encoding="utf-8")


def render(done: Calibrated) -> str:
    """The page's text."""
    plot = svg(picture(done.open_set, done.confidence.fitted_on.refuse))
    return rendered(
        "raysign.search.calibration",
        "page.html.j2",
        {"marked": marked, "short": short, "percent": lambda part: f"{100 * part:.1f} %"},
        html=True,
        done=done,
        confidence=done.confidence,
        on=done.confidence.fitted_on,
        methods={name: label for name, (label, *_) in STYLES.items()},
        words=WORDS,
        plot=inlined(plot),
        version=__version__,
    )
