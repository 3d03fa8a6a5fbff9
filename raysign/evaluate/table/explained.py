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
    """One open choice and its share in what makes trials differ.

    What the shares of all leave to 1 is choices that act together, and chance.
    """

    name: str
    share: Figure
    """With a 95 % interval over trials."""
    leads: float
    """Share of the resamples in which it is the largest."""
    stands_out: bool
    """Is its share more than chance gives the largest?"""
    levels: tuple[Level, ...]
    """Best first; means are those of trials that are alike in what is stated."""


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
    noise: float
    """What the largest share of all exceeds in one of 20 sweeps in which no choice matters."""
    within: tuple[str, ...]
    """What is stated, and tells rows apart: trials are compared where they are alike in it."""
    data: str
    """The clips that the trials trained on."""
    choices: tuple[Choice, ...]

    @property
    def verdict(self) -> str:
        """Which choice has the largest share, how sure that is, and which others are no chance."""
        first = self.choices[0]
        share = f"{100 * first.share.value:.0f} % [{100 * first.share.low:.0f}–"
        share = f"`{first.name}` ({share}{100 * first.share.high:.0f}])"
        if not first.stands_out:
            return (
                f"No choice stands out from chance in {self.trials} trials; the largest share is "
                f"that of {share}, where chance gives the largest up to {100 * self.noise:.0f} %."
            )
        lead = f"it leads in {100 * first.leads:.0f} % of the resamples"
        if first.leads < CERTAIN:
            lead += " only: more trials would tell"
        others = [f"`{choice.name}`" for choice in self.choices[1:] if choice.stands_out]
        beside = f" Beyond chance too: {', '.join(others)}." if others else ""
        return (
            f"{share} has the largest share in what makes the {self.trials} trials differ; "
            f"{lead}.{beside}"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, with the verdict."""
        return {**asdict(self), "verdict": self.verdict}
