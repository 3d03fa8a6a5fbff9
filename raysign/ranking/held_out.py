"""A confidence measured on signs that it was not fitted on, beside the usual baselines.

The signs are split in two halves at random, what is fitted on one is measured on the other, and so
for several splits; queries of one sign stay together. Signs that the gallery has are halved by
themselves, and drawn by themselves for the intervals, so that no half and no draw is without. The
intervals are over signs, given the fits: a fit on other signs would differ too. The methods stand
in :mod:`raysign.ranking.crossed`, the figures in :mod:`raysign.ranking.open_set`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from raysign.errors import DataError
from raysign.ranking.bootstrap import ends, sign_weights
from raysign.ranking.calibration import Asks, threshold_for
from raysign.ranking.confidence import Confidence
from raysign.ranking.crossed import METHODS, Crossed, cross
from raysign.ranking.interval import Figure, agreed
from raysign.ranking.open_set import Sweep, calibration_gaps, weighted_means, without_chance

FIGURES = ("auroc", "fpr_at_95_tpr", "oscr", "log_loss", "error_first", "error_none")
REFUSE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
SPLITS = 3
FEWEST_SIGNS = 10
"""That the gallery has: five to fit on are few; fewer mean nothing."""
_VALUES_AT_ONCE = 1 << 20
_LEAST = 1e-12


@dataclass(frozen=True)
class Point:
    """One threshold."""

    refuse: float
    """Share of known asks that it was to refuse, among those that it was fitted on."""
    threshold: float
    """Of P(none), when fitted on all."""
    refused: Figure
    """Share of known asks that are called unknown, of signs that it was not fitted on;"""
    noticed: Figure
    """and of unknown asks."""


@dataclass(frozen=True, eq=False)
class OpenSet:
    """What can be expected of a confidence."""

    figures: dict[str, dict[str, Figure]]
    """``FIGURES`` of each of ``METHODS``. ``log_loss`` is of P(none), in nats: the mean of −log of
    what was said of what is true. It and the last two, the calibration error of the best sign's
    chance and of P(none), are for queries of which ``unknown_share`` are of signs that are not
    there.
    """
    first_right: Figure
    """Share of known asks whose best sign is the right one: the most that OSCR can be."""
    curve: tuple[Point, ...]
    """Rising in ``refuse``."""
    asks: Asks
    crossed: Crossed
    """What the figures come from, in the first split, for pictures."""
    weights: Float[np.ndarray, "ask"]
    """With which ``unknown_share`` of the asks are unknown."""

    def at(self, refuse: float) -> Point:
        """The point that was to refuse so many; one of those in the curve."""
        return next(point for point in self.curve if point.refuse == refuse)

    def as_json(self) -> dict[str, Any]:
        """Figures as [value, low, high]; the asks are counted."""
        return {
            "known_asks": int(self.asks.known.sum()),
            "unknown_asks": int((~self.asks.known).sum()),
            "signs": len(np.unique(self.asks.sign)),
            "known_signs": len(np.unique(self.asks.sign[self.asks.known])),
            "first_right": _ends(self.first_right),
            "methods": {
                name: {what: _ends(figure) for what, figure in figures.items()}
                for name, figures in self.figures.items()
            },
            "curve": [
                {
                    "refuse": point.refuse,
                    "threshold": point.threshold,
                    "refused": _ends(point.refused),
                    "noticed": _ends(point.noticed),
                }
                for point in self.curve
            ],
        }


def measure_confidence(
    asks: Asks,
    fitted: Confidence,
    *,
    refuse: float = 0.05,
    resamples: int = 1000,
    seed: int = 0,
) -> OpenSet:
    """How a confidence does on signs that it was not fitted on, with 95 % intervals over signs.

    AUROC, FPR and OSCR are those within a half, averaged. A share on which all signs agree has the
    interval of as many independent questions as signs (Wilson); the bootstrap's would be a point.

    Args:
        asks: what it was fitted on.
        fitted: on all of them; says the thresholds and the share of unknown signs.
        refuse: a share to put into the curve besides ``REFUSE``.
        resamples: draws of the signs behind the intervals.
        seed: of these and of the splits.

    Raises:
        DataError: fewer than ``FEWEST_SIGNS`` signs that the gallery has.
    """
    check_signs(asks)
    signs, own = np.unique(asks.sign, return_inverse=True)
    there = np.isin(np.arange(len(signs)), own[asks.known])
    strata = [stratum for which in (there, ~there) if len(stratum := np.flatnonzero(which))]
    share, levels = fitted.unknown_share, tuple(sorted({refuse, *REFUSE}))
    splits = []
    for split in range(SPLITS):
        rng = np.random.default_rng((seed, split))
        halves = [rng.permutation(stratum)[: len(stratum) // 2] for stratum in strata]
        splits.append(cross(asks, np.isin(own, np.concatenate(halves)), share, levels))
    even = np.ones((1, len(asks)))
    (value,), (gaps,) = _values(asks, splits, share, even)
    step = max(1, _VALUES_AT_ONCE // len(asks))
    parts = [
        _values(asks, splits, share, weight[:, own])
        for weight in _drawn(strata, resamples=resamples, seed=seed, at_once=step)
    ]
    drawn, gaps_drawn = (np.concatenate(part) for part in zip(*parts, strict=True))
    low, high = ends(drawn)
    plain = iter([Figure(*map(float, row)) for row in zip(value, low, high, strict=True)])
    errors = iter(
        [calibration_error(*each) for each in zip(gaps, gaps_drawn.swapaxes(0, 1), strict=True)]
    )
    by_method = {
        name: {what: next(errors if what.startswith("error") else plain) for what in FIGURES}
        for name in METHODS
    }
    known_signs, every_sign = len(strata[0]), len(signs)
    first_right = agreed(next(plain), known_signs)
    _, _, none = fitted.of_many(asks.scores)
    curve = tuple(
        Point(
            level,
            threshold_for(none[asks.known], level),
            agreed(next(plain), known_signs),
            agreed(next(plain), every_sign),
        )
        for level in levels
    )
    weights = as_shared(even, asks.known, share)[0]
    return OpenSet(by_method, first_right, curve, asks, splits[0], weights)


def check_signs(asks: Asks) -> None:
    """``DataError`` where too few of the signs that are asked for are in the gallery."""
    every, there = (len(np.unique(sign)) for sign in (asks.sign, asks.sign[asks.known]))
    if there < FEWEST_SIGNS:
        raise DataError(
            f"calibrating needs queries of {FEWEST_SIGNS} signs or more that the gallery has, to "
            f"fit on one half and measure on the other, got {there} among {every}; give more"
        )


def _drawn(
    strata: list[Int[np.ndarray, "_"]], *, resamples: int, seed: int, at_once: int
) -> Iterator[Float[np.ndarray, "resample sign"]]:
    """As ``sign_weights``, each stratum by itself."""
    each = [
        sign_weights(len(stratum), resamples=resamples, seed=seed + number, at_once=at_once)
        for number, stratum in enumerate(strata)
    ]
    for parts in zip(*each, strict=True):
        weights = np.empty((len(parts[0]), sum(map(len, strata))))
        for stratum, part in zip(strata, parts, strict=True):
            weights[:, stratum] = part
        yield weights


def _values(
    asks: Asks, splits: list[Crossed], share: float, weights: Float[np.ndarray, "resample ask"]
) -> tuple[Float[np.ndarray, "resample value"], Float[np.ndarray, "resample error split_bin"]]:
    """All figures of each resample, means over the splits; and the gaps behind each error."""
    known, right = asks.known, asks.first_is_right & asks.known
    shared = as_shared(weights, known, share)
    columns: list[np.ndarray] = []
    gaps: list[np.ndarray] = []
    for name in METHODS:
        areas, losses = [], []
        for split in splits:
            said = split.said[name]
            for half in (split.half, ~split.half):
                within = Sweep(said.strangeness[half], known[half], right[half])
                area = within.areas(weights[:, half])
                areas.append([area[what] for what in FIGURES[:3]])
            truth = np.clip(np.where(known, 1 - said.none, said.none), _LEAST, None)
            losses.append(weighted_means(-np.log(truth)[:, None], shared)[:, 0])
        # a draw of few signs may leave one half without known ones, never both
        columns += [*np.nanmean(areas, axis=0), np.mean(losses, axis=0)]
        for what, true in (("first", right), ("none", ~known)):
            each = [calibration_gaps(getattr(s.said[name], what), true, shared) for s in splits]
            gaps.append(np.concatenate(each, axis=1) / np.sqrt(len(splits)))
    columns.append(weighted_means(right[:, None].astype(float), weights * known)[:, 0])
    unknown = np.mean([split.unknown for split in splits], axis=0)
    known_means = weighted_means(unknown, weights * known)
    unknown_means = weighted_means(unknown, weights * ~known)
    for level in range(unknown.shape[1]):
        columns += [known_means[:, level], unknown_means[:, level]]
    return np.stack(columns, axis=1), np.stack(gaps, axis=1)


def as_shared(
    weights: Float[np.ndarray, "resample ask"], known: Bool[np.ndarray, "ask"], share: float
) -> Float[np.ndarray, "resample ask"]:
    """Weighted anew, so that the unknown asks weigh ``share`` of all."""
    scaled = np.zeros_like(weights)
    for which, part in ((known, 1 - share), (~known, share)):
        own = weights * which
        scaled += part * own / np.maximum(own.sum(axis=1, keepdims=True), _LEAST)
    return scaled


def calibration_error(
    gaps: Float[np.ndarray, "split_bin"], drawn: Float[np.ndarray, "resample split_bin"]
) -> Figure:
    """The calibration error; 0 where chance alone would make more."""
    value, resamples = without_chance(gaps, drawn)
    low, high = ends(resamples[:, None])
    return Figure(*(float(max(0.0, square) ** 0.5) for square in (value, low[0], high[0])))


def _ends(figure: Figure) -> list[float]:
    return [figure.value, figure.low, figure.high]
