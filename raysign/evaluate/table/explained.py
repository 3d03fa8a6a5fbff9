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
    between: float
    """What of all variance lies between its values, or the thirds of its range (η²); 0–1."""
    stands_out: bool
    """Is that more than chance gives the largest of all choices?"""
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
    """What the largest ``between`` exceeds in one of 20 sweeps in which no choice matters."""
    within: tuple[str, ...]
    """What is stated, and tells rows apart: trials are compared where they are alike in it."""
    data: str
    """The clips that the trials trained on."""
    choices: tuple[Choice, ...]

    @property
    def verdict(self) -> str:
        """Which choice has the largest share, how sure that is, and which others are no chance."""
        standing = [choice for choice in self.choices if choice.stands_out]
        if not standing:
            most = max(self.choices, key=lambda choice: choice.between)
            return (
                f"No choice stands out from chance in {self.trials} trials: "
                f"{100 * most.between:.0f} % of their variance lies between the values of "
                f"`{most.name}`, and chance gives the largest up to {100 * self.noise:.0f} %."
            )
        first, *rest = standing
        share = f"{100 * first.share.value:.0f} % [{100 * first.share.low:.0f}–"
        share = f"`{first.name}` ({share}{100 * first.share.high:.0f}])"
        others = [f"`{choice.name}`" for choice in rest]
        beside = f" Beyond chance too: {', '.join(others)}." if others else ""
        if first is not self.choices[0]:
            return (
                f"{share} stands out from chance in what makes the {self.trials} trials differ; "
                f"`{self.choices[0].name}` has a larger share, and does not.{beside}"
            )
        lead = f"it leads in {100 * first.leads:.0f} % of the resamples"
        if first.leads < CERTAIN:
            lead += " only: more trials would tell"
        return (
            f"{share} has the largest share in what makes the {self.trials} trials differ; "
            f"{lead}.{beside}"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it, with the verdict."""
        return {**asdict(self), "verdict": self.verdict}
