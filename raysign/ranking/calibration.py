"""Queries whose answers are known → the numbers of a ``Confidence``.

Every query is asked twice: of the gallery as it is, and of the gallery without the query's sign. So
signs that the gallery does not have need not be collected, and nothing is trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from raysign.errors import ConfigError, DataError
from raysign.ranking.confidence import Confidence, free_energy, logit, softmax

TEMPERATURES = np.geomspace(0.02, 3, 24)
"""T that are tried, in standard deviations of a score."""
BLUNTEST, SHARPEST = 0.01, 100.0
"""α at least and at most, in 1 / standard deviation of a score."""
STEPS = 40
"""Of an iteration at most: of Newton, and of halving."""


@dataclass(frozen=True, eq=False)
class Asks:
    """What was asked, and what the best signs scored."""

    scores: Float[np.ndarray, "ask sign"]
    """Best first; -inf where there are fewer."""
    place: Int64[np.ndarray, "ask"]
    """The right sign's among them, from 0; -1 where it is not among them."""
    known: Bool[np.ndarray, "ask"]
    """Whether the gallery had the sign."""
    sign: Int64[np.ndarray, "ask"]
    """A number for the query's sign; queries of one sign are alike."""
    more_signs: bool
    """Whether there were more signs to find than there are scores."""

    def __len__(self) -> int:
        return len(self.known)

    @property
    def first_is_right(self) -> Bool[np.ndarray, "ask"]:
        """Whether the best sign is the right one."""
        right: np.ndarray = self.place == 0
        return right

    def select(self, which: Bool[np.ndarray, "ask"]) -> Asks:
        """Those that a mask names."""
        return Asks(
            self.scores[which],
            self.place[which],
            self.known[which],
            self.sign[which],
            self.more_signs,
        )


def fit_confidence(asks: Asks, *, unknown_share: float = 0.5, refuse: float = 0.05) -> Confidence:
    """The numbers that make the answers most likely, part by part.

    α is that of the asks whose sign was among those found. κ and u are a logistic regression of
    "the right sign is not among those found" on the free energy, T the best of ``TEMPERATURES`` for
    it. f shares what is not found out between the two reasons for it, by their counts. Where little
    or nothing is known about an outcome, small counts are added as Platt (1999) does, so that a
    handful of queries without a mistake does not make for certainty.

    Args:
        asks: of known and of unknown signs.
        unknown_share: between 0 and 1, see ``Confidence``; how many asks are unknown does not
            matter, but for noise.
        refuse: between 0 and 1, the share of known asks that may be called unknown; sets the
            threshold.

    Raises:
        DataError: there are no asks of known signs, or none of unknown ones.
        ConfigError: ``unknown_share`` or ``refuse`` is out of range.
    """
    check_shares(unknown_share, refuse)
    known = int(asks.known.sum())
    if not known or known == len(asks):
        raise DataError(
            f"confidence needs queries whose sign is there and whose sign is not, got {known:,} "
            f"and {len(asks) - known:,}"
        )
    here = asks.place >= 0
    finite = asks.scores[np.isfinite(asks.scores)]
    spread = float(finite.std()) if len(finite) > 1 else 0.0
    spread = spread or 1.0
    best = None
    for temperature in (TEMPERATURES * spread).tolist():
        energy = free_energy(asks.scores, temperature)
        slope, bias, loss = falling_odds(energy, ~here)
        if best is None or loss < best[0]:
            best = loss, temperature, slope, bias
    assert best is not None  # there are temperatures
    _, temperature, slope, neither = best
    missed, unknown = int((asks.known & ~here).sum()), len(asks) - known
    absent = (unknown + 0.5) / (unknown + missed + 1) if asks.more_signs else 1.0
    fitted = Confidence(
        looked_at=asks.scores.shape[1],
        sharpness=_sharpness(asks.scores[here], asks.place[here], spread),
        temperature=temperature,
        slope=slope,
        none=neither + np.log(absent),
        farther=neither + np.log(1 - absent) if asks.more_signs else None,
        unknown_share=unknown / len(asks),
        threshold=0.0,
    ).with_share(unknown_share)
    _, _, none = fitted.of_many(asks.scores)
    return fitted.model_copy(update={"threshold": threshold_for(none[asks.known], refuse)})


def check_shares(unknown_share: float, refuse: float) -> None:
    """``ConfigError`` where one of the two does not lie between 0 and 1."""
    for name, share in (("unknown_share", unknown_share), ("refuse", refuse)):
        if not 0 < share < 1:  # NaN, too
            raise ConfigError(f"{name} must lie between 0 and 1, got {share}")


def threshold_for(none: Float[np.ndarray, "known"], refuse: float) -> float:
    """The least P(none) above which no more than a share of these lie."""
    above = int(len(none) * refuse + 1e-9)  # .05 × 20 is a little less than 1
    return float(np.sort(none)[len(none) - 1 - above])


def falling_odds(
    nearness: Float[np.ndarray, "ask"], absent: Bool[np.ndarray, "ask"]
) -> tuple[float, float, float]:
    """Logistic regression: log-odds of ``absent`` = b − κ × nearness, κ ≥ 0; and the mean log loss.

    By Newton's method on a convex loss; the targets are Platt's (1999), n + 1 of n + 2 for sure.
    """
    count = int(absent.sum())
    low, high = 1 / (len(absent) - count + 2), (count + 1) / (count + 2)
    target = np.where(absent, high, low)
    centre, width = float(nearness.mean()), float(nearness.std())
    flat = logit(float(target.mean()))
    x = (nearness - centre) / width if width > 0 else np.zeros_like(nearness)
    weights = np.array([flat, 0.0])
    design = np.stack([np.ones_like(x), -x], axis=1)
    if width > 0:
        for _ in range(STEPS):
            p = 1 / (1 + np.exp(-design @ weights))
            curve = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
            step = np.linalg.solve(curve, design.T @ (p - target))
            weights = weights - step / max(1.0, float(np.abs(step).max()) / 2)
            if np.abs(step).max() < 1e-9:
                break
    if weights[1] <= 0:  # nearer than others, and yet more often absent: says nothing
        weights = np.array([flat, 0.0])
    odds = design @ weights
    loss = float((np.logaddexp(0, odds) - target * odds).mean())
    slope = float(weights[1]) / width if width > 0 else 0.0
    return slope, float(weights[0]) + slope * centre, loss


def _sharpness(
    scores: Float[np.ndarray, "ask sign"], place: Int64[np.ndarray, "ask"], spread: float
) -> float:
    """α at which the expected score is the right sign's: the derivative of a convex loss is 0.

    One ask more than there are is of any sign alike.
    """
    if not len(scores):
        return 1 / spread
    there = np.isfinite(scores)
    value = np.where(there, scores, 0.0)
    right = np.take_along_axis(value, place[:, None], axis=1)[:, 0].mean()
    any_sign = (value.sum(axis=1) / there.sum(axis=1)).mean()
    wanted = right + (any_sign - right) / (len(scores) + 1)
    low, high = BLUNTEST / spread, SHARPEST / spread
    for _ in range(STEPS):
        middle = (low + high) / 2
        expected = (softmax(middle, scores) * value).sum(axis=1).mean()
        low, high = (middle, high) if expected < wanted else (low, middle)
    return (low + high) / 2
