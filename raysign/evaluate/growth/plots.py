"""Pictures of growth: what was measured, the curves through it, and where these go beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysign.draw.plot import INK, THEIRS, blank, svg
from raysign.evaluate.growth.fit import FARTHEST
from raysign.evaluate.growth.published import ONE_SHOT, ONE_SHOT_SIGNS
from raysign.evaluate.growth.result import METRICS
from raysign.ranking import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Picture

    from raysign.evaluate.growth.fit import Curve
    from raysign.evaluate.growth.result import Growth
    from raysign.ranking import Figure

INKS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Okabe and Ito (2008), which the colour-blind tell apart, without the vermilion of what others
published."""

MARGIN = 1.4
"""Left and right of what is drawn, on the logarithmic axis."""


@dataclass(frozen=True)
class Series:
    """One line of a panel: points, and the curve through them if there is one."""

    label: str
    points: Sequence[tuple[int, Figure]]
    curve: Curve | None
    beyond: Sequence[tuple[float, Figure]] = ()
    """What the curve says beyond what was measured."""


def pictures(growth: Growth) -> dict[str, str]:
    """The plots as SVG texts, by file name; the same growth gives the same bytes."""
    drawn = {"size.svg": svg(over_size(growth))}
    if len(growth.shots) > 1:
        drawn["shots.svg"] = svg(over_shots(growth))
    if len({model.vocabulary for model in growth.models} - {None, 0}) > 1:
        drawn["vocabulary.svg"] = svg(over_vocabulary(growth))
    return drawn


def over_size(growth: Growth) -> Picture:
    """Each metric against the number of signs in the gallery."""
    several = len(growth.models) > 1
    until = min(growth.shown[-1], FARTHEST * growth.largest)
    beyond = np.linspace(growth.largest, until, 21)[1:].tolist() if until > growth.largest else []

    def lines(metric: str) -> list[Series]:
        return [
            Series(
                f"{shots} a sign{f', {model.name}' if several else ''}",
                [
                    (size, model.points[shots, size].figures[metric])
                    for size in growth.shown
                    if (shots, size) in model.points
                ],
                model.by_size.get((shots, metric)),
                [(at, said[metric]) for at in beyond if (said := model.fitted(shots, at))],
            )
            for model in growth.models
            for shots in growth.shots
        ]

    picture, panels = _panels("signs in the gallery", [lines(metric) for metric in METRICS])
    if growth.like_the_published:
        right = max(panels[0].get_xlim()[1], ONE_SHOT_SIGNS * MARGIN)
        panels[0].set_xlim(right=right)
        for metric, axes in zip(METRICS, panels, strict=True):
            if metric in ONE_SHOT:
                axes.plot(
                    ONE_SHOT_SIGNS, ONE_SHOT[metric], marker="D", color=THEIRS, mfc="white", ls="",
                    label="published, 1 a sign, another language and corpus",
                )  # fmt: skip
    return _with_legend(picture, panels)


def over_shots(growth: Growth) -> Picture:
    """Each metric against the support clips a sign, in the largest gallery."""
    lines = [
        [
            Series(
                model.name,
                [(k, model.points[k, growth.largest].figures[metric]) for k in growth.shots],
                model.by_shots.get(metric),
            )
            for model in growth.models
        ]
        for metric in METRICS
    ]
    picture, panels = _panels(f"support clips a sign, {growth.largest:,} signs", lines)
    panels[0].set_xticks(growth.shots, [str(shots) for shots in growth.shots])
    panels[0].set_xticks([], minor=True)
    return _with_legend(picture, panels)


def over_vocabulary(growth: Growth) -> Picture:
    """Each metric against the signs that a model learned, in the largest gallery."""
    known = sorted((model.vocabulary or 0, place) for place, model in enumerate(growth.models))
    each = [(learned, growth.models[place]) for learned, place in known if learned]
    lines = [
        [
            Series(
                f"{shots} a sign",
                [(n, m.points[shots, growth.largest].figures[metric]) for n, m in each],
                growth.by_vocabulary.get((shots, metric)),
            )
            for shots in growth.shots
        ]
        for metric in METRICS
    ]
    label = f"signs that the model learned; {growth.largest:,} signs searched"
    return _with_legend(*_panels(label, lines))


def _panels(label: str, series: Sequence[Sequence[Series]]) -> tuple[Picture, list[Axes]]:
    picture = blank(11, 3.6)
    panels = list(picture.subplots(1, len(METRICS), sharex=True, sharey=True, squeeze=False)[0])
    ends = [end for lines in series for line in lines for end, _ in (*line.points, *line.beyond)]
    left, right = min(ends) / MARGIN, max(ends) * MARGIN
    for metric, axes, lines in zip(METRICS, panels, series, strict=True):
        axes.set_title(spoken(metric), fontsize=10, color=INK)
        axes.set_xscale("log")
        axes.set_xlim(left, right)
        axes.set_ylim(0, 1)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        for line, ink in zip(lines, _inks(len(lines)), strict=True):
            _draw(axes, line, ink)
    picture.supxlabel(label, fontsize=9, color=INK)
    return picture, panels


def _draw(axes: Axes, line: Series, ink: str) -> None:
    x = np.array([at for at, _ in line.points], dtype=float)
    value, low, high = (
        np.array([getattr(point, name) for _, point in line.points])
        for name in ("value", "low", "high")
    )
    reach = np.stack([value - low, high - value]).clip(min=0)  # an interval may leave its value out
    axes.errorbar(x, value, reach, fmt="o", color=ink, ms=4, lw=1.2, label=line.label)
    if line.curve is None:
        return
    inside = np.geomspace(min(line.curve.x), max(line.curve.x), 60).clip(max=max(line.curve.x))
    within = [(at, said) for at in inside.tolist() if (said := line.curve.at(at))]
    for drawn, style in ((within, "-"), (line.beyond, "--")):
        along, figures = [at for at, _ in drawn], [figure for _, figure in drawn]
        axes.plot(along, [figure.value for figure in figures], style, color=ink, lw=1.2)
        axes.fill_between(
            along, [f.low for f in figures], [f.high for f in figures], color=ink, alpha=0.12, lw=0
        )


def _inks(count: int) -> list[str]:
    return [INKS[place % len(INKS)] for place in range(count)]


def _with_legend(picture: Picture, panels: Sequence[Axes]) -> Picture:
    handles = dict(zip(*panels[0].get_legend_handles_labels()[::-1], strict=True))
    picture.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=3, frameon=False,
        fontsize=8,
    )  # fmt: skip
    return picture
