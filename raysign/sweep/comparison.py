"""Which trial of a sweep wins, and which are tied with it: evidence in, verdicts out.

The best of n trials is best partly by luck: the luckier, the more there are (the winner's curse).
So "better than the others" is asked of all trials at once. For each trial the hypothesis is that it
is truly the best. It is rejected, the trial *beaten*, where the leader is ahead of it by more than
the largest lead that any of the others would have over it by chance: more than ``c`` standard
errors of their difference, with ``c`` from the maximum of all studentised differences to it, over
draws of the signs in pairs (multiple comparisons with the best: Hsu, *Annals of Statistics* 12,
1984; the maximum by bootstrap: Romano & Wolf, *Econometrica* 73, 2005). The others are within
noise, and tied.

What it promises, up to the bootstrap's error, however many trials there are:

* the truly best trial is among the tied with a probability of at least (1 + ``level``) / 2: .975;
* where two or more trials are equally good and best, a single sure winner is named in at most
  1 − ``level`` of the sweeps: .05. For two trials it is the usual two-sided test;
* a tie proves nothing: the tied may differ by less than these val signs can show.

Measured on 400 sweeps (of 40 trials 150) of equal trials over 50 signs: of 2, 10 and 40 any one
stays with .97, .96 and .95, and of 2 one is called sure in .058.

Where trials were trained from several seeds, two are compared over the seeds that both have: a seed
draws batches and first weights alike for all, and what it does to all alike says nothing about
either. What it does to each apart is noise: its variance is what the sums of a trial's and a seed's
effects leave over, pooled over all trials, with the heavier tails of few seeds (Student). What a
seed does to single signs is in both kinds of noise, so intervals are wide rather than narrow. Where
trials have one seed each, the noise is that of the signs alone, and "sure" is said of these
weights, not of their config. A val split that has judged all trials judges the winner too: its
figure stays a little too good, and only signs that nobody has looked at would tell by how much.

Of the tied, those whose cost is within ``saving`` of the lowest count as cheapest, and of these the
best wins. (The rule of one standard error, Breiman et al., *CART*, 1984, 3.4.3, does alike; its
noise is narrower.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from raysign.ranking import Figure
from raysign.sweep.evidence import Drawn, mean_of


@dataclass(frozen=True)
class Sample:
    """One trial's evidence."""

    number: int
    runs: tuple[Drawn, ...]
    """The metric of each of its trainings, which differ in their seed; the trial's own first. All
    samples of a comparison have the same draws.
    """

    @property
    def mean(self) -> float:
        return float(np.mean([run.value for run in self.runs]))


@dataclass(frozen=True)
class Standing:
    """Where a trial stands after a comparison."""

    number: int
    runs: tuple[float, ...]
    """The metric of each of its trainings; the trial's own first."""
    mean: Figure
    """Over the seeds, with its interval over signs."""
    behind: Figure
    """Its mean less the leader's over the seeds that both have, with the interval by which all
    trials are judged together: it is beaten where that lies below 0. The leader's is 0.
    """
    within: bool
    """Within noise of the leader."""
    leads: bool

    @property
    def fresh(self) -> float | None:
        """The mean over the seeds but the first, by which it came to be looked at again."""
        return float(np.mean(self.runs[1:])) if len(self.runs) > 1 else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds; None where there is one."""
        return float(np.std(self.runs, ddof=1)) if len(self.runs) > 1 else None


def compare(
    samples: Sequence[Sample], *, level: float, looks: int = 1, seed: int = 0
) -> list[Standing]:
    """Every trial against the leader, in the order given.

    Args:
        samples: of one trial or more; all have as many draws.
        level: two-sided, of all trials together.
        looks: how often trials are compared before one is chosen; each has an equal share in what
            may go wrong (Bonferroni), so that all looks together keep the level.
        seed: of the seeds' noise.
    """
    tail = (1 - level) / 2
    noise = _Noise.of(samples, seed)
    leader = leading(samples)
    standings = []
    for i, sample in enumerate(samples):
        mean = mean_of(sample.runs)
        low, high = np.quantile(mean.means, [tail, 1 - tail])
        behind, reach = 0.0, 0.0
        if i != leader:
            behind = noise.apart(i)[leader]
            reach = np.quantile(noise.largest_lead(i), 1 - tail / looks) * noise.error(i)[leader]
        standings.append(
            Standing(
                sample.number,
                tuple(run.value for run in sample.runs),
                Figure(mean.value, float(low), float(high)),
                Figure(float(behind), float(behind - reach), float(behind + reach)),
                bool(behind + reach >= 0),
                i == leader,
            )
        )
    return standings


def leading(samples: Sequence[Sample]) -> int:
    """The place of the highest mean of those with the most seeds: one lucky run does not lead."""
    most = max(len(sample.runs) for sample in samples)
    return max(
        (i for i, sample in enumerate(samples) if len(sample.runs) == most),
        key=lambda i: (samples[i].mean, -samples[i].number),
    )


def tied_pairs(
    samples: Sequence[Sample], *, level: float, seed: int = 0
) -> Bool[np.ndarray, "trial other"]:
    """Which of several trials are within noise of each other, over all their pairs together."""
    noise = _Noise.of(samples, seed)
    places = range(len(samples))
    largest = np.max([noise.largest_lead(i) for i in places], axis=0)
    reach = np.quantile(largest, level) * np.stack([noise.error(i) for i in places])
    return np.asarray(np.abs(np.stack([noise.apart(i) for i in places])) <= reach)


def cheapest(
    tied: Iterable[int], cost: Sequence[float], mean: Sequence[float], saving: float
) -> int:
    """Which of the tied places wins: the best of those whose cost is about the lowest."""
    places = list(tied)
    lowest = min(cost[i] for i in places)
    return max((i for i in places if cost[i] * (1 - saving) <= lowest), key=lambda i: (mean[i], -i))


@dataclass(frozen=True)
class _Noise:
    """How far apart the trials' means are, and by how much of that chance moves them.

    ``[m - 1]`` of an array is of the first m seeds, at which trials with fewer are NaN.
    """

    count: Int[np.ndarray, "trial"]
    """Seeds of each trial."""
    value: Float[np.ndarray, "seeds trial"]
    signs: Float[np.ndarray, "seeds trial resample"]
    """Draws of the signs, about 0."""
    drawn: Float[np.ndarray, "seeds trial resample"]
    """Joint draws of signs and seeds, about 0."""
    variance: float
    """What a seed does to a trial apart from all others."""

    @classmethod
    def of(cls, samples: Sequence[Sample], seed: int) -> _Noise:
        count = np.array([len(sample.runs) for sample in samples])
        resamples = len(samples[0].runs[0].means)
        each = np.full((count.max(), len(samples)), np.nan)
        signs = np.full((*each.shape, resamples), np.nan)
        for i, sample in enumerate(samples):
            for r, run in enumerate(sample.runs):
                each[r, i] = run.value
                signs[r, i] = run.means - run.means.mean()
        variance, freedom = _apart_from_others(each)
        random = np.random.default_rng(seed)
        scale = np.sqrt(variance * max(freedom, 1) / random.chisquare(max(freedom, 1), resamples))
        drawn = signs + scale * random.standard_normal(signs.shape)
        value, signs, drawn = map(_running_mean, (each, signs, drawn))
        return cls(count, value, signs, drawn, variance)

    def apart(self, i: int) -> Float[np.ndarray, "trial"]:
        """A trial less each other, over the seeds that both have."""
        shared, every = self._shared(i)
        return np.asarray(self.value[shared, i] - self.value[shared, every])

    def error(self, i: int) -> Float[np.ndarray, "trial"]:
        """The standard error of that."""
        shared, every = self._shared(i)
        of_signs = (self.signs[shared, every] - self.signs[shared, i]).var(axis=1)
        of_seeds = 2 * self.variance / (shared + 1)
        return np.asarray(np.sqrt(of_signs + np.where(every == i, 0, of_seeds)))

    def largest_lead(self, i: int) -> Float[np.ndarray, "resample"]:
        """The largest lead over a trial that any other has by chance, in its standard errors."""
        shared, every = self._shared(i)
        lead, error = self.drawn[shared, every] - self.drawn[shared, i], self.error(i)[:, None]
        studentised = np.divide(lead, error, out=np.zeros_like(lead), where=error > 0)
        return np.asarray(studentised.max(axis=0))

    def _shared(self, i: int) -> tuple[Int[np.ndarray, "trial"], Int[np.ndarray, "trial"]]:
        """Of each trial the place of the last seed that it has too, and its own."""
        return np.minimum(self.count, self.count[i]) - 1, np.arange(len(self.count))


def _apart_from_others(each: Float[np.ndarray, "seed trial"]) -> tuple[float, int]:
    """The variance that effects of seeds and of trials leave, and its degrees of freedom."""
    seed, trial = np.nonzero(~np.isnan(each))
    design = np.concatenate([np.eye(each.shape[0])[seed], np.eye(each.shape[1])[trial]], axis=1)
    found, _, rank, _ = np.linalg.lstsq(design, each[seed, trial], rcond=None)
    freedom = len(seed) - int(rank)
    if freedom == 0:
        return 0.0, 0
    left = each[seed, trial] - design @ found
    return float(left @ left) / freedom, freedom


def _running_mean(each: np.ndarray) -> np.ndarray:
    """Over the first seed, the first two, and so on."""
    first = np.arange(1, len(each) + 1).reshape(-1, *[1] * (each.ndim - 1))
    return np.asarray(each.cumsum(axis=0) / first)
