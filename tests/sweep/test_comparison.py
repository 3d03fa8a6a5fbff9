"""What the comparison of trials promises, on trials whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.sweep.comparison import Sample, Standing, cheapest, compare, leading, tied_pairs
from raysign.sweep.evidence import Drawn

SIGNS, DRAWS = 50, 400


def sweep_of(
    better: list[float], seed: int, *, runs: int = 1, spread: float = 0.0, shared: float = 0.0
) -> list[Sample]:
    """Trials that are so much better than .5, on signs that are hard for all alike.

    A sign's own effect on a trial has a standard deviation of .06, on a training of .08; a seed's
    on all signs of a training ``spread``, and on those of all trials ``shared``.
    """
    random = np.random.default_rng(seed)
    hard = 0.5 + random.normal(0, 0.25, SIGNS)
    weight = random.multinomial(SIGNS, np.full(SIGNS, 1 / SIGNS), size=DRAWS) / SIGNS
    luck = random.normal(0, shared, runs)
    samples = []
    for number, by in enumerate(better, start=1):
        suits = hard + by + random.normal(0, 0.06, SIGNS)
        trainings = [
            suits + by_seed + random.normal(0, spread) + random.normal(0, 0.08, SIGNS)
            for by_seed in luck
        ]
        drawn = tuple(Drawn(float(x.mean()), weight @ x) for x in trainings)
        samples.append(Sample(number, drawn))
    return samples


def tied(samples: list[Sample], **how: float) -> list[int]:
    settings = {"level": 0.95, **how}
    return [s.number for s in compare(samples, **settings) if s.within]  # type: ignore[arg-type]


def by_number(samples: list[Sample]) -> dict[int, Standing]:
    return {standing.number: standing for standing in compare(samples, level=0.95)}


@pytest.mark.parametrize(("trials", "runs", "spread"), [(2, 1, 0.0), (10, 1, 0.0), (4, 3, 0.02)])
def test_equal_trials_are_tied(trials: int, runs: int, spread: float) -> None:
    sweeps = 200
    found = [
        tied(sweep_of([0.0] * trials, seed, runs=runs, spread=spread)) for seed in range(sweeps)
    ]
    first = sum(1 in one for one in found) / sweeps
    sure = sum(len(one) == 1 for one in found) / sweeps
    kept = sum(map(len, found)) / sweeps / trials
    assert first > 0.94, "whichever is called the best one stays with .975"
    assert sure < 0.08, "a sure winner among equals comes in at most .05"
    assert kept > 0.94


def test_of_two_equal_trials_about_one_in_twenty_wins_for_sure() -> None:
    sure = sum(len(tied(sweep_of([0.0, 0.0], seed))) == 1 for seed in range(400)) / 400
    assert 0.015 < sure < 0.095


def test_a_trial_that_is_clearly_better_is_found() -> None:
    for seed in range(40):
        assert tied(sweep_of([0.0] * 4 + [0.15] + [0.0] * 4, seed)) == [5]


def test_the_truly_best_stays_in_the_running() -> None:
    """Also among many, of which a lucky one leads."""
    found = [tied(sweep_of([0.01] + [0.0] * 24, seed)) for seed in range(60)]
    assert sum(1 in one for one in found) >= 57


def test_many_trials_ask_for_a_larger_lead() -> None:
    few, many = sweep_of([0.0] * 2, 3), sweep_of([0.0] * 40, 3)
    assert by_number(many[:2])[1].behind == by_number(few)[1].behind

    def errors(samples: list[Sample]) -> float:
        lead = samples[leading(samples)].runs[0]
        behind = by_number(samples)
        widths = []
        for sample in samples:
            apart = (sample.runs[0].means - lead.means).std()
            if apart > 0:
                widths.append(
                    (behind[sample.number].behind.high - behind[sample.number].behind.low)
                    / 2
                    / apart
                )
        return float(np.mean(widths))

    assert errors(few) == pytest.approx(1.96, abs=0.25)
    assert 2.7 < errors(many) < 3.6


def test_one_seed_does_not_know_what_another_does() -> None:
    """Trials that are equal, but for their seeds: one seed calls some beaten, three do not."""
    sweeps = range(60)
    once, thrice = (
        [tied(sweep_of([0.0] * 6, seed, runs=runs, spread=0.04)) for seed in sweeps]
        for runs in (1, 3)
    )
    assert sum(map(len, once)) / 360 < 0.75
    assert sum(map(len, thrice)) / 360 > 0.94


def test_what_a_seed_does_to_all_alike_tells_nothing_of_any() -> None:
    for seed in range(20):
        samples = sweep_of([0.0, 0.0, 0.15, 0.0], seed, runs=3, shared=0.3)
        assert tied(samples) == [3]
        alone = [*samples[:3], Sample(4, samples[3].runs[:1])]
        behind = by_number(alone)[4].behind.value
        assert behind == pytest.approx(samples[3].runs[0].value - samples[2].runs[0].value)


def test_trials_of_one_seed_do_not_blur_those_of_several() -> None:
    samples = sweep_of([0.1] * 12 + [0.0] * 12, 0, runs=3, spread=0.05)
    fewer = [*samples[:12], *(Sample(s.number, s.runs[:1]) for s in samples[12:])]
    every, some = by_number(samples), by_number(fewer)

    def widths(standings: dict[int, Standing]) -> list[float]:
        found = [standings[n].behind for n in range(1, 13) if not standings[n].leads]
        return [behind.high - behind.low for behind in found]

    assert np.mean(widths(some)) == pytest.approx(np.mean(widths(every)), rel=0.2)


def test_looks_share_the_level() -> None:
    samples = sweep_of([0.0] * 5, 1)
    once, thrice = (compare(samples, level=0.95, looks=looks) for looks in (1, 3))
    for one, three in zip(once, thrice, strict=True):
        assert one.mean == three.mean
        assert three.leads or three.behind.high > one.behind.high


def test_the_leader_is_among_those_with_the_most_seeds() -> None:
    def sample(number: int, *values: float) -> Sample:
        return Sample(number, tuple(Drawn(value, np.full(DRAWS, value)) for value in values))

    samples = [sample(1, 0.9), sample(2, 0.5, 0.7), sample(3, 0.7, 0.7)]
    assert samples[leading(samples)].number == 3
    standings = by_number(samples)
    assert [n for n, standing in standings.items() if standing.leads] == [3]
    assert standings[3].behind == standings[3].behind.__class__(0.0, 0.0, 0.0)
    assert standings[2].fresh == 0.7
    assert standings[2].spread == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert standings[1].fresh is standings[1].spread is None


def test_trials_that_are_the_same_are_tied_and_a_lone_one_wins() -> None:
    twins = sweep_of([0.0], 0) * 2
    assert len(tied(twins)) == 2
    assert tied(sweep_of([0.0], 0)) == [1]
    lower = [Drawn(run.value - 0.1, run.means - 0.1) for run in twins[0].runs]
    assert tied([twins[0], Sample(2, tuple(lower))]) == [1], "on every sign alike"


def test_an_interval_over_signs_stands_at_every_mean() -> None:
    (sample,) = sweep_of([0.0], 0)
    mean = by_number([sample])[1].mean
    low, high = np.quantile(sample.runs[0].means, [0.025, 0.975])
    assert (mean.value, mean.low, mean.high) == pytest.approx((sample.mean, low, high))


def test_pairs_of_several_trials() -> None:
    found = tied_pairs(sweep_of([0.0, 0.0, 0.3], 2), level=0.95)
    assert found.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_of_the_cheapest_the_best_is_taken() -> None:
    cost, mean = [1.0, 1.05, 2.0, 0.5], [0.5, 0.6, 0.7, 0.4]
    assert cheapest([0, 1, 2], cost, mean, 0.1) == 1
    assert cheapest([0, 1, 2], cost, mean, 0.0) == 0
    assert cheapest([0, 1, 2, 3], cost, mean, 0.1) == 3
    assert cheapest([0, 1, 2, 3], cost, mean, 0.8) == 2
