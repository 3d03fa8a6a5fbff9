"""What a sweep says about the choices that a paper leaves open; ``raysign.sweep`` finds it out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from raysign.ranking import Figure

CERTAIN = 0.95
"""A choice is called the first one where it leads in so large a share of the resamples."""


@dataclass(frozen=True)
class Level:
    """One value of a choice, or one half of its range: how many trials, and their mean figure."""

    value: str
    trials: int
    mean: float


@dataclass(frozen=True)
class Choice:
    """One open choice and its share in what makes trials differ; the shares of all make 1."""

    name: str
    share: Figure
    """With a 95 % interval over trials."""
    leads: float
    """Share of the resamples in which it is the largest."""
    noise: float
    """What its share exceeds in one of 20 sweeps in which no choice matters."""
    levels: tuple[Level, ...]
    """Best first."""

    @property
    def stands_out(self) -> bool:
        """Is its share more than chance gives?"""
        return self.share.value > self.noise


@dataclass(frozen=True)
class Explained:
    """The choices of one sweep, the largest share first."""

    sweep: str
    objective: str
    trials: int
    resamples: int
    lowest: float
    median: float
    best: float
    """These three: the objective over the trials."""
    choices: tuple[Choice, ...]

    @property
    def verdict(self) -> str:
        """Which choice explains most, and how sure that is, in one sentence."""
        first = self.choices[0]
        share = f"{100 * first.share.value:.0f} % [{100 * first.share.low:.0f}–"
        share = f"`{first.name}` ({share}{100 * first.share.high:.0f}])"
        if not first.stands_out:
            return (
                f"No choice stands out from chance in {self.trials} trials; the largest share is "
                f"that of {share}, where chance gives up to {100 * first.noise:.0f} %."
            )
        if first.leads < CERTAIN:
            return (
                f"{share} explains most of what makes the {self.trials} trials differ, but leads "
                f"in {100 * first.leads:.0f} % of the resamples only: more trials would tell."
            )
        return (
            f"{share} explains most of what makes the {self.trials} trials differ; it leads in "
            f"{100 * first.leads:.0f} % of the resamples."
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, with the verdict."""
        return {**asdict(self), "verdict": self.verdict}
