from __future__ import annotations

import pytest
import torch

from raysign.errors import DataError
from raysign.ranking import PerQuery, chance, rank, summarise


def test_chance_is_what_random_vectors_find():
    """A gallery of 40 clips, 1 to 4 positives; 4,000 random queries a sign."""
    generator = torch.Generator().manual_seed(0)
    gallery_sign = torch.tensor([0, 1, 1, 2, 2, 2, 3, 3, 3, 3] + [9] * 30)
    query_sign = torch.arange(4).repeat(4000)
    gallery = torch.eye(40)
    queries = torch.randn(16000, 40, generator=generator)
    found = rank(queries, query_sign, gallery, gallery_sign)
    expected = chance(found, ks=(1, 5, 10))
    measured = summarise(found, query_sign, ks=(1, 5, 10), resamples=1).figures
    assert expected.keys() == measured.keys()
    for metric, value in expected.items():
        assert measured[metric].value == pytest.approx(value, abs=0.01), metric


def test_by_hand():
    """3 clips, 2 positives: the places are 12, 13 or 23."""
    found = PerQuery(
        torch.tensor([1, 0]), torch.tensor([1.0, torch.nan]).double(), torch.tensor([2, 0]), 3
    )
    made = chance(found, ks=(1, 2, 50))
    assert made["recall_at_1"] == pytest.approx(2 / 3)
    assert made["recall_at_2"] == made["recall_at_50"] == pytest.approx(1)
    assert made["mrr"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert made["map"] == pytest.approx((1 + (1 + 2 / 3) / 2 + (1 / 2 + 2 / 3) / 2) / 3)


def test_no_answer_is_no_chance():
    none = PerQuery(torch.tensor([0]), torch.tensor([torch.nan]).double(), torch.tensor([0]), 3)
    with pytest.raises(DataError, match="nothing could be found by chance"):
        chance(none)
