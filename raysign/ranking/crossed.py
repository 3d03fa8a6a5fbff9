"""What a confidence and the usual baselines say of signs that they were not fitted on.

Each method gives a *strangeness*, P(none) and the chance that the best sign is right:

* ``confidence``: see :mod:`raysign.ranking.confidence`.
* ``top``: how near the best sign is (a threshold on the top cosine).
* ``margin``: how much nearer it is than the second.
* ``energy``: the free energy at T = 1 / α (Liu et al., 2020), which ranks as one softmax over signs
  and "none" does.

The last three get their chances from logistic regressions (Platt, 1999), so that only what they
look at is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from raysign.ranking.calibration import Asks, falling_odds, fit_confidence, threshold_for
from raysign.ranking.confidence import free_energy, logit

METHODS = ("confidence", "top", "margin", "energy")


@dataclass(frozen=True, eq=False)
class Said:
    """What a method says of each ask, in 0–1 but for the strangeness."""

    strangeness: Float[np.ndarray, "ask"]
    """Higher where the sign is thought not to be there."""
    none: Float[np.ndarray, "ask"]
    first: Float[np.ndarray, "ask"]
    """The chance that the best sign is the right one."""


@dataclass(frozen=True, eq=False)
class Crossed:
    """Of each half of the signs, what is said by those who were fitted on the other half."""

    half: Bool[np.ndarray, "ask"]
    """Who is in one of them. Strangeness is compared within a half only: the two come from two
    fits, and numbers of two fits are not on one scale (Forman & Scholz, *SIGKDD Explorations* 12,
    2010).
    """
    said: dict[str, Said]
    """By method."""
    unknown: Bool[np.ndarray, "ask level"]
    """Who is called unknown at a threshold that refuses, of the known asks of the other half, the
    share of each level.
    """


def cross(
    asks: Asks, half: Bool[np.ndarray, "ask"], unknown_share: float, levels: tuple[float, ...]
) -> Crossed:
    """Fit on each half of the asks, and ask the other; ``DataError`` as ``fit_confidence``."""
    said = {name: Said(*np.empty((3, len(asks)))) for name in METHODS}
    unknown = np.empty((len(asks), len(levels)), dtype=bool)
    for fit_on in (half, ~half):
        train, test = asks.select(fit_on), asks.select(~fit_on)
        fitted = fit_confidence(train, unknown_share=unknown_share)
        shares, found, none = fitted.of_many(test.scores)
        _, _, none_before = fitted.of_many(train.scores)
        for column, level in enumerate(levels):
            unknown[~fit_on, column] = none > threshold_for(none_before[train.known], level)
        parts = {"confidence": Said(none, none, shares[:, 0] * found)}
        for name, near in _nearness(fitted.sharpness).items():
            parts[name] = _by_nearness(near(train.scores), near(test.scores), train, unknown_share)
        for name, part in parts.items():
            for what, values in vars(part).items():
                getattr(said[name], what)[~fit_on] = values
    return Crossed(half, said, unknown)


Nearness = Callable[[Float[np.ndarray, "ask sign"]], Float[np.ndarray, "ask"]]


def _nearness(sharpness: float) -> dict[str, Nearness]:
    return {
        "top": lambda scores: scores[:, 0],
        "margin": lambda scores: scores[:, 0] - scores[:, 1],
        "energy": lambda scores: free_energy(scores, 1 / sharpness),
    }


def _by_nearness(
    before: Float[np.ndarray, "train"],
    nearness: Float[np.ndarray, "test"],
    train: Asks,
    unknown_share: float,
) -> Said:
    """One number, and two logistic regressions of it on what is true."""
    known = train.known
    slope, bias, _ = falling_odds(before, ~known)
    bias += logit(unknown_share) - logit(1 - float(known.mean()))
    none = 1 / (1 + np.exp(slope * nearness - bias))
    slope, bias, _ = falling_odds(before[known], ~train.first_is_right[known])
    right = 1 / (1 + np.exp(bias - slope * nearness))
    return Said(-nearness, none, (1 - none) * right)
