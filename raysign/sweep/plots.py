"""Pictures of a sweep: how the search went, what time buys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.figure
from matplotlib.ticker import MaxNLocator

from raysign.config.sweep import MINIMISED
from raysign.sweep.results import Outcome, pareto, usable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, SOFT = "#1f2933", "#0b7285", "#adb5bd"


NEIGHBOUR = "untrained nearest neighbour"


def history(
    outcomes: Sequence[Outcome], objective: str, baseline: float | None, known_as: str = NEIGHBOUR
) -> Figure:
    """Each trial's objective in the order of trials, and the best so far.

    ``known_as`` is what the baseline is.
    """
    figure, axes = _blank("trial", objective)
    good = sorted(usable(outcomes, (objective,)), key=lambda o: o.number)
    numbers = [o.number for o in good]
    values = [o.figures[objective] for o in good]
    axes.scatter(numbers, values, color=SOFT, label="trial", zorder=2)
    better = min if objective in MINIMISED else max
    best = [better(values[: i + 1]) for i in range(len(values))]
    axes.step(numbers, best, where="post", color=ACCENT, label="best so far")
    if baseline is not None:
        axes.axhline(baseline, color=INK, linestyle=":", label=known_as)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return figure


def against(
    outcomes: Sequence[Outcome],
    x: str,
    label: str,
    objective: Sequence[str],
    baseline: float | None,
    known_as: str = NEIGHBOUR,
) -> Figure:
    """The first objective against seconds or another figure, with the Pareto front if any."""
    figure, axes = _blank(label, objective[0])
    good = usable(outcomes, objective[:1])

    def place(o: Outcome) -> float:
        return o.seconds if x == "seconds" else o.figures[x]

    axes.scatter([place(o) for o in good], [o.figures[objective[0]] for o in good], color=SOFT)
    for o in good:
        axes.annotate(f" {o.number}", (place(o), o.figures[objective[0]]), color=INK, fontsize=8)
    if len(objective) > 1 and x in objective:
        front = sorted(pareto(outcomes, objective), key=place)
        axes.plot(
            [place(o) for o in front],
            [o.figures[objective[0]] for o in front],
            color=ACCENT,
            marker="o",
            label="Pareto front",
        )
    if baseline is not None:
        axes.axhline(baseline, color=INK, linestyle=":", label=known_as)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    return figure


def _blank(x: str, y: str) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = matplotlib.figure.Figure(figsize=(7, 4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes
