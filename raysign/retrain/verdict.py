"""Is the candidate better than the champion, beyond noise, on every gate?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.ranking import (
    Difference,
    PerQuery,
    Ranking,
    Resampling,
    paired_differences,
    summarise,
)

if TYPE_CHECKING:
    from raysign.config import ProtocolConfig
    from raysign.retrain.asked import Asked

GATES = {"better": "better", "not_worse": "not worse", "none": "no gate"}


@dataclass(frozen=True, eq=False)
class Found:
    """What every model found by one protocol, query by query."""

    asked: Asked
    candidate: PerQuery
    rival: PerQuery
    """The champion's; of the untrained nearest neighbour where there is none."""
    seeds: tuple[PerQuery, ...]
    """Of each seed's model, in their order."""


@dataclass(frozen=True)
class Verdict:
    """One protocol's comparison."""

    name: str
    protocol: ProtocolConfig
    candidate: Ranking
    rival: Ranking
    difference: Mapping[str, Difference]
    """Candidate − rival in every metric."""
    seeds: tuple[Ranking, ...]
    seeds_pass: int
    """How many seeds' models would pass."""
    left_out: int
    """Query clips that did not ask, as candidate or champion trained on them,"""
    champion_known: bool
    """as far as it is known what the champion trained on."""
    data: Mapping[str, str]
    """Fingerprints of queries and gallery."""
    card: Mapping[str, Any]

    @classmethod
    def of(cls, found: Found, how: Resampling) -> Verdict:
        asked, sign = found.asked, found.asked.query_sign

        def less(mine: PerQuery) -> dict[str, Difference]:
            return paired_differences([mine], [found.rival], sign, **how)

        card = asked.sides.card()
        return cls(
            asked.name,
            asked.protocol,
            summarise(found.candidate, sign, **how),
            summarise(found.rival, sign, **how),
            less(found.candidate),
            tuple(summarise(seed, sign, **how) for seed in found.seeds),
            sum(passes(less(seed), asked.protocol) for seed in found.seeds),
            asked.left_out,
            asked.champion_known,
            card["data"],
            {"protocol": asked.protocol.protocol, **card, **asked.rounds.card},
        )

    @property
    def by(self) -> Difference:
        """The difference in the metric that is compared."""
        return self.difference[self.protocol.metric]

    @property
    def gate(self) -> bool:
        """Whether the champion depends on it."""
        return self.protocol.gate != "none"

    @property
    def passed(self) -> bool:
        """Whether it lets the candidate through; what is no gate does."""
        return passes(self.difference, self.protocol)

    def as_json(self) -> dict[str, Any]:
        """Figures and differences, flat, with the protocol and its card."""
        flat: dict[str, float] = {}
        for name, by in self.difference.items():
            flat |= {name: by.value, f"{name}_low": by.low, f"{name}_high": by.high}
        return {
            "name": self.name,
            **self.protocol.model_dump(mode="json"),
            "passed": self.passed if self.gate else None,
            "candidate": self.candidate.as_json(),
            "champion": self.rival.as_json(),
            "difference": flat,
            "seeds": [seed.as_json() for seed in self.seeds],
            "seeds_pass": self.seeds_pass,
            "query_clips_left_out": self.left_out,
            "champion_training_known": self.champion_known,
            "card": dict(self.card),
        }


def passes(difference: Mapping[str, Difference], protocol: ProtocolConfig) -> bool:
    """Whether the whole interval of the difference lies where the gate wants it."""
    if protocol.gate == "none":
        return True
    at_least = 0.0 if protocol.gate == "better" else -protocol.margin
    return difference[protocol.metric].low > at_least


def all_passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether every gate lets the candidate through."""
    return all(verdict.passed for verdict in verdicts)
