"""Pictures of a decision: the gates, what each sign gained or lost, and how the data drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from raysign.draw.plot import INK, OURS, SOFT, THEIRS, blank, svg
from raysign.ranking import spoken
from raysign.retrain.profile import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysign.retrain.decision import Decision
    from raysign.retrain.drift import Drift
    from raysign.retrain.forgetting import Forgetting
    from raysign.retrain.verdict import Verdict


def pictures(decision: Decision) -> dict[str, str]:
    """The plots as SVG texts, by file name; the same decision gives the same bytes."""
    drawn = {"gates.svg": gates(decision.verdicts)}
    if decision.forgetting:
        drawn["signs.svg"] = signs(decision.forgetting)
    if not decision.drift.same:
        drawn["drift.svg"] = drift(decision.drift)
    return {name: svg(figure) for name, figure in drawn.items()}


def gates(verdicts: Sequence[Verdict]) -> Figure:
    """Each protocol's difference with its interval, where its gate lies, and the other seeds."""
    figure, (axes,) = _panels(1, (7.2, 1.2 + 0.5 * len(verdicts)))
    for place, verdict in enumerate(verdicts):
        by, metric = verdict.by, verdict.protocol.metric
        rival = verdict.rival.figures[metric].value
        each = [seed.figures[metric].value - rival for seed in verdict.seeds]
        axes.plot(each, [place + 0.22] * len(each), "o", ms=4, mfc="white", color=SOFT, ls="")
        colour = (OURS if verdict.passed else THEIRS) if verdict.gate else INK
        axes.plot([by.low, by.high], [place, place], color=colour, linewidth=2)
        axes.plot(by.value, place, "o", color=colour, ms=7)
        if verdict.gate:
            gate = 0.0 if verdict.protocol.gate == "better" else -verdict.protocol.margin
            axes.plot([gate, gate], [place - 0.35, place + 0.35], color=INK, linewidth=1.4)
    axes.axvline(0, color=INK, linewidth=0.6, linestyle=":")
    names = [f"{v.name}, {spoken(v.protocol.metric)}" for v in verdicts]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("candidate − rival", fontsize=9)
    return figure


def signs(each: Sequence[Forgetting]) -> Figure:
    """What every sign gained or lost, in order; the forgotten ones stand out."""
    figure, panels = _panels(len(each), (7.2, 2.6 * len(each)), stacked=True)
    for axes, forgetting in zip(panels, each, strict=True):
        change = np.array([row.change for row in forgetting.signs])
        colours = [THEIRS if row.forgotten else SOFT for row in forgetting.signs]
        axes.bar(np.arange(len(change)), change, width=1.0, color=colours)
        if forgetting.noise is not None:
            axes.axhspan(-forgetting.noise, forgetting.noise, color=OURS, alpha=0.15, linewidth=0)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_title(f"{forgetting.protocol}: AP of each sign, candidate − champion", fontsize=10)
        axes.set_xlabel(f"{len(change):,} signs", fontsize=9)
        axes.set_xticks([])
    return figure


def drift(drift: Drift) -> Figure:
    """Clips a sign, lengths and hands, of the champion's data and of the candidate's."""
    figure, (counts, lengths, hands) = _panels(3, (8.6, 2.7))
    for profile, colour, name in ((drift.then, SOFT, "then"), (drift.now, OURS, "now")):
        if profile is None:
            continue
        clips = np.sort(np.array(list(profile.signs.values())))[::-1]
        counts.step(np.arange(1, len(clips) + 1), clips, color=colour, where="mid", label=name)
        for axes, values in ((lengths, profile.length_s), (hands, profile.hands)):
            if values:
                axes.plot(values, QUANTILES, color=colour, linewidth=1.8)
    counts.set_title("clips of each sign", fontsize=10)
    counts.set_ylim(bottom=0)
    lengths.set_title("length of a clip, s", fontsize=10)
    hands.set_title("frames with a hand, share", fontsize=10)
    for axes in (lengths, hands):
        axes.set_ylabel("% of clips at most", fontsize=8)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _panels(
    count: int, size: tuple[float, float], *, stacked: bool = False
) -> tuple[Figure, list[Axes]]:
    figure = blank(*size)
    shape = (count, 1) if stacked else (1, count)
    panels = list(figure.subplots(*shape, squeeze=False).ravel())
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        axes.grid(axis="y" if stacked else "x", alpha=0.25)
    return figure, panels
