"""Pictures of the table: published beside ours, differences, and what the open choices explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.draw.plot import INK, OURS, SOFT, THEIRS, blank, svg
from raysign.ranking import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysign.evaluate.table.build import Table
    from raysign.evaluate.table.explained import Explained
    from raysign.ranking import Figure as Value

DIFFERENCES = ("recall_at_1", "map")


def pictures(table: Table) -> dict[str, str]:
    """The plots as SVG texts, by file name; the same table gives the same bytes."""
    drawn = {"figures.svg": figures(table)}
    if len(table.rows) > 1:
        drawn["differences.svg"] = differences(table)
    if table.explained is not None:
        drawn["importance.svg"] = importance(table.explained)
    return {name: svg(figure) for name, figure in drawn.items()}


def figures(table: Table) -> Figure:
    """Each metric: our rows with their intervals, the published ones, and the untrained floor."""
    metrics = [name for name in table.untrained.figures if name != "mrr"]
    figure, panels = _panels(metrics, len(table.rows))
    for metric, axes in zip(metrics, panels, strict=True):
        for place, row in enumerate(table.rows):
            ours = row.ours.ranking.figures[metric]
            _dot(axes, ours, place - 0.12, OURS, "o", filled=True, label="ours")
            if row.published is None:
                continue
            theirs = row.published.figures[metric]
            if theirs is None:
                value = row.published.values[metric]
                axes.plot(value, place + 0.15, marker="D", color=THEIRS, mfc="white", ls="")
            else:
                _dot(axes, theirs, place + 0.15, THEIRS, "D", filled=False, label="published")
        floor = table.untrained.figures[metric].value
        axes.axvline(floor, color=INK, linestyle=":", label="untrained nearest neighbour")
        axes.set_xlim(left=0)
    _rows(panels[0], [row.label for row in table.rows])
    handles = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False
    )
    return figure


def differences(table: Table) -> Figure:
    """Each row less the row above; filled where neither signs nor seeds explain it."""
    names = [
        f"{row.label} − {above.label}"
        for above, row in zip(table.rows, table.rows[1:], strict=False)
    ]
    figure, panels = _panels(DIFFERENCES, len(names))
    for metric, axes in zip(DIFFERENCES, panels, strict=True):
        for place, row in enumerate(table.rows[1:]):
            assert row.above is not None  # every row but the first has one above
            by = row.above[metric]
            _dot(axes, by, place, OURS, "o", filled=by.sure_of_rows, label="")
        axes.axvline(0, color=INK, linewidth=0.8)
    _rows(panels[0], names)
    return figure


def importance(explained: Explained) -> Figure:
    """The share of each open choice with its interval; beside it, whether it is beyond chance."""
    titles = [
        f"share in what makes {explained.trials} trials differ",
        "variance between its values",
    ]
    figure, (shares, between) = _panels(titles, len(explained.choices))
    for place, choice in enumerate(explained.choices):
        share, colour = choice.share, OURS if choice.stands_out else SOFT
        shares.barh(place, share.value, color=colour, height=0.6)
        shares.plot([share.low, share.high], [place, place], color=INK, linewidth=1.2)
        between.barh(place, choice.between, color=colour, height=0.6)
    between.axvline(
        explained.noise, color=THEIRS, linewidth=1.2, label="the largest by chance, 95th percentile"
    )
    _rows(shares, [choice.name for choice in explained.choices])
    for axes in (shares, between):
        axes.set_xlim(left=0)
    figure.legend(frameon=False, loc="outside lower right", fontsize=8)
    return figure


def _dot(
    axes: Axes, value: Value, place: float, colour: str, marker: str, *, filled: bool, label: str
) -> None:
    axes.plot([value.low, value.high], [place, place], color=colour, linewidth=1.4)
    face = colour if filled else "white"
    axes.plot(value.value, place, marker=marker, color=colour, mfc=face, ls="", label=label or None)


def _panels(titles: list[str] | tuple[str, ...], rows: int) -> tuple[Figure, list[Axes]]:
    height = 1.3 + 0.42 * rows
    width = max(6.5, 2.1 * len(titles))
    figure = blank(width, height)
    panels = list(figure.subplots(1, len(titles), sharey=True, squeeze=False)[0])
    for title, axes in zip(titles, panels, strict=True):
        axes.set_title(spoken(title), fontsize=10, color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.tick_params(labelsize=8)
        axes.grid(axis="x", alpha=0.25)
        axes.margins(y=0.08)
    return figure, panels


def _rows(axes: Axes, names: list[str]) -> None:
    """Names beside the rows, the first on top; the panels share the axis."""
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
