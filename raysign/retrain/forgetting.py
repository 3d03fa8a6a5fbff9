"""Which signs got worse, and of which of them that can be said.

A sign has few queries, and another seed of the same training already moves its figure: that is the
noise that must not be called forgetting. The seeds measure it. For every sign the average precision
(AP) of its queries is averaged, as one model less another:

* the loss: candidate − champion;
* the noise: one seed's model − another's, for every ordered pair of seeds, over all signs with
  about as many queries (``BINS``).

A sign's p-value is how likely noise takes a sign as low as its loss: the tail of Student's t with
the noise's variance and kurtosis. The tail reaches beyond the lowest noise that was seen, which a
share of it cannot: a single sign among hundreds could never be told with three seeds. A sign is
*forgotten* where it lost and is among the discoveries of Benjamini & Hochberg (*JRSS B* 57, 1995)
at a false discovery rate of 5 % over all signs that were asked. That is a statement about these
queries, not about others of the sign, and it takes the champion's own training to be as noisy as
the candidate's. With one seed nothing is marked; with more, ``Forgetting.least`` says what a single
sign would have to lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.stats import false_discovery_control, t

from raysign.ranking import Difference, PerQuery, Resampling, paired_differences
from raysign.retrain.verdict import Found

RATE = 0.05
"""Expected share of false ones among the signs that are called forgotten."""
BINS = (1, 2, 4, 8, 16)
"""Signs with 1, 2–3, 4–7, 8–15, and 16 or more queries share their noise."""
FEWEST_PAIRS = 100
"""As many of all signs stand beside a bin's own noise: few are no measure of a tail."""


@dataclass(frozen=True)
class Least:
    """What a single sign of a bin would have to lose to be marked, no other being marked."""

    queries: int
    """The fewest of the bin's; see ``BINS``."""
    signs: int
    loss: float | None
    """In AP; None where no loss is enough."""

    def __str__(self) -> str:
        upper = next((other - 1 for other in BINS if other > self.queries), None)
        many = f"{self.queries}–{upper}" if upper else f"{self.queries} or more"
        many = "1" if upper == 1 else many
        enough = "no loss is enough" if self.loss is None else f"{self.loss:.2f}"
        return f"{enough} with {many} {'query' if many == '1' else 'queries'}"


@dataclass(frozen=True)
class SignChange:
    """One sign, on its queries by one protocol."""

    sign: str
    queries: int
    """Clips that asked for it."""
    champion: float
    candidate: float
    """AP, averaged over its queries."""
    recall_at_1: float
    """Candidate − champion."""
    worse_seeds: int
    """Seeds whose model is worse than the champion's."""
    p: float | None
    """None with one seed."""
    forgotten: bool
    learned: bool | None
    """Whether the champion learned it; None where nobody knows."""

    @property
    def change(self) -> float:
        return self.candidate - self.champion


@dataclass(frozen=True)
class Forgetting:
    """Every sign that one protocol asked for, the greatest loss first."""

    protocol: str
    signs: tuple[SignChange, ...]
    seeds: int
    noise: float | None
    """Standard deviation of a sign's AP between two seeds; None with one seed."""
    learned: Difference | None
    """Candidate − champion in mAP, over the signs that the champion learned; None where there are
    none, or nobody knows."""
    new: Difference | None
    """Likewise over those that are new to it."""
    least: tuple[Least, ...] = ()
    """What these seeds can mark at all, by bin; none with one seed."""

    @classmethod
    def of(cls, found: Found, learned: Sequence[str] | None, how: Resampling) -> Forgetting:
        """Of what candidate, champion and seeds found; ``learned`` are the champion's signs."""
        asked = found.asked
        answered = found.candidate.answered.numpy()
        models = [found.candidate, found.rival, *found.seeds]
        sign, ap, queries = _by_sign(found, models, "map", answered)
        _, first, _ = _by_sign(found, models[:2], "recall_at_1", answered)
        loss, seeds = ap[0] - ap[1], ap[2:]
        p = p_values(loss, seeds, queries)
        marked = np.zeros(len(loss), dtype=bool)
        if p is not None:
            marked = (false_discovery_control(p) <= RATE) & (loss < 0)
        names = asked.sides.signs[sign]
        known = None if learned is None else set(learned)
        rows = [
            SignChange(
                str(names[i]),
                int(queries[i]),
                float(ap[1, i]),
                float(ap[0, i]),
                float(first[0, i] - first[1, i]),
                int((seeds[:, i] < ap[1, i]).sum()),
                None if p is None else float(p[i]),
                bool(marked[i]),
                None if known is None else str(names[i]) in known,
            )
            for i in np.lexsort((names, loss))
        ]
        noise = _noise(seeds)
        groups = list[Difference | None]([None, None])
        if known is not None:
            had = np.isin(asked.sides.signs[asked.query_sign.numpy()], list(known))
            groups = [_group(found, mask & answered, how) for mask in (had, ~had)]
        return cls(
            asked.name,
            tuple(rows),
            len(seeds),
            None if noise is None else float(noise.std()),
            groups[0],
            groups[1],
            least_losses(seeds, queries),
        )

    @property
    def forgotten(self) -> tuple[SignChange, ...]:
        """Those that lost more than seeds explain."""
        return tuple(row for row in self.signs if row.forgotten)

    def lines(self) -> list[str]:
        """For people."""
        worse = sum(row.change < 0 for row in self.signs)
        told = [
            f"{self.protocol}: {worse:,} of {len(self.signs):,} signs have a lower AP than with "
            "the champion"
        ]
        if self.noise is None:
            told[0] += "; one seed does not tell noise from forgetting, give two or more"
        else:
            names = ", ".join(f"{r.sign} {r.change:+.2f}" for r in self.forgotten[:8])
            more = ", …" if len(self.forgotten) > 8 else ""
            told[0] += (
                f"; {len(self.forgotten):,} beyond what other seeds of this training differ by "
                f"(± {self.noise:.2f} a sign; false discovery rate {RATE:.0%})"
                + (f": {names}{more}" if names else "")
            )
            told.append(
                f"{self.protocol}: these seeds would mark a single sign from an AP lost of: "
                + ", ".join(map(str, self.least))
            )
        for title, by in (("that the champion learned", self.learned), ("new to it", self.new)):
            if by is not None:
                told.append(f"{self.protocol}: mAP of the signs {title}: {by}")
        return told

    def as_json(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "seeds": self.seeds,
            "noise": self.noise,
            "false_discovery_rate": RATE,
            "forgotten": [row.sign for row in self.forgotten],
            "least_loss": [vars(each) for each in self.least],
            "learned_map": _flat(self.learned),
            "new_map": _flat(self.new),
            "signs": [vars(row) | {"change": row.change} for row in self.signs],
        }


def p_values(
    loss: Float[np.ndarray, "sign"],
    seeds: Float[np.ndarray, "seed sign"],
    queries: Int64[np.ndarray, "sign"],
) -> Float[np.ndarray, "sign"] | None:
    """How likely noise alone takes a sign as low as that; None where one seed shows no noise."""
    noise = _noise(seeds)
    if noise is None:
        return None
    bins = np.digitize(queries, BINS)
    p = np.empty(len(loss))
    for number in np.unique(bins):
        mine = bins == number
        p[mine] = _tail(loss[mine], noise[:, mine].ravel(), noise.ravel())
    return p


def least_losses(
    seeds: Float[np.ndarray, "seed sign"], queries: Int64[np.ndarray, "sign"]
) -> tuple[Least, ...]:
    """For every bin, what a single sign would have to lose; none where one seed shows no noise."""
    noise = _noise(seeds)
    if noise is None:
        return ()
    bins, losses = np.digitize(queries, BINS), np.arange(1, 101) / 100
    told = []
    for number in np.unique(bins):
        mine = bins == number
        enough = _tail(-losses, noise[:, mine].ravel(), noise.ravel()) <= RATE / len(queries)
        least = float(losses[enough.argmax()]) if enough.any() else None
        told.append(Least(BINS[number - 1], int(mine.sum()), least))
    return tuple(told)


def _tail(
    loss: Float[np.ndarray, "some"], own: Float[np.ndarray, "_"], everyone: Float[np.ndarray, "_"]
) -> Float[np.ndarray, "some"]:
    """P(noise ≤ loss), the largest of three: a t with the moments of the bin's own noise, one with
    ``FEWEST_PAIRS`` of all signs' beside it, and the share of its own that is as low.
    """
    mine, theirs = (np.array([np.mean(x**2), np.mean(x**4)]) for x in (own, everyone))
    beside = (len(own) * mine + FEWEST_PAIRS * theirs) / (len(own) + FEWEST_PAIRS)
    # Sums in another order differ in the last digit, and so do losses that are equal.
    share = np.searchsorted(np.sort(own), loss + 1e-9, side="right") / len(own)
    tails = [_t_tail(loss, *mine), _t_tail(loss, *beside), share]
    return np.asarray(np.max(tails, axis=0))


def _t_tail(
    loss: Float[np.ndarray, "some"], second: float, fourth: float
) -> Float[np.ndarray, "some"]:
    """P(T ≤ loss) of the t around 0 with those moments; the normal where its tail is no heavier."""
    if second == 0:
        return (loss >= 0).astype(np.float64)
    excess = fourth / second**2 - 3
    freedom = 4 + 6 / excess if excess > 0 else np.inf
    scale = np.sqrt(second * ((freedom - 2) / freedom if excess > 0 else 1))
    return np.asarray(t.cdf(loss / scale, freedom))


def _noise(seeds: Float[np.ndarray, "seed sign"]) -> Float[np.ndarray, "pair sign"] | None:
    if len(seeds) < 2:
        return None
    one, other = np.array(list(permutations(range(len(seeds)), 2))).T
    return np.asarray(seeds[one] - seeds[other])


def _by_sign(
    found: Found, models: Sequence[PerQuery], metric: str, answered: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signs, each model's mean over their query clips, [model sign], and how many these are."""
    clip = found.asked.clip[answered]
    clips, which = np.unique(clip, return_inverse=True)
    asked = np.bincount(which)
    signs, of = np.unique(found.asked.sides.query_sign[clips], return_inverse=True)
    queries = np.bincount(of)
    means = [
        np.bincount(of, np.bincount(which, model.values(metric).numpy()[answered]) / asked)
        / queries
        for model in models
    ]
    return signs, np.stack(means), queries


def _group(found: Found, mask: np.ndarray, how: Resampling) -> Difference | None:
    if not mask.any():
        return None
    which = torch.from_numpy(mask)
    mine, theirs = (model.select(which) for model in (found.candidate, found.rival))
    sign = found.asked.query_sign[which]
    return paired_differences([mine], [theirs], sign, **how)["map"]


def _flat(by: Difference | None) -> dict[str, float] | None:
    return None if by is None else {"value": by.value, "low": by.low, "high": by.high}
