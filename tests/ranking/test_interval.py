from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
import torch

from raysign.errors import DataError, SplitError
from raysign.ranking import Figure, PerQuery, bootstrap, summarise, wilson


def found(first_rank, average_precision=None, positives=None):
    """A ``PerQuery``; a rank of 0 is an unanswered query."""
    first_rank = torch.as_tensor(first_rank)
    if average_precision is None:
        average_precision = torch.where(first_rank > 0, 1 / first_rank.double(), torch.nan)
    if positives is None:
        positives = (first_rank > 0).long() * 2
    return PerQuery(first_rank, average_precision, positives, gallery=1234)


def random_ranks(num, seed):
    return torch.randint(1, 80, (num,), generator=torch.Generator().manual_seed(seed))


def test_means_are_over_answered_queries_and_the_rest_is_counted():
    ranking = summarise(found([1, 2, 0, 4, 8, 0]), torch.tensor([0, 0, 1, 1, 2, 3]), ks=(1, 5))
    values = {name: figure.value for name, figure in ranking.figures.items()}
    assert values == pytest.approx(
        {"recall_at_1": 0.25, "recall_at_5": 0.75, "map": 15 / 32, "mrr": 15 / 32}
    )
    assert (ranking.queries, ranking.unanswered, ranking.signs) == (4, 2, 3)
    assert (ranking.gallery, ranking.positives_per_query) == (1234, 2.0)


def test_intervals_equal_a_slow_bootstrap():
    """Draw signs, take all queries of each as often as it was drawn, average, sort."""
    sign = torch.tensor([3, 3, 3, 5, 5, 8, 9, 9])
    per_query = found(random_ranks(8, 0))
    ranking = summarise(per_query, sign, ks=(10,), resamples=300, seed=4)
    for metric, figure in ranking.figures.items():
        by_sign = [per_query.values(metric)[sign == s].tolist() for s in (3, 5, 8, 9)]
        rng = np.random.default_rng(4)
        means = [
            np.mean([value for s in rng.integers(4, size=4) for value in by_sign[s]])
            for _ in range(300)
        ]
        assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))


def test_intervals_do_not_depend_on_how_many_draws_are_made_at_once(monkeypatch):
    per_query, sign = found(random_ranks(60, 0)), torch.arange(60) // 3
    at_once = summarise(per_query, sign)
    monkeypatch.setattr(bootstrap, "_DRAWS_AT_ONCE", 70)
    assert summarise(per_query, sign) == at_once


def test_intervals_are_as_wide_as_signs_make_them():
    """200 signs, all 10 queries of a sign alike: ±1.96 standard errors of 200 draws, not 2,000."""
    hit = torch.rand(200, generator=torch.Generator().manual_seed(0)) < 0.3
    first_rank = torch.where(hit, 1, 9).repeat_interleave(10)
    figure = summarise(found(first_rank), torch.arange(2000) // 10).figures["recall_at_1"]
    share = hit.double().mean().item()
    half = 1.96 * (share * (1 - share) / 200) ** 0.5
    assert figure.value == pytest.approx(share)
    assert figure.low == pytest.approx(share - half, abs=0.15 * half)
    assert figure.high == pytest.approx(share + half, abs=0.15 * half)


def test_the_seed_decides():
    per_query, sign = found(random_ranks(60, 0)), torch.arange(60) // 3
    assert summarise(per_query, sign, seed=1) == summarise(per_query, sign, seed=1)
    assert summarise(per_query, sign, seed=1) != summarise(per_query, sign, seed=2)


def test_what_goes_to_json_to_mlflow_and_to_people():
    first_rank = torch.tensor([1, 1, 3, 60, 0])
    ranking = summarise(found(first_rank), torch.tensor([0, 0, 1, 1, 2]))
    metrics = ranking.as_metrics()
    assert list(metrics) == [
        *(f"val/recall_at_{k}" for k in (1, 5, 10, 50)),
        "val/map",
        "val/mrr",
    ]
    flat = json.loads(json.dumps(ranking.as_json(), allow_nan=False))
    assert flat["recall_at_1"] == metrics["val/recall_at_1"] == 0.5
    assert flat["recall_at_1_low"] <= flat["recall_at_1"] <= flat["recall_at_1_high"]
    assert flat["queries"] == 4
    assert ranking.line().startswith("R@1 .500 [.000–1.000]  R@5 .750 [")
    assert "  mAP ." in ranking.line()
    assert ranking.card() == (
        "4 queries of 2 signs (1 more unanswered), gallery of 1,234 clips, 2.0 positives a query"
    )


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure(0.0, 0.0, 1.0), ".000 [.000–1.000]"),
        (Figure(-0.0123, -0.02, 0.00449), "-.012 [-.020–.004]"),
        (Figure(0.99951, 0.99949, 1.0), "1.000 [.999–1.000]"),
    ],
)
def test_figures_read_alike(figure, text):
    assert str(figure) == text


def test_the_interval_of_a_published_share_is_the_score_interval():
    """3.54 % of 226 queries are 8 hits: 1.8–6.8 %. By its definition, |p̂ − p| = z·√(p(1−p)/n)."""
    figure = wilson(8 / 226, 226)
    assert (round(figure.low, 3), round(figure.high, 3)) == (0.018, 0.068)
    for end in (figure.low, figure.high):
        assert abs(8 / 226 - end) == pytest.approx(1.959964 * (end * (1 - end) / 226) ** 0.5)
    assert wilson(0.0, 50).low == pytest.approx(0)
    with pytest.raises(DataError, match=r"must lie in 0–1, got 1\.2"):
        wilson(1.2, 50)


@pytest.mark.parametrize("count", [1, 3, 5, 20, 226, 10_000])
def test_its_ends_stay_within_0_and_1(count):
    assert wilson(0.0, count).low == 0.0
    assert str(wilson(0.0, count)).startswith(".000 [.000–")
    assert wilson(1.0, count).high == 1.0


def test_signs_that_all_agree_are_no_certainty():
    """Three hits of three signs: the bootstrap draws nothing else, Wilson says .44–1."""
    sign = torch.tensor([4, 4, 5, 6, 7])
    for first_rank, value in (([1, 1, 1, 1, 0], 1.0), ([90, 90, 90, 90, 0], 0.0)):
        figures = summarise(found(first_rank), sign).figures
        assert figures["recall_at_1"] == wilson(value, 3)
        assert figures["recall_at_50"] == wilson(value, 3)
    allright = summarise(found([1, 1, 1, 1, 0]), sign, ks=(1, 1233, 1234)).figures
    assert allright["mrr"] == allright["map"] == allright["recall_at_1"]
    assert 0.43 < allright["mrr"].low < 0.45
    assert allright["recall_at_1233"] == wilson(1.0, 3)
    assert allright["recall_at_1234"] == Figure(1.0, 1.0, 1.0), (
        "all 1,234 clips: nothing else can be"
    )


def test_bad_input_is_one_line():
    unchecked = inspect.unwrap(summarise)
    with pytest.raises(DataError, match="2 queries were ranked, but 3 have a sign"):
        unchecked(found([1, 2]), torch.tensor([0, 1, 2]))
    with pytest.raises(SplitError, match="nothing to average"):
        summarise(found([0, 0]), torch.tensor([0, 1]))
    with pytest.raises(DataError, match="1 or more resamples, got 0"):
        summarise(found([1, 2]), torch.tensor([0, 1]), resamples=0)
    with pytest.raises(DataError, match="unknown metric 'recall_at_0'"):
        summarise(found([1, 2]), torch.tensor([0, 1]), ks=(0,))
