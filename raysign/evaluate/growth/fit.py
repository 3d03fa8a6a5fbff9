"""A curve through shares of queries, in the logarithm of what grows, with its interval.

g(y) = a + b · log10(x), with g one of two *forms* that stay in 0–1 however far they are drawn on,
and that are power laws in x where y is small:

* ``logit``: g(y) = log(y / (1 - y));
* ``cloglog``: g(y) = log(-log(1 - y)), which leaves 1 faster and falls slower then.

Of the two, the one is taken that comes closer to the largest x when it has seen but a quarter of
it; ``miss`` says how close, and is what an interval beyond the largest x is widened by. They are
fitted to shares as if they were counts (Papke & Wooldridge, *Journal of Applied Econometrics* 11,
1996), so that shares of 0 and 1 have a part in it. The interval comes from as many fits to
resamples over signs. Beyond the largest x it is *fitted* and no 95 % interval: nobody knows how
often a form is wrong there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from raysign.errors import DataError
from raysign.ranking.bootstrap import ends
from raysign.ranking.interval import Figure

FORMS = ("logit", "cloglog")
LEAST_POINTS = 3
FARTHEST = 2
"""Nothing is said beyond so many times the largest x."""
SEEN = 0.25
"""For ``miss``: the curve sees what lies up to this share of the largest x."""
STEPS, RIDGE, CLOSE, STEEP = 200, 1e-6, 1e-9, 30.0


@dataclass(frozen=True, eq=False)
class Curve:
    """A line in g(y) and log10(x); ``lines`` are those of the resamples."""

    x: tuple[float, ...]
    """Where it was measured."""
    form: str
    line: Float[np.ndarray, "2"]
    lines: Float[np.ndarray, "resample 2"]
    miss: float | None
    """At the largest x: what a curve says that saw a quarter of it, less what was measured there;
    None where too few points lie below: the form is untested, and nothing is said beyond."""

    @classmethod
    def through(
        cls,
        x: Float[np.ndarray, "point"],
        y: Float[np.ndarray, "point"],
        resampled: Float[np.ndarray, "resample point"],
    ) -> Curve | None:
        """The curve through points, None where these are fewer than ``LEAST_POINTS``.

        Args:
            x: above 0, each once, ascending.
            y: shares, 0–1.
            resampled: the same of other signs, drawn in pairs.

        Raises:
            DataError: something lies outside of its range.
        """
        if (x <= 0).any() or not ((y >= 0) & (y <= 1)).all():
            raise DataError("a curve of shares needs x above 0 and shares in 0–1")
        if len(x) < LEAST_POINTS:
            return None
        form, miss = FORMS[0], None
        seen = x <= SEEN * x[-1]
        if seen.sum() >= LEAST_POINTS:
            misses = {
                each: float(_share(each, fitted(each, x[seen], y[None, seen]), x[-1])[0] - y[-1])
                for each in FORMS
            }
            form = min(FORMS, key=lambda each: abs(misses[each]))
            miss = misses[form]
        line = fitted(form, x, y[None])[0]
        return cls(tuple(x.tolist()), form, line, fitted(form, x, resampled), miss)

    def at(self, x: float) -> Figure | None:
        """What it says at x, with its interval: 95 % up to the largest x, beyond wider by the miss.

        None beyond ``FARTHEST`` times the largest, and beyond it at all where nothing tests it.
        """
        wider = 0.0
        if x > max(self.x):
            if self.miss is None or x > FARTHEST * max(self.x):
                return None
            wider = abs(self.miss)
        value = float(_share(self.form, self.line[None], x)[0])
        low, high = (float(end[0]) for end in ends(_share(self.form, self.lines, x)[:, None]))
        return Figure(value, max(0.0, low - wider), min(1.0, high + wider))

    def as_json(self, doubled: Figure | None) -> dict[str, Any]:
        """``form``, ``line`` (a, b), and the rest, flat; ``doubled`` is at twice the largest x."""
        return {
            "form": self.form,
            "line": self.line.tolist(),
            "fitted_from": min(self.x),
            "fitted_to": max(self.x),
            "at_twice_the_largest": doubled and doubled.value,
            "at_twice_the_largest_low": doubled and doubled.low,
            "at_twice_the_largest_high": doubled and doubled.high,
            "miss_at_the_largest": self.miss,
        }


def fitted(
    form: str, x: Float[np.ndarray, "point"], y: Float[np.ndarray, "resample point"]
) -> Float[np.ndarray, "resample 2"]:
    """(a, b) of every row of shares, by Fisher scoring.

    A ridge of ``RIDGE`` keeps them finite where all shares are 0, or all are 1.
    """
    log = np.log10(x)
    middle = log.mean()
    design = np.stack([np.ones_like(log), log - middle], axis=1)
    lines = np.zeros((len(y), 2))
    for _ in range(STEPS):
        share, rise, weight = _mean(form, lines @ design.T)
        gradient = ((y - share) * weight) @ design - RIDGE * lines
        information = np.einsum("rp,pi,pj->rij", rise * weight, design, design)
        step = np.linalg.solve(information + RIDGE * np.eye(2), gradient[..., None])[..., 0]
        step /= np.maximum(1, np.abs(step).max(axis=1, keepdims=True))  # no farther than 1 at once
        lines += step
        if np.abs(step).max() < CLOSE:
            break
    lines[:, 0] -= lines[:, 1] * middle
    return lines


def _mean(form: str, height: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares at heights g(y), their rise by height, and rise over variance y (1 - y)."""
    if form == "logit":
        share = 1 / (1 + np.exp(-height.clip(-STEEP, STEEP)))
        return share, share * (1 - share), np.ones_like(share)
    rate = np.exp(height.clip(-STEEP, np.log(STEEP)))
    share = -np.expm1(-rate)
    return share, rate * np.exp(-rate), rate / share


def _share(form: str, lines: Float[np.ndarray, "line 2"], x: float) -> Float[np.ndarray, "line"]:
    return np.asarray(_mean(form, lines[:, 0] + lines[:, 1] * np.log10(x))[0])
