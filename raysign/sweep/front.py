"""The Pareto front, and which of it buys nothing that is more than noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from raysign.config.sweep import MINIMISED
from raysign.sweep.comparison import Sample, tied_pairs
from raysign.sweep.results import Outcome, pareto


@dataclass(frozen=True)
class Front:
    """Trials that no other beats in one objective without losing in another."""

    trials: tuple[int, ...]
    """The cheapest first."""
    tied: Mapping[int, int] = field(default_factory=dict)
    """Those that are within noise of a trial of the front that costs no more: which one."""

    @property
    def worth(self) -> tuple[int, ...]:
        """Those that are better than every cheaper one by more than noise, and the cheapest."""
        return tuple(number for number in self.trials if number not in self.tied)


def front_of(
    outcomes: Sequence[Outcome],
    objective: Sequence[str],
    samples: Mapping[int, Sample],
    level: float,
) -> Front:
    """The front of a sweep's trials by several objectives, of which the first is not a cost.

    From the cheapest on, a trial is tied where its first objective is within noise of one before it
    that is not, and that one is no worse in any other. Noise is that of all pairs of the front
    together, at ``level``; a trial without a sample is not tied.
    """
    others = objective[1:]
    found = sorted(
        pareto(outcomes, objective),
        key=lambda o: (*(_dear(o, name) for name in others), _dear(o, objective[0])),
    )
    sampled = [o.number for o in found if o.number in samples]
    pairs = tied_pairs([samples[n] for n in sampled], level=level) if sampled else None
    tied: dict[int, int] = {}
    for place, outcome in enumerate(found):
        for before in found[:place]:
            if before.number in tied or pairs is None:
                continue
            if outcome.number not in sampled or before.number not in sampled:
                continue
            alike = pairs[sampled.index(outcome.number), sampled.index(before.number)]
            if alike and all(_dear(before, name) <= _dear(outcome, name) for name in others):
                tied[outcome.number] = before.number
                break
    return Front(tuple(outcome.number for outcome in found), tied)


def _dear(outcome: Outcome, name: str) -> float:
    """Less is better."""
    value = outcome.figures[name]
    return value if name in MINIMISED else -value
