"""How well known signs are told from unknown ones, and how true the chances are that are said.

Each ask has a *strangeness*, higher where its sign is thought not to be there, and a weight; many
weightings are computed at once, one a resample. Known asks are those whose sign is there.

* *refused* at a threshold: the share of known asks that are stranger than it. *noticed*: the same
  share of unknown asks. Together they make the curve.
* *AUROC*: the chance that an unknown ask is stranger than a known one, ties counted half; .5 is
  what guessing gives.
* *FPR at 95 % TPR*: the share of unknown asks that are taken for known at the threshold that
  refuses 5 % of the known; 1 − noticed there.
* *OSCR* (Dhamija et al., *Reducing Network Agnostophobia*, NeurIPS 2018): the area under the share
  of known asks that are not refused and whose best sign is right, over the share of unknown asks
  that are taken for known, both swept over all thresholds. At most the share of known asks whose
  best sign is right.
* *Calibration error*: the root of the mean squared distance of said and true share (Kumar et al.,
  *Verified Uncertainty Calibration*, NeurIPS 2019), over bins of equally many asks (Nguyen &
  O'Connor, 2015). 0 is best. Chance makes every distance larger; of squares, unlike of the absolute
  distances of an ECE, what chance adds can be subtracted, see :func:`without_chance`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int64

BINS = 15
REFUSED = 0.05

Weights = Float[np.ndarray, "resample ask"]
PerResample = Float[np.ndarray, "resample"]


class Sweep:
    """Asks in the order of their strangeness, for all thresholds at once."""

    def __init__(
        self,
        strangeness: Float[np.ndarray, "ask"],
        known: Bool[np.ndarray, "ask"],
        right: Bool[np.ndarray, "ask"],
    ) -> None:
        """``right``: known asks whose best sign is the right one."""
        self._order = np.argsort(strangeness, kind="stable")
        sorted_ = strangeness[self._order]
        last = np.append(sorted_[1:] != sorted_[:-1], True)
        self._last: Int64[np.ndarray, "value"] = np.flatnonzero(last)
        self._known, self._right = known[self._order], (right & known)[self._order]

    def areas(self, weights: Weights) -> dict[str, PerResample]:
        """``auroc``, ``fpr_at_95_tpr`` and ``oscr`` of each resample.

        NaN where a resample has no known asks, or no unknown ones: nothing is told apart there.
        """
        mine = weights[:, self._order]
        each = (self._known, ~self._known, self._right)
        kept, taken, right = (self._below(mine * which) for which in each)
        none = (kept[:, -1:] == 0) | (taken[:, -1:] == 0)
        total = np.where(none, np.nan, kept[:, -1:])
        kept, right = kept / total, right / total
        taken = taken / np.where(none, np.nan, taken[:, -1:])
        first = (kept >= 1 - REFUSED - 1e-12).argmax(axis=1)
        return {
            "auroc": _area(taken, kept),
            "fpr_at_95_tpr": np.take_along_axis(taken, first[:, None], axis=1)[:, 0],
            "oscr": _area(taken, right),
        }

    def curve(
        self,
    ) -> tuple[Float[np.ndarray, "threshold"], Float[np.ndarray, "threshold"]]:
        """Refused and noticed at every threshold, each ask weighing the same."""
        kept, taken = (
            self._below(which[None].astype(float))[0] for which in (self._known, ~self._known)
        )
        return 1 - kept / kept[-1], 1 - taken / taken[-1]

    def _below(self, weights: Weights) -> Float[np.ndarray, "resample threshold"]:
        """The weight of all that is no stranger than each threshold; the first is below all."""
        sums = np.cumsum(weights, axis=1)[:, self._last]
        return np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)


def weighted_means(
    values: Float[np.ndarray, "ask column"] | Bool[np.ndarray, "ask column"], weights: Weights
) -> Float[np.ndarray, "resample column"]:
    """The mean of each column; NaN where a resample has no weight."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means: np.ndarray = weights @ values / weights.sum(axis=1, keepdims=True)
    return means


def calibration_gaps(
    said: Float[np.ndarray, "ask"], true: Bool[np.ndarray, "ask"], weights: Weights
) -> Float[np.ndarray, "resample bin"]:
    """Said less true share of each bin, times the root of the bin's share of the weight.

    The sum of the squares is the squared calibration error, with what chance adds.
    """
    own = _bins(said)
    mass, total = weights @ own, weights.sum(axis=1, keepdims=True)
    gaps = (weights * (said - true)) @ own / np.sqrt(np.where(mass > 0, mass, 1))
    shared: np.ndarray = gaps / np.sqrt(total)
    return shared


def without_chance(
    gaps: Float[np.ndarray, "gap"], drawn: Float[np.ndarray, "resample gap"]
) -> tuple[float, Float[np.ndarray, "resample"]]:
    """The sum of squared gaps less what chance adds, and of each resample.

    A gap that is measured as g has, on average, a square that is larger than the true one by the
    variance of g. The resamples show this variance; they scatter around the measured gaps, so that
    theirs has it twice. Where all true gaps are 0 they spread √3 times too wide, and an interval of
    theirs is wider than it need be.
    """
    chance = drawn.var(axis=0)
    return float((gaps**2 - chance).sum()), (drawn**2 - 2 * chance).sum(axis=1)


def reliability(
    said: Float[np.ndarray, "ask"],
    true: Bool[np.ndarray, "ask"],
    weights: Float[np.ndarray, "ask"],
) -> Float[np.ndarray, "bin 2"]:
    """Mean said and true share of each bin with an ask, for a diagram."""
    both = np.stack([said, true.astype(float)], axis=1)
    rows = [
        np.average(both[own], axis=0, weights=weights[own]) for own in _bins(said).T if own.any()
    ]
    return np.array(rows)


def _bins(said: Float[np.ndarray, "ask"]) -> Bool[np.ndarray, "ask bin"]:
    """Which bin each ask is in: as many asks in each as can be, equals together."""
    _, value, count = np.unique(said, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2
    bins: np.ndarray = (middle[value] * BINS // len(said))[:, None] == np.arange(BINS)
    return bins


def _area(
    across: Float[np.ndarray, "resample threshold"], up: Float[np.ndarray, "resample threshold"]
) -> PerResample:
    """By trapezoids, which counts ties half."""
    area: np.ndarray = (np.diff(across, axis=1) * (up[:, 1:] + up[:, :-1]) / 2).sum(axis=1)
    return area
