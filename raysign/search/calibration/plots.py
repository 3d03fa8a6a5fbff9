"""Pictures of a confidence: what a threshold costs and gives, and whether the chances are true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from raysign.draw.plot import INK, OURS, SOFT, THEIRS, blank
from raysign.ranking.open_set import Sweep, reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysign.ranking import OpenSet

STYLES = {
    "confidence": ("P(none)", OURS, "-"),
    "top": ("best score", THEIRS, "-"),
    "energy": ("energy", SOFT, "--"),
    "margin": ("margin", SOFT, ":"),
}
STEPS = 20


def picture(open_set: OpenSet, refuse: float) -> Figure:
    """The curve, the reliability diagram and the distributions, side by side."""
    figure = blank(11.4, 4.0)
    panels = figure.subplots(1, 3)
    for axes, draw in zip(panels, (_curve, _reliable, _spread), strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.2)
        draw(axes, open_set, refuse)
        axes.xaxis.label.set_size(9)
        axes.yaxis.label.set_size(9)
        axes.title.set_size(10)
        axes.legend(frameon=False, fontsize=8)
    return figure


def _curve(axes: Axes, open_set: OpenSet, refuse: float) -> None:
    asks = open_set.asks
    right = asks.first_is_right & asks.known
    half = open_set.crossed.half
    refused = np.linspace(0, 1, 501)
    for name, (label, colour, style) in STYLES.items():
        strange = open_set.crossed.said[name].strangeness
        each = [Sweep(strange[own], asks.known[own], right[own]).curve() for own in (half, ~half)]
        # at the same cost, the mean of the halves; both fall from 1
        noticed = np.mean([np.interp(refused, x[::-1], y[::-1]) for x, y in each], axis=0)
        auroc = open_set.figures[name]["auroc"].value
        axes.plot(refused, noticed, style, color=colour, label=f"{label}, AUROC {auroc:.2f}")
    point = open_set.at(refuse)
    axes.errorbar(
        point.refused.value,
        point.noticed.value,
        xerr=_arms(point.refused.value, point.refused.low, point.refused.high),
        yerr=_arms(point.noticed.value, point.noticed.low, point.noticed.high),
        color=INK,
        marker="o",
        ms=4,
        label="the threshold",
        zorder=5,
    )
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle=(0, (1, 3)))
    axes.set(
        xlim=(-0.01, 1),
        ylim=(0, 1.01),
        title="What a threshold costs and gives",
        xlabel="known signs wrongly called unknown",
        ylabel="unknown signs noticed",
    )


def _reliable(axes: Axes, open_set: OpenSet, refuse: float) -> None:
    asks, said = open_set.asks, open_set.crossed.said["confidence"]
    right = asks.first_is_right & asks.known
    for label, chance, true, colour, mark in (
        ("best sign", said.first, right, OURS, "o"),
        ("not in this dictionary", said.none, ~asks.known, THEIRS, "D"),
    ):
        said_true = reliability(chance, true, open_set.weights)
        axes.plot(*said_true.T, mark, ls="-", lw=1, ms=4, color=colour, label=label)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle=(0, (1, 3)))
    axes.set(
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        title="Are the chances true?",
        xlabel="chance that was said",
        ylabel="share that was so",
    )


def _spread(axes: Axes, open_set: OpenSet, refuse: float) -> None:
    none, known = open_set.crossed.said["confidence"].none, open_set.asks.known
    bins = np.linspace(0, 1, STEPS + 1).tolist()
    for label, which, colour in (("known signs", known, OURS), ("unknown signs", ~known, THEIRS)):
        share = np.full(int(which.sum()), 1 / which.sum())
        axes.hist(none[which], bins, weights=share, color=colour, alpha=0.55, label=label)
    axes.axvline(open_set.at(refuse).threshold, color=INK, linewidth=1, label="the threshold")
    axes.set(
        xlim=(0, 1),
        title="Who gets which chance",
        xlabel='chance of "not in this dictionary"',
        ylabel="share of queries",
    )


def _arms(value: float, low: float, high: float) -> list[list[float]]:
    return [[max(0.0, value - low)], [max(0.0, high - value)]]
