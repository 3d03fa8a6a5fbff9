from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
import torch

from raysign.errors import DataError
from raysign.ranking import (
    Difference,
    PerQuery,
    SeedError,
    paired_differences,
    summarise,
    summarise_row,
)

METRICS = ("recall_at_1", "recall_at_5", "recall_at_10", "recall_at_50", "map", "mrr")


def found(first_rank, positives=None, gallery=1234):
    """A ``PerQuery``; a rank of 0 is an unanswered query."""
    first_rank = torch.as_tensor(first_rank)
    average_precision = torch.where(first_rank > 0, 1 / first_rank.double(), torch.nan)
    if positives is None:
        positives = (first_rank > 0).long() * 2
    return PerQuery(first_rank, average_precision, positives, gallery=gallery)


def random_ranks(num, seed, most=80):
    return torch.randint(1, most, (num,), generator=torch.Generator().manual_seed(seed))


def test_a_paired_difference_sees_what_two_intervals_hide():
    """Each query one rank better: far less than queries differ from one another."""
    sign = torch.arange(400) // 4
    worse = random_ranks(400, 0) + 1
    a, b = found(worse - 1), found(worse)
    difference = paired_differences([a], [b], sign)["mrr"]
    assert difference.value == pytest.approx((1 / (worse - 1) - 1 / worse).mean().item())
    assert 0 < difference.low < difference.value < difference.high
    assert difference.below_zero == 0
    assert difference.sure
    one, other = (summarise(x, sign).figures["mrr"] for x in (a, b))
    assert one.low < other.high
    assert difference.high - difference.low < (one.high - one.low)
    back = paired_differences([b], [a], sign)["mrr"]
    assert (back.value, back.low, back.high, back.below_zero) == pytest.approx(
        (-difference.value, -difference.high, -difference.low, 1)
    )


def test_differences_equal_a_slow_bootstrap():
    """Draw signs, take all queries of each as often as it was drawn, mean over runs, subtract."""
    sign = torch.tensor([3, 3, 3, 5, 5, 8, 9, 9, 7])
    ours = [found([*random_ranks(8, seed, 9).tolist(), 0]) for seed in (0, 1, 2)]
    theirs = [found([*random_ranks(8, seed, 9).tolist(), 0]) for seed in (3, 4)]
    made = paired_differences(ours, theirs, sign, ks=(3,), resamples=300, seed=4)
    for metric in ("recall_at_3", "map", "mrr"):
        by_sign = []
        for s in (3, 5, 8, 9):
            rows = [i for i in range(8) if sign[i] == s]
            by_sign.append([])
            for i in rows:
                mine = [float(run.values(metric)[i]) for run in ours]
                others = [float(run.values(metric)[i]) for run in theirs]
                by_sign[-1].append(sum(mine) / 3 - sum(others) / 2)
        rng = np.random.default_rng(4)
        means = [
            np.mean([value for s in rng.integers(4, size=4) for value in by_sign[s]])
            for _ in range(300)
        ]
        low, high = np.percentile(means, [2.5, 97.5])
        below = np.mean([mean < 0 for mean in means]) + np.mean([mean == 0 for mean in means]) / 2
        figure = made[metric]
        assert (figure.low, figure.high) == pytest.approx((low, high))
        assert figure.value == pytest.approx(np.mean(np.concatenate(by_sign)))
        assert figure.below_zero == pytest.approx(below, abs=0.02)


def test_the_interval_is_as_wide_as_the_signs_differences_make_it():
    """300 signs, all 8 queries of a sign alike: ±1.96 standard errors of 300 paired differences."""
    ours, theirs = (torch.where(random_ranks(300, seed, 5) < 3, 1, 9) for seed in (0, 1))
    sign = torch.arange(2400) // 8
    by = paired_differences(
        [found(ours.repeat_interleave(8))], [found(theirs.repeat_interleave(8))], sign
    )["recall_at_1"]
    each = (ours == 1).double() - (theirs == 1).double()
    half = 1.96 * each.std().item() / 300**0.5
    assert by.value == pytest.approx(each.mean().item())
    assert by.low == pytest.approx(by.value - half, abs=0.15 * half)
    assert by.high == pytest.approx(by.value + half, abs=0.15 * half)


def test_equal_rankings_differ_by_nothing_and_that_is_not_sure():
    a, sign = found(random_ranks(40, 0)), torch.arange(40) // 2
    for by in paired_differences([a], [a], sign).values():
        assert (by.value, by.low, by.high, by.below_zero) == (0, 0, 0, 0.5)
        assert not by.sure


def test_a_row_has_means_over_runs_and_their_spread():
    sign = torch.arange(60) // 3
    runs = [found(random_ranks(60, seed)) for seed in (0, 1, 2)]
    row = summarise_row(runs, sign)
    alone = [summarise(run, sign) for run in runs]
    spread = row.spread
    assert spread is not None
    for metric in METRICS:
        values = [one.figures[metric].value for one in alone]
        assert row.ranking.figures[metric].value == pytest.approx(np.mean(values))
        assert spread[metric] == pytest.approx(np.std(values, ddof=1))
        assert [run[metric] for run in row.runs] == pytest.approx(values)
    flat = json.loads(json.dumps(row.as_json(), allow_nan=False))
    assert flat["runs"] == 3
    assert flat["map_spread"] == spread["map"]


def test_a_row_of_one_run_is_that_run_without_a_spread():
    run, sign = found([1, 2, 0, 4, 8, 1]), torch.tensor([0, 0, 1, 1, 2, 3])
    row = summarise_row([run], sign)
    assert row.ranking == summarise(run, sign)
    assert row.spread is None
    assert row.as_json()["map_spread"] is None


def test_the_error_from_seeds_is_that_of_two_means():
    sign = torch.arange(60) // 3
    ours, theirs = ([found(random_ranks(60, s)) for s in seeds] for seeds in ((0, 1, 2), (3, 4)))
    by = paired_differences(ours, theirs, sign)["map"]
    a, b = summarise_row(ours, sign).spread, summarise_row(theirs, sign).spread
    assert a is not None
    assert b is not None
    assert by.seed_error == pytest.approx((a["map"] ** 2 / 3 + b["map"] ** 2 / 2) ** 0.5)
    assert by.seeds is not None
    assert 1 < by.seeds.freedom < 3
    lone = paired_differences(ours, theirs[:1], sign)["map"].seeds
    assert lone is not None, "one run is taken to spread as the other row's do"
    assert lone.value == pytest.approx(a["map"] * (1 / 3 + 1) ** 0.5)
    assert lone.freedom == 2
    assert paired_differences(ours[:1], theirs[:1], sign)["map"].seeds is None


@pytest.mark.parametrize(
    ("low", "high", "seeds", "sure"),
    [
        (0.01, 0.03, None, True),
        (-0.01, 0.05, None, False),
        (0.019, 0.021, (0.007, 4), True),  # t = 2.78
        (0.019, 0.021, (0.008, 4), False),
        (0.019, 0.021, (0.007, 2), False),  # t = 4.30
        (0.01, 0.03, (0.005, 4), True),  # of signs .0051, together .0071
        (0.002, 0.038, (0.005, 4), False),  # each alone would do
    ],
)
def test_a_difference_is_sure_beyond_signs_and_seeds(low, high, seeds, sure):
    error = None if seeds is None else SeedError(*map(float, seeds))
    for one in (
        Difference(0.02, low, high, 0.0, error),
        Difference(-0.02, -high, -low, 1.0, error),
    ):
        assert one.sure is sure
        assert one.sure_of_rows is (sure and seeds is not None)


@pytest.mark.parametrize(("runs", "others"), [(3, 3), (2, 2), (3, 1)])
def test_of_equal_rows_one_in_twenty_is_called_sure(runs, others):
    """Signs and seeds blur them alike; each noise by itself would call three times as many."""
    random, signs, seeds, called = np.random.default_rng(0), 0.01, 0.01, 0
    for _ in range(1000):
        ours, theirs = (random.normal(0, seeds, count) for count in (runs, others))
        value = ours.mean() - theirs.mean() + random.normal(0, signs)
        reach = 1.96 * signs
        by = Difference(value, value - reach, value + reach, 0.5, SeedError.of(ours, theirs))
        called += by.sure
    assert called / 1000 < 0.065


def test_of_equal_models_one_in_twenty_is_called_sure_however_few_signs():
    """A coin decides for each sign whether it is found; the interval alone would call 12 % of 6."""
    random = np.random.default_rng(0)
    for signs in (1, 2, 4, 6, 8, 12, 20):
        called = 0
        for _ in range(300):
            ours, theirs = (found(random.integers(1, 3, signs)) for _ in range(2))
            by = paired_differences([ours], [theirs], torch.arange(signs), ks=(1,), resamples=200)
            called += by["recall_at_1"].sure
        assert called / 300 < 0.09, signs


def test_few_signs_are_sure_of_what_all_of_them_say():
    worse, better = found([9] * 40), found([1] * 40)
    for signs, sure in ((1, False), (4, False), (8, True), (40, True)):
        sign = torch.arange(40) % signs
        by = paired_differences([better, better], [worse, worse], sign)["mrr"]
        assert by.signs == signs
        assert by.sure is by.sure_of_rows is sure
    assert not Difference(1.0, 1.0, 1.0, 0.0).sure, "a point of nobody knows how many"


@pytest.mark.parametrize(("signs", "sure"), [(12, False), (29, True), (30, True), (None, True)])
def test_fewer_signs_need_a_wider_berth(signs, sure):
    """.020 is 2.12 errors of .0094: t is 2.20 of 12 signs, whose error is larger, 2.05 of 29."""
    by = Difference(0.02, 0.0016, 0.0384, 0.01, signs=signs)
    assert by.sure is sure


def test_only_the_same_queries_of_the_same_gallery_compare():
    sign, first = torch.tensor([0, 1]), found([1, 2])
    others = found([1, 0]), found([1, 2], torch.tensor([2, 3])), found([1, 2], gallery=9)
    for other in others:
        with pytest.raises(DataError, match="differ in queries, positives or gallery"):
            paired_differences([first], [other], sign)
        with pytest.raises(DataError, match="differ in queries, positives or gallery"):
            summarise_row([first, other], sign)
    with pytest.raises(DataError, match="a run on either side"):
        paired_differences([first], [], sign)
    with pytest.raises(DataError, match="no run"):
        inspect.unwrap(summarise_row)([], sign)
