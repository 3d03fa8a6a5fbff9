"""Pictures of a sweep: how the search went, what time buys, and who stands where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.collections import PathCollection
from matplotlib.ticker import MaxNLocator

from raysign.config.sweep import MINIMISED
from raysign.draw.plot import INK, OURS, SOFT, blank
from raysign.sweep.results import Outcome, pareto, usable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysign.sweep.chosen import Selection

VERDICTS = {
    "winner": ("#c2410c", "winner"),
    "tied": (OURS, "within noise"),
    "beaten": (SOFT, "behind by more"),
}
"""Colour, and what it is called."""
MOST_SHOWN = 30
"""Trials in the picture of the standings."""

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
    axes.step(numbers, best, where="post", color=OURS, label="best so far")
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
            color=OURS,
            marker="o",
            label="Pareto front",
        )
    if baseline is not None:
        axes.axhline(baseline, color=INK, linestyle=":", label=known_as)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    return figure


def standings(selection: Selection) -> Figure:
    """Each trial's mean with its interval over signs, and its trainings, the best at the top.

    Beside it, what it is less than the leader, with the interval by which it is judged: trials are
    compared sign by sign, so two may differ for sure whose own intervals overlap.
    """
    shown = selection.standings[:MOST_SHOWN]
    figure = _figure(height=1.2 + 0.26 * len(shown))
    axes, beside = figure.subplots(1, 2, sharey=True)
    _plain(axes, selection.spoken, "trial")
    _plain(beside, "less the leader", "")
    beside.axvline(0, color=INK, linewidth=1)
    for row, standing in enumerate(shown):
        colour, called = VERDICTS[selection.verdict(standing)]
        for place, figures in ((axes, standing.mean), (beside, standing.behind)):
            place.plot([figures.low, figures.high], [row, row], color=colour, linewidth=2)
            place.plot(figures.value, row, "o", color=colour, markersize=7, label=called)
        if len(standing.runs) > 1:
            seeds = [row] * len(standing.runs)
            axes.plot(standing.runs, seeds, "|", color=INK, markersize=9, label="one seed")
    axes.set_yticks(range(len(shown)), [str(standing.number) for standing in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    more = len(selection.standings) - len(shown)
    if more:
        axes.set_title(f"and {more} more below", loc="left", fontsize=9, color=INK)
    _name_each_once(axes)
    return figure


def front(outcomes: Sequence[Outcome], selection: Selection) -> Figure:
    """The first objective, with intervals, against latency; a dot's area is the parameters.

    A line joins what of the front is better than every cheaper trial by more than noise; a hollow
    dot on the front is not.
    """
    figure, axes = _blank("latency ms", selection.spoken)
    place = {o.number: o.figures["latency_ms"] for o in outcomes}
    weights = {o.number: o.figures["parameters"] for o in outcomes}
    most = max(weights.values())
    held = selection.front.trials if selection.front else ()
    worth = selection.front.worth if selection.front else ()
    for standing in selection.standings:
        number, mean = standing.number, standing.mean
        colour, called = VERDICTS[selection.verdict(standing)]
        hollow = number in held and number not in worth
        axes.plot([place[number]] * 2, [mean.low, mean.high], color=colour, alpha=0.5, zorder=1)
        axes.scatter(
            place[number],
            mean.value,
            s=30 + 220 * weights[number] / most,
            facecolor="white" if hollow else colour,
            edgecolor=colour,
            linewidth=1.5,
            zorder=3,
            label=called,
        )
        axes.annotate(
            str(number),
            (place[number], mean.value),
            xytext=(7, 7),
            textcoords="offset points",
            color=INK,
            fontsize=8,
        )
    means = {standing.number: standing.mean.value for standing in selection.standings}
    line = sorted((n for n in worth if n in means), key=place.__getitem__)
    if line:
        axes.plot(
            [place[n] for n in line],
            [means[n] for n in line],
            color=INK,
            linewidth=1,
            zorder=2,
            label="Pareto front beyond noise",
        )
    title = f"area: parameters, up to {most:,.0f}"
    if held != worth:
        title += "; hollow: on the front by no more than noise"
    axes.set_title(title, loc="left", fontsize=9, color=INK)
    _name_each_once(axes)
    return figure


def _name_each_once(axes: Axes) -> None:
    named = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    legend = axes.legend(named.values(), named.keys(), frameon=False, fontsize=9)
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_sizes([40])


def _blank(x: str, y: str) -> tuple[Figure, Axes]:
    figure = _figure(height=4)
    axes = figure.add_subplot()
    _plain(axes, x, y)
    return figure, axes


def _figure(height: float) -> Figure:
    figure = blank(7, height)
    figure.set_dpi(120)
    return figure


def _plain(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
