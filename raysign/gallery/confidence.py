"""A gallery's confidence: the numbers, and what they were fitted on."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from raysign.config.base import Config
from raysign.ranking import Scoring
from raysign.ranking.confidence import Confidence

MUCH = 0.1
"""Share of a gallery that may change. Fitted on 50 signs of WLASL100 and used on 60, 5 %
refused became 2–4 %, and 63 % of the unknown signs were noticed in place of 79 %.
"""


def evidence(scoring: str, scores: Float[np.ndarray, "*signs"]) -> Float[np.ndarray, "*signs"]:
    """What a confidence is made of: cosines as they are; of shares of attention the logarithm.

    Evidence adds up, and shares multiply. On WLASL's hands the logarithm brought the AUROC
    of ``support`` from .596 to .612.
    """
    if scoring != "support":
        return scores
    with np.errstate(divide="ignore"):
        logs: np.ndarray = np.log(np.maximum(scores, 0))
    return logs


class Measured(Config):
    """A figure in 0–1 with the ends of its 95 % interval over signs."""

    value: float
    low: float
    high: float


class FittedOn(Config):
    """What a confidence comes from, and what it did on signs that it was not fitted on.

    The intervals are over signs, given the fit: another fit, on other signs, would do otherwise.
    """

    queries: tuple[str, ...]
    """The selections that asked; none where the gallery's own clips did, each of all others."""
    known_asks: int = Field(ge=1)
    unknown_asks: int = Field(ge=1)
    query_signs: int = Field(ge=1)
    """Signs of the queries,"""
    learned: int | None
    """and how many of these the model was trained on; None where that is not known."""
    copies: int = Field(ge=0)
    """Queries left out because the gallery has the same recording."""
    clips: int = Field(ge=1)
    """Of the gallery, then;"""
    signs: int = Field(ge=1)
    """its signs,"""
    index: str
    """and how it was searched."""
    signer_overlap: str
    """Whether who asked also signs in the gallery, in words."""
    refuse: float = Field(gt=0, lt=1)
    """Share of the known signs that may be called unknown, as it was asked for;"""
    refused: Measured
    """as it came out,"""
    noticed: Measured
    """and the share of the unknown signs that are called so."""
    auroc: Measured
    """Of known and unknown signs by P(none); .5 = guessing."""
    error: Measured
    """Calibration error of the best sign's confidence, see :mod:`raysign.ranking.open_set`."""
    created: str


class GalleryConfidence(Confidence):
    """``gallery.card.confidence``: probabilities for what ``search_signs`` finds.

    Ask for ``looked_at`` signs, neither more nor fewer: how attention (``support``) is shared
    depends on how many clips are looked at.
    """

    scoring: Literal["sign_max", "sign_mean", "support"]
    """The scores that it is for,"""
    rerank: str = "none"
    """and the second stage that gives them; see :mod:`raysign.search.reranking`."""
    fitted_on: FittedOn
    changed: int = Field(default=0, ge=0)
    """Clips that came, went or were replaced since."""

    def of_many(
        self, scores: Float[np.ndarray, "query sign"]
    ) -> tuple[
        Float[np.ndarray, "query sign"], Float[np.ndarray, "query"], Float[np.ndarray, "query"]
    ]:
        """As ``Confidence.of_many``, and so ``of``, of scores as ``search_signs`` gives them."""
        return super().of_many(evidence(self.scoring, scores))

    def fits(self, scoring: Scoring, rerank: str = "none") -> bool:
        """Whether it is for these scores."""
        return scoring == Scoring(self.scoring) and rerank == self.rerank

    @property
    def way(self) -> str:
        """Scoring and second stage, in words."""
        return self.scoring if self.rerank == "none" else f"{self.scoring} with {self.rerank}"

    def words(self) -> str:
        """What the threshold means, for people."""
        on = self.fitted_on
        return (
            f"of 100 queries whose sign is in the dictionary, {_of_100(on.refused)} are wrongly "
            f"called unknown; of 100 whose sign is not, {_of_100(on.noticed)} are noticed (95 % "
            f"intervals over {on.query_signs:,} signs)"
        )

    def outgrown(self, clips: int, signs: int, index: str) -> str | None:
        """What to tell a person where the gallery is not any more what this was fitted on."""
        was = self.fitted_on
        again = "type `raysign calibrate` again"
        if self.changed > MUCH * was.clips or abs(signs - was.signs) > MUCH * was.signs:
            return (
                f"the confidence was fitted when the gallery had {was.clips:,} clips of "
                f"{was.signs:,} signs; {self.changed:,} clips came or went since, now it has "
                f"{clips:,} of {signs:,}; {again}"
            )
        if index != was.index:
            return (
                f"the confidence was fitted when the gallery was searched by {was.index}, now by "
                f"{index}; {again}"
            )
        return None


def _of_100(figure: Measured) -> str:
    """A share as a number of people, with its interval."""
    value, low, high = (100 * share for share in (figure.value, figure.low, figure.high))
    about = f"{value:.0f}"
    if value < 0.5:
        about = "fewer than 1"
    elif value > 99.5:
        about = "more than 99"
    return f"{about} ({low:.0f}\N{EN DASH}{high:.0f})"
