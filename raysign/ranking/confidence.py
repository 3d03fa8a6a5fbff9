"""How likely each sign that was found is the right one, and how likely none is.

Of the scores s_j of the n best signs (``Confidence.looked_at``), higher being nearer, two things
are made:

* the *free energy* F = T log Σ_j exp(s_j / T), in units of a score. It says how near the query came
  to anything at all; T → 0 makes it the best score. (Liu et al., *Energy-based Out-of-distribution
  Detection*, NeurIPS 2020, equation 4, has −F.)
* the *shares* exp(α s_j) / Σ_i exp(α s_i): which of them it is, if it is one of them.

Three things can be: the right sign is one of these n; it is in the gallery but farther down; the
gallery does not have it. Their log-odds are κF, f and u, and

    P(none)  = exp(u) / (exp(κF) + exp(f) + exp(u))
    P(j)     = exp(κF) / (exp(κF) + exp(f) + exp(u)) × share of j

so that what the signs and "none" leave of 1 is the chance of a sign farther down. This is like a
nested logit (McFadden, 1978), but for an upper level with a temperature of its own: one softmax
over signs and "none" has to be sharp enough to tell signs apart and blunt enough to add up
evidence, and is worse at both. P(none) never exceeds exp(u) / (exp(u) + exp(f)): a bad recording of
a sign that is there looks like a sign that is not.
"""

from __future__ import annotations

from math import inf, log

import numpy as np
from jaxtyping import Float
from pydantic import Field

from raysign.config.base import Config
from raysign.errors import ConfigError


class Confidence(Config):
    """Numbers that turn scores into probabilities, and the threshold above which we say no."""

    looked_at: int = Field(ge=1)
    """n, the best signs of which there are scores; never more, so that P(none) does not depend on
    how many signs somebody wants to see.
    """
    sharpness: float = Field(gt=0)
    """α, in 1 / score."""
    temperature: float = Field(gt=0)
    """T, in units of a score."""
    slope: float = Field(ge=0)
    """κ, in 1 / score; 0 = nearness says nothing."""
    none: float
    """u, the log-odds of a sign that the gallery does not have."""
    farther: float | None
    """f, the same of a sign that it has farther down; None where the asks that it comes from had no
    more than n signs to find.
    """
    unknown_share: float = Field(gt=0, lt=1)
    """Share of queries whose sign the gallery does not have that u is for. .5 = nothing is known
    about who will ask: of the two mistakes neither is the likelier by itself.
    """
    threshold: float = Field(ge=0, le=1)
    """Of P(none)."""

    def of(self, scores: Float[np.ndarray, "sign"]) -> tuple[Float[np.ndarray, "sign"], float]:
        """P(j) of each sign and P(none), all in 0–1; together at most 1.

        Args:
            scores: of the signs that were found, in any order; -inf = not there. Give n of them or
                all that there are. Those beyond the n best get 0: their chance is in what is left.
        """
        shares, found, none = self.of_many(scores[None].astype(np.float64))
        return shares[0] * found[0], float(none[0])

    def of_many(
        self, scores: Float[np.ndarray, "query sign"]
    ) -> tuple[
        Float[np.ndarray, "query sign"], Float[np.ndarray, "query"], Float[np.ndarray, "query"]
    ]:
        """The shares, the chance that it is one of the n, and P(none), of many queries."""
        best = only_best(scores.astype(np.float64), self.looked_at)
        shares = softmax(self.sharpness, best)
        energy = free_energy(best, self.temperature)
        # with a slope of 0 nearness says nothing, not even that nothing was found
        near = self.slope * energy if self.slope else np.zeros_like(energy)
        farther = -inf if self.farther is None else self.farther
        odds = np.stack([near, np.full_like(near, self.none), np.full_like(near, farther)], axis=1)
        found, none, _ = softmax(1.0, odds).T
        return shares, found, none

    def unknown(self, none: float) -> bool:
        """Whether to say "not in this dictionary" at this P(none)."""
        return none > self.threshold

    def with_share(self, unknown_share: float) -> Confidence:
        """The same for other askers: their odds of asking for a sign that is not there differ.

        Whom it refuses stays the same, because the threshold moves with P(none).

        Raises:
            ConfigError: the share is not between 0 and 1.
        """
        if not 0 < unknown_share < 1:
            raise ConfigError(f"unknown_share must lie between 0 and 1, got {unknown_share}")
        moved = logit(unknown_share) - logit(self.unknown_share)
        at = self.threshold
        if 0 < at < 1:
            at = 1 / (1 + np.exp(-(logit(at) + moved)))
        change = {"none": self.none + moved, "unknown_share": unknown_share, "threshold": float(at)}
        return self.model_copy(update=change)


def logit(share: float) -> float:
    """log(p / (1 − p))."""
    return log(share) - log(1 - share)


def only_best(
    scores: Float[np.ndarray, "query sign"], count: int
) -> Float[np.ndarray, "query sign"]:
    """The scores, -inf in the place of all but the ``count`` best; of equals the first stay."""
    if scores.shape[1] <= count:
        return scores
    kept = np.full_like(scores, -inf)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    np.put_along_axis(kept, best, np.take_along_axis(scores, best, axis=1), axis=1)
    return kept


def free_energy(
    scores: Float[np.ndarray, "query sign"], temperature: float
) -> Float[np.ndarray, "query"]:
    """T log Σ_j exp(s_j / T); -inf of nothing but -inf."""
    top = _finite_top(scores)
    with np.errstate(divide="ignore"):
        sums = np.log(np.exp((scores - top) / temperature).sum(axis=1))
    energy: np.ndarray = top[:, 0] + temperature * sums
    return energy


def softmax(
    sharpness: float, scores: Float[np.ndarray, "query sign"]
) -> Float[np.ndarray, "query sign"]:
    """exp(α s_j) / Σ_i exp(α s_i) along each row; 0 for -inf, also where a row has nothing else."""
    there = scores > -inf
    raised = np.where(
        there, np.exp(sharpness * np.where(there, scores - _finite_top(scores), 0)), 0
    )
    total = raised.sum(axis=1, keepdims=True)
    shares: np.ndarray = raised / np.where(total > 0, total, 1)
    return shares


def _finite_top(scores: Float[np.ndarray, "query sign"]) -> Float[np.ndarray, "query 1"]:
    top = scores.max(axis=1, keepdims=True, initial=-inf)
    return np.where(np.isfinite(top), top, 0.0)
