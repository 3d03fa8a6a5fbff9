"""Why a sweep's winner won, for people: in words, as a table, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from raysign.config import SelectionConfig
from raysign.ranking import Figure, short, signed, spoken
from raysign.sweep.comparison import Standing
from raysign.sweep.front import Front
from raysign.sweep.results import Outcome

Verdict = Literal["winner", "tied", "beaten"]
SHOWN = 12
"""At most so many tied trials are named in a sentence."""


@dataclass(frozen=True)
class Selection:
    """The winner of a sweep, and where all other trials stand."""

    config: SelectionConfig
    objective: str
    """What was compared: ``val/map`` and so on."""
    winner: Outcome
    run: Outcome
    """The training of the winner that did best: its weights are the sweep's."""
    highest: Outcome
    """The best trial, had the noise not been asked."""
    trials: int
    """Those that could have won."""
    seed: int | None = None
    """Of the training of the winner that did best; None = the trial's own."""
    standings: tuple[Standing, ...] = ()
    """Best mean first; empty where the plain best was taken."""
    costs: Mapping[int, float] = field(default_factory=dict)
    """By trial, what decides a tie."""
    reason: str = ""
    """Why the plain best was taken."""
    contenders: tuple[int, ...] = ()
    """Trials that were trained again: only they could win, where there are any."""
    front: Front | None = None
    """Where there are several objectives."""
    left_out: Mapping[int, str] = field(default_factory=dict)
    """Trials that could not be compared, or did not come through with another seed: why."""
    interrupted: bool = False
    """Not all seeds that were asked for were trained."""

    @property
    def tied(self) -> tuple[int, ...]:
        """Every trial within noise of the leader, the winner among them, best mean first."""
        return tuple(standing.number for standing in self.standings if standing.within)

    @property
    def own(self) -> Standing | None:
        """The winner's."""
        return next((s for s in self.standings if s.number == self.winner.number), None)

    @property
    def spoken(self) -> str:
        """The objective for people: ``val mAP``."""
        return f"val {spoken(self.objective.removeprefix('val/'))}"

    def verdict(self, standing: Standing) -> Verdict:
        if standing.number == self.winner.number:
            return "winner"
        return "tied" if standing.within else "beaten"

    @property
    def words(self) -> str:
        """A paragraph: who won, by what, and what that is worth."""
        own = self.own
        if own is None:
            return f"Trial {self.winner.number} is the best of {self.trials}: {self.reason}."
        won = f"Trial {own.number} won: {self.spoken} {own.mean}."
        return " ".join([won, self._against_others(), *self._doubts(own)])

    def _against_others(self) -> str:
        others = len(self.standings) - 1
        if len(self.tied) > 1:
            text = (
                f"Of {self.trials} trials {len(self.tied)} are within noise of the best "
                f"({_listed(self.tied)})"
            )
            if not self.contenders:
                return f"{text}, and of these {self._why()}."
            again = _listed(tuple(sorted(self.contenders)))
            left = self._could_win
            if len(left) == 1:
                return f"{text}; {again} were trained again, and the others fell behind."
            return (
                f"{text}; {again} were trained again, of which {_listed(left)} are still tied, and "
                f"of these {self._why()}."
            )
        if others:
            whom = "the other" if others == 1 else f"the {others} others"
            return f"It is ahead of {whom} by more than noise."
        return "It is the only one to choose from."

    @property
    def _could_win(self) -> tuple[int, ...]:
        return tuple(n for n in self.tied if n in self.contenders) or self.tied

    def _why(self) -> str:
        prefer = self.config.prefer
        tied = self._could_win
        lowest = min(self.costs[n] for n in tied)
        near = sum(self.costs[n] * (1 - self.config.saving) <= lowest for n in tied)
        unit = "ms a query" if prefer == "latency_ms" else "parameters"
        cost = f"{_cost(self.costs[self.winner.number], prefer)} {unit}"
        if near == 1:
            return f"it is the cheapest: {cost}"
        if near == len(tied):
            return f"it is the best, for all cost about as much: {cost}"
        return f"the best of the {near} cheapest: {cost}"

    def _doubts(self, own: Standing) -> list[str]:
        text = []
        best = self.highest
        if best.number != own.number:
            value = short(best.figures[self.objective])
            text.append(f"The highest in the search was trial {best.number}, {value}.")
        if own.fresh is not None:
            count = len(own.runs) - 1
            seeds = "another seed" if count == 1 else f"{count} other seeds"
            text.append(
                f"Trained again from {seeds} it reached {short(own.fresh)} on average, against "
                f"{short(own.runs[0])} in the search."
            )
        elif not self.contenders:
            text.append(
                "The noise is that of the val signs; what another seed does is not known: "
                "selection.seeds=3 has the best trained again."
            )
        if self.interrupted:
            text.append("It was interrupted before all seeds were trained.")
        return text + [f"Trial {number} {why}." for number, why in self.left_out.items()]

    @property
    def table(self) -> str:
        """A Markdown table of the standings, best mean first; '' where there are none."""
        if not self.standings:
            return ""
        prefer = self.config.prefer
        percent = f"{100 * self.config.level:g} %"
        rows = [
            f"| trial | verdict | {self.spoken} | seeds | spread over seeds | "
            f"against the leader, {percent} of all together | "
            f"{'latency ms' if prefer == 'latency_ms' else 'parameters'} |",
            "|---" * 7 + "|",
        ]
        for s in self.standings:
            spread = "" if s.spread is None else short(s.spread)
            behind = "leads" if s.leads else _difference(s.behind)
            rows.append(
                f"| {s.number} | {self.verdict(s)} | {s.mean} | {len(s.runs)} | {spread} | "
                f"{behind} | {_cost(self.costs[s.number], prefer)} |"
            )
        return "\n".join(rows)

    def as_json(self) -> dict[str, Any]:
        """All of it, flat enough to be read by other programs."""
        return {
            "winner": self.winner.number,
            "highest": self.highest.number,
            "tied": list(self.tied),
            "objective": self.objective,
            **self.config.model_dump(mode="json"),
            "words": self.words,
            "interrupted": self.interrupted,
            "front": None
            if self.front is None
            else {"trials": list(self.front.trials), "worth": list(self.front.worth)},
            "left_out": {str(number): why for number, why in self.left_out.items()},
            "trials": [
                {
                    "trial": s.number,
                    "verdict": self.verdict(s),
                    "seeds": len(s.runs),
                    "runs": list(s.runs),
                    **_ends("mean", s.mean),
                    "spread": s.spread,
                    "fresh": s.fresh,
                    **_ends("behind", s.behind),
                    self.config.prefer: self.costs[s.number],
                }
                for s in self.standings
            ],
        }

    def card(self) -> dict[str, Any]:
        """What the winner's bundle says of it."""
        others = tuple(number for number in self.tied if number != self.winner.number)
        facts: dict[str, Any] = {
            "trial": f"{self.winner.number} of {self.trials}",
            "within noise of": _listed(others) if others else "no other",
            "chosen": self.words,
        }
        if self.own is not None and self.own.spread is not None:
            mean = f"{self.own.mean}, spread {short(self.own.spread)}"
            facts[f"{self.spoken} over {len(self.own.runs)} seeds"] = mean
            facts["these weights"] = "the best of them"
        return facts


def _ends(name: str, figure: Figure) -> dict[str, float]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}


def _difference(figure: Figure) -> str:
    return f"{signed(figure.value)} [{signed(figure.low)}, {signed(figure.high)}]"


def _cost(value: float, prefer: str) -> str:
    return f"{value:.2f}" if prefer == "latency_ms" else f"{value:,.0f}"


def _listed(numbers: tuple[int, ...]) -> str:
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(map(str, numbers[:SHOWN])) + more
