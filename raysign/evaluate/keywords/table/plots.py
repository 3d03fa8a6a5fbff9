"""Pictures of keyword search: precision over recall, and what each finding rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.draw.plot import INK, OURS, SOFT, THEIRS, blank, svg
from raysign.evaluate.growth.plots import INKS
from raysign.evaluate.keywords.system import SPOKEN
from raysign.evaluate.keywords.table.published import JOINTS, KINDS, REPORTED
from raysign.keywords.metrics import KEYWORD_METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from raysign.evaluate.keywords.table.build import Table
    from raysign.evaluate.keywords.table.findings import Finding

LINES = {"gloss": "-", "translation": "--"}


def pictures(table: Table) -> dict[str, str]:
    """The plots as SVG texts, by file name; the same table gives the same bytes."""
    drawn = {"curves.svg": svg(curves(table))}
    if table.findings:
        drawn["findings.svg"] = svg(findings(table.findings))
    return drawn


def curves(table: Table) -> Figure:
    """Term-averaged precision over recall of each row, with the best F1; its first run."""
    figure = blank(7.2, 4.6)
    axes = figure.subplots()
    colours = dict(zip(JOINTS, INKS, strict=False))
    for row in table.rows:
        system = REPORTED[row.kind] if REPORTED[row.kind] in row.systems else row.systems[0]
        found = row.runs[0].systems[system].figures
        label = f"{KINDS[row.kind]}, {JOINTS[row.joints]}"
        colour = colours[row.joints]
        axes.plot(
            found.curve.recall,
            found.curve.precision,
            color=colour,
            linestyle=LINES[row.kind],
            label=label,
        )
        axes.plot(found.recall, found.precision, marker="o", color=colour, ls="")
    for row in {row.kind: row for row in table.rows}.values():
        found = row.frequency.figures
        axes.plot(
            found.recall, found.precision, marker="x", color=INK, ls="",
            label=f"{KINDS[row.kind]} by frequency alone",
        )  # fmt: skip
    axes.set(xlabel="recall, mean over words", ylabel="precision, mean over words")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=8)
    return figure


def findings(found: tuple[Finding, ...]) -> Figure:
    """Each comparison with its interval and the published difference; filled where it is sure."""
    rows = [*_rows(found)]
    figure = blank(9.5, 1.2 + 0.3 * len(rows))
    panels: list[Axes] = list(figure.subplots(1, len(KEYWORD_METRICS), sharey=True))
    for metric, axes in zip(KEYWORD_METRICS, panels, strict=True):
        for place, (_, difference, published) in enumerate(rows):
            if difference is None:
                continue
            by = difference[metric]
            axes.plot([by.low, by.high], [place, place], color=OURS, linewidth=1.4)
            face = OURS if by.sure else "white"
            axes.plot(by.value, place, marker="o", color=OURS, mfc=face, ls="")
            if published:
                axes.plot(
                    published[metric], place, marker="D", color=THEIRS, mfc="white", ls="", ms=5
                )
        axes.axvline(0, color=SOFT, linewidth=0.8)
        axes.set_title(f"{SPOKEN[metric]}: difference", fontsize=10, color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", alpha=0.25)
    panels[0].set_yticks(range(len(rows)), [name for name, *_ in rows], fontsize=8)
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _rows(found: tuple[Finding, ...]) -> Iterator[tuple[str, dict | None, dict | None]]:
    for finding in found:
        yield f"{finding.claim}:", None, None
        for each in finding.comparisons:
            yield each.name, each.difference, each.published
