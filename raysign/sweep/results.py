"""What came out of a sweep: every trial with its values and figures, ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.config.sweep import MINIMISED
from raysign.train import figure

if TYPE_CHECKING:
    from raysign.sweep.front import Front

COSTS = ("latency_ms", "parameters")
INTERRUPTED = "interrupted"
"""The error of a trial that was stopped with its sweep, and goes on with it."""


@dataclass(frozen=True)
class Columns:
    """What the leaderboard shows of a task's trials, by the names that people know."""

    floor: str
    """What the baseline's row is called."""
    sure: Mapping[str, str]
    """Figures with their intervals, the first one mAP."""
    plain: Mapping[str, str]
    """Figures without."""

    @property
    def heads(self) -> str:
        return " | ".join([*self.sure, *self.plain])

    def cells(self, figures: Mapping[str, float]) -> str:
        """Their values in a row of the table."""
        sure = [str(figure(figures, f"val/{name}")) for name in self.sure.values()]
        plain = [f"{figures[f'val/{name}']:.3f}".removeprefix("0") for name in self.plain.values()]
        return " | ".join([*sure, *plain])


COLUMNS: Mapping[str, Columns] = {
    "signs": Columns(
        "untrained",
        {"val mAP": "map", "R@1": "recall_at_1"},
        {"R@5": "recall_at_5", "R@10": "recall_at_10", "R@50": "recall_at_50", "MRR": "mrr"},
    ),
    "keywords": Columns("chance, frequency", {"val mAP": "map", "maxF1": "max_f1"}, {}),
}
"""By ``task`` of the sweep."""


def reported_name(objective: str) -> str:
    """Where a trial's report carries an objective: that of its best epoch so far."""
    return f"best/{objective}" if objective.startswith("val/") else objective


@dataclass(frozen=True)
class Outcome:
    """One trial."""

    number: int
    values: Mapping[str, Any]
    figures: Mapping[str, float]
    """Those of the best epoch: every ``val/…`` with its interval and counts, and ``COSTS``."""
    epochs: int
    seconds: float
    error: str = ""
    too_slow: bool = False
    """Its ``latency_ms`` is above the sweep's budget."""
    state: str = ""
    """The folder of its state."""
    run_id: str = ""

    @classmethod
    def of(
        cls, number: int, values: Mapping[str, Any], result: Mapping[str, Any], **more: Any
    ) -> Outcome:
        """From what the trial reported last."""
        found = {
            name.removeprefix("best/"): float(value)
            for name, value in result.items()
            if name.startswith("best/val/") or name in COSTS
        }
        return cls(
            number,
            values,
            found,
            int(result.get("epoch", 0)),
            float(result.get("trial_s", 0.0)),
            **more,
        )


def usable(outcomes: Sequence[Outcome], objective: Sequence[str]) -> list[Outcome]:
    """Trials that did not fail, are not too slow, and have every objective."""
    return [
        o
        for o in outcomes
        if not (o.error or o.too_slow) and all(name in o.figures for name in objective)
    ]


def ranked(outcomes: Sequence[Outcome], objective: Sequence[str]) -> list[Outcome]:
    """Best first by the first objective; others (see ``usable``) at the end."""
    good = usable(outcomes, objective)
    good.sort(key=lambda o: _worth(o, objective[0]), reverse=True)
    return good + [o for o in outcomes if o not in good]


def pareto(outcomes: Sequence[Outcome], objective: Sequence[str]) -> list[Outcome]:
    """Trials that no other beats in one objective without losing in another."""
    good = usable(outcomes, objective)

    def dominates(a: Outcome, b: Outcome) -> bool:
        pairs = [(_worth(a, name), _worth(b, name)) for name in objective]
        return all(x >= y for x, y in pairs) and any(x > y for x, y in pairs)

    return [o for o in good if not any(dominates(other, o) for other in good)]


def leaderboard(
    outcomes: Sequence[Outcome],
    objective: Sequence[str],
    baseline: Mapping[str, float],
    task: str = "signs",
    front: Front | None = None,
) -> str:
    """A Markdown table, best first, with the task's baseline and the failures in it.

    ``front`` is the Pareto front, where there is one.
    """
    columns = COLUMNS[task]
    figures = len(columns.sure) + len(columns.plain)
    rows = [
        f"| trial | {columns.heads} | latency ms | parameters | epochs | seconds | values |",
        "|---" * (figures + 6) + "|",
        f"| {columns.floor} | {columns.cells(baseline)} | | | | | |",
    ]
    for o in ranked(outcomes, objective):
        values = ", ".join(f"{path}={_short(value)}" for path, value in o.values.items())
        mark = " (too slow)" if o.too_slow else _mark(o.number, front)
        if o.error or "val/map" not in o.figures:
            reason = f"failed: {o.error}" if o.error else "stopped before it was measured"
            if o.error == INTERRUPTED:
                reason = f"interrupted after {o.epochs} epochs"
            reason = reason.replace("|", "\\|")
            rows.append(
                f"| {o.number} | {reason} {'| ' * (figures + 1)}| {o.epochs} | {o.seconds:.0f} | "
                f"{values} |"
            )
            continue
        f = o.figures
        rows.append(
            f"| {o.number}{mark} | {columns.cells(f)} | {f['latency_ms']:.1f} | "
            f"{f['parameters']:,.0f} | {o.epochs} | {o.seconds:.0f} | {values} |"
        )
    return "\n".join(rows)


def _mark(number: int, front: Front | None) -> str:
    if front is None or number not in front.trials:
        return ""
    cheaper = front.tied.get(number)
    return " (Pareto)" if cheaper is None else f" (Pareto, within noise of {cheaper})"


def _worth(outcome: Outcome, name: str) -> float:
    return -outcome.figures[name] if name in MINIMISED else outcome.figures[name]


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
