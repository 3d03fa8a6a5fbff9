"""The choice of a sweep's winner: contenders are trained again until noise tells them apart.

In the first round the best ``contenders`` get one more seed, whatever is between them, because
nobody knows yet what a seed does. After that, those of them that are within noise of the leader do
(see ``comparison``); who falls behind by more is left alone. It ends when one is left, or each has
been trained from ``seeds`` seeds; what is then still tied is decided by its cost. So seeds are
spent where they can change something (as in sequential halving: Karnin, Koren & Somekh, ICML 2013,
with a test in the place of the half).

A trial that was stopped early is trained to its end then, and may rise by that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from raysign.config.sweep import MINIMISED
from raysign.sweep.chosen import Selection
from raysign.sweep.comparison import Sample, Standing, cheapest, compare
from raysign.sweep.evidence import Evidence, evidence_of
from raysign.sweep.front import front_of
from raysign.sweep.results import Outcome, ranked, usable

if TYPE_CHECKING:
    from raysign.config import SweepConfig


class OutOfTime(Exception):
    """The sweep's time was up before all that was asked had been trained once more."""


@dataclass(frozen=True)
class Again:
    """A trial that is to be trained once more, to its end."""

    number: int
    values: Mapping[str, Any]
    seed: int


Train = Callable[[Sequence[Again]], Sequence[Outcome]]
"""One outcome for each that was asked for, in that order; ``KeyboardInterrupt`` where it ended."""
Read = Callable[[Outcome], Evidence | None]


def choose(
    outcomes: Sequence[Outcome],
    config: SweepConfig,
    *,
    again: Train | None,
    say: Callable[[str], None],
    evidence: Read = evidence_of,
) -> Selection:
    """The winner of a sweep's trials, of which at least one is usable.

    Args:
        outcomes: every trial.
        config: the sweep's.
        again: trains trials with other seeds; None = none is trained again.
        say: prints a line of progress.
        evidence: what a training got on val.
    """
    good = usable(ranked(outcomes, config.objective), config.objective)
    objective, how = config.objective[0], config.selection
    plain = Selection(how, objective, good[0], good[0], good[0], len(good))
    if len(config.objective) > 1:
        plain = replace(plain, front=front_of(good, config.objective, {}, how.level))
    if how.mode == "none":
        return replace(plain, reason="selection.mode=none asks for no noise")
    if objective in MINIMISED:
        return replace(plain, reason=f"{objective} is compared as it was measured")
    kept = _Kept(objective.removeprefix("val/"), how.resamples, evidence)
    for outcome in good:
        kept.take(outcome.number, outcome)
    if good[0].number not in kept.samples:
        return replace(plain, reason="what it got on val was not kept, so noise is not known")
    seeds = 1 if again is None else how.seeds
    looks = max(1, seeds - 1)  # the first round leaves nobody behind
    standings = kept.compared(how.level, looks)
    looked: list[int] = []
    interrupted = False
    for count in range(2, seeds + 1):
        within = [standing.number for standing in standings if standing.within]
        if not looked:
            best = [standing.number for standing in _best_first(standings)]
            first = _winner(standings, kept, looked, config)
            going = looked = [*dict.fromkeys((first, *best))][: how.contenders]
        else:
            going = [number for number in looked if number in within]
        if len(going) < 2 or again is None:
            break
        asked = [
            Again(n, kept.runs[n][0].values, _own_seed(kept.runs[n][0], config) + run)
            for n in sorted(going)
            for run in range(len(kept.runs[n]), count)
        ]
        say(
            f"trials {', '.join(map(str, sorted(going)))} are trained again, "
            f"seed {count} of up to {seeds}"
        )
        try:
            trained = again(asked)
        except OutOfTime:
            break
        except KeyboardInterrupt:
            interrupted = True
            break
        for one, outcome in zip(asked, trained, strict=True):
            kept.take_again(one, outcome)
        standings = kept.compared(how.level, looks)
    winner = _winner(standings, kept, looked, config)
    run = max(range(len(kept.runs[winner])), key=lambda n: kept.runs[winner][n].figures[objective])
    if plain.front is not None:
        front = front_of(good, config.objective, kept.samples, how.level)
        plain = replace(plain, front=front)
    return replace(
        plain,
        winner=kept.runs[winner][0],
        run=kept.runs[winner][run],
        seed=kept.seeds[winner][run],
        standings=tuple(_best_first(standings)),
        costs={n: kept.cost(n, how.prefer) for n in kept.samples},
        contenders=tuple(n for n in looked if len(kept.runs[n]) > 1),
        left_out=kept.left_out,
        interrupted=interrupted,
    )


def _winner(
    standings: Sequence[Standing], kept: _Kept, looked: Sequence[int], config: SweepConfig
) -> int:
    """Of those within noise the cheapest; only of those that were trained again, if any were."""
    within = [s for s in standings if s.within]
    tied = [s for s in within if s.number in looked] or within
    cost = [kept.cost(s.number, config.selection.prefer) for s in tied]
    place = cheapest(range(len(tied)), cost, [s.mean.value for s in tied], config.selection.saving)
    return tied[place].number


def _best_first(standings: Sequence[Standing]) -> list[Standing]:
    return sorted(standings, key=lambda standing: -standing.mean.value)


def _own_seed(trial: Outcome, config: SweepConfig) -> int:
    """What the trial was trained from; others count on from there."""
    return int(trial.values.get("seed", config.shared["seed"]))


@dataclass
class _Kept:
    """Every training that takes part, and its evidence."""

    metric: str
    resamples: int
    read: Read
    samples: dict[int, Sample] = field(default_factory=dict)
    runs: dict[int, list[Outcome]] = field(default_factory=dict)
    seeds: dict[int, list[int | None]] = field(default_factory=dict)
    """Of each run; None = the trial's own."""
    left_out: dict[int, str] = field(default_factory=dict)
    asked: str = ""
    """What the best trial was asked."""

    def take(self, number: int, outcome: Outcome, seed: int | None = None) -> None:
        """A training of a trial; the best trial's own comes first."""
        found = self.read(outcome)
        if found is None or self.metric not in found.metrics:
            self._leave_out(number, "left no evidence")
            return
        self.asked = self.asked or found.asked
        if found.asked != self.asked:
            self._leave_out(number, "was asked other queries than the best trial")
            return
        drawn = found.drawn(self.metric, resamples=self.resamples)
        before = self.samples[number].runs if number in self.samples else ()
        self.samples[number] = Sample(number, (*before, drawn))
        self.runs.setdefault(number, []).append(outcome)
        self.seeds.setdefault(number, []).append(seed)

    def take_again(self, one: Again, outcome: Outcome) -> None:
        """The same with another seed; a trial that fails with it cannot win."""
        if outcome.error or outcome.too_slow:
            why = outcome.error or "above the latency budget"
            self._leave_out(one.number, f"failed with seed {one.seed}: {why}")
        elif one.number in self.samples:
            self.take(one.number, outcome, one.seed)

    def _leave_out(self, number: int, why: str) -> None:
        self.left_out[number] = why
        if len(self.samples) > 1:
            self.samples.pop(number, None)

    def compared(self, level: float, looks: int) -> list[Standing]:
        return compare(list(self.samples.values()), level=level, looks=looks)

    def cost(self, number: int, prefer: str) -> float:
        """The lowest that was measured."""
        return min(run.figures[prefer] for run in self.runs[number])
