from __future__ import annotations

import pytest
import torch

from raysign.errors import DataError
from raysign.ranking import PerQuery, draws, one_draw, summarise


def found(hit: torch.Tensor) -> PerQuery:
    first = torch.where(hit, 1, 60)
    return PerQuery(first, 1 / first.double(), torch.full_like(first, 4), gallery=904)


def drawn(hit_rate: torch.Tensor, number: int, seed: int = 0) -> tuple[PerQuery, torch.Tensor]:
    """So many draws of signs that are found that often."""
    random = torch.rand(number, len(hit_rate), generator=torch.Generator().manual_seed(seed))
    return found((random < hit_rate).flatten()), torch.arange(len(hit_rate)).repeat(number)


def test_one_draw_of_226_queries_is_as_wide_as_the_binomial_says():
    """3.54 % are 8 of 226 hits, whether all signs are that hard or some are found always."""
    for hit_rate in (torch.full((226,), 8 / 226), torch.eye(226)[:8].sum(0)):
        per_query, sign = drawn(hit_rate, 100)
        at_1 = one_draw(per_query, sign, resamples=4000)["recall_at_1"]
        half = 1.96 * (at_1.value * (1 - at_1.value) / 226) ** 0.5
        assert at_1.value == pytest.approx(8 / 226, abs=0.004)
        assert at_1.low == pytest.approx(at_1.value - half, abs=0.2 * half)
        assert at_1.high == pytest.approx(at_1.value + half, abs=0.2 * half)


def test_the_mean_over_draws_is_surer_than_one_draw_where_draws_differ():
    per_query, sign = drawn(torch.full((50,), 0.3), 40)
    one, mean = (f(per_query, sign) for f in (one_draw, summarise))
    single, whole = one["recall_at_1"], mean.figures["recall_at_1"]
    assert single.value == pytest.approx(whole.value)
    width = (single.high - single.low) / (whole.high - whole.low)
    assert width == pytest.approx(40**0.5, rel=0.25)


def test_the_order_of_queries_says_nothing():
    """Every sign has its own rank, in all draws."""
    sign = torch.arange(40).repeat(30)
    order = torch.randperm(1200, generator=torch.Generator().manual_seed(0))

    def by_rank(first: torch.Tensor) -> PerQuery:
        return PerQuery(first, 1 / first.double(), torch.full_like(first, 4), gallery=904)

    one, other = by_rank(sign + 1), by_rank(sign[order] + 1)
    assert one_draw(one, sign) == one_draw(other, sign[order])


def test_it_does_not_depend_on_how_many_are_held_at_once(monkeypatch):
    per_query, sign = drawn(torch.full((30,), 0.3), 10)
    held = one_draw(per_query, sign)["recall_at_1"]
    monkeypatch.setattr(draws, "_VALUES_AT_ONCE", 1)
    one_by_one = one_draw(per_query, sign)["recall_at_1"]
    assert one_by_one.low == pytest.approx(held.low, abs=0.05)
    assert one_by_one.high == pytest.approx(held.high, abs=0.05)


def test_a_sign_that_a_draw_does_not_ask_for_counts_nothing_there():
    """Two draws: sign 0 is always found, sign 1 never, and asks in the first alone."""
    hit, sign = torch.tensor([True, True, False]), torch.tensor([0, 0, 1])
    at_1 = one_draw(found(hit), sign, torch.tensor([0, 1, 0]))["recall_at_1"]
    assert at_1.value == pytest.approx(2 / 3)
    assert (at_1.low, at_1.high) == (0.0, 1.0), "both signs 1, one of them asking; both signs 0"
    alone = one_draw(found(hit[2:]), sign[2:], torch.tensor([3]))["recall_at_1"]
    assert (alone.low, alone.value, alone.high) == (0.0, 0.0, 0.0), "draws that ask nothing"


def test_uneven_draws_that_nobody_numbered_are_refused():
    with pytest.raises(DataError, match="must ask for each of"):
        one_draw(found(torch.tensor([True, True, False])), torch.tensor([0, 0, 1]))
    lost = PerQuery(torch.tensor([0]), torch.zeros(1).double(), torch.tensor([0]), gallery=9)
    with pytest.raises(DataError, match="every query must have a positive"):
        one_draw(lost, torch.tensor([0]))
