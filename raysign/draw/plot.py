"""Plots: their colours, an empty one, and its text."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import matplotlib
import matplotlib.figure
from matplotlib.backends.backend_agg import FigureCanvasAgg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, OURS, THEIRS, SOFT = "#1f2933", "#0b7285", "#d9480f", "#adb5bd"
"""Of text, of what is ours, of what stands beside it, and of what matters less."""


def blank(width: float, height: float) -> Figure:
    """An empty figure, in inches, that asks for no window."""
    figure = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def svg(figure: Figure) -> str:
    """A figure as SVG text; the same figure gives the same bytes."""
    text = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "raysign"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
