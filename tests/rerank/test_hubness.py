from __future__ import annotations

import pytest
import torch
from scipy.stats import skew

from raysign.errors import DataError
from raysign.rerank import hubness


def test_is_the_skewness_of_how_often_clips_are_found():
    rng = torch.Generator().manual_seed(0)
    hits = torch.stack([torch.randperm(40, generator=rng)[:10] % 25 for _ in range(30)])
    occurs = [int((hits == clip).sum()) for clip in range(30)]
    found = hubness(hits, clips=30)
    assert found.skewness == pytest.approx(skew(occurs))
    assert (found.k, found.most) == (10, max(occurs))
    assert found.never == pytest.approx(occurs.count(0) / 30)
    assert found.as_json()["skewness"] == found.skewness


def test_even_is_zero_and_a_hub_is_not():
    assert hubness(torch.arange(6)[:, None], clips=6).skewness == 0
    assert hubness(torch.zeros(6, 1, dtype=torch.long), clips=6).skewness > 1.5


def test_empty_places_are_nobodys():
    assert hubness(torch.tensor([[0, -1], [1, -1]]), clips=2).most == 1


@pytest.mark.parametrize("hits", [[[-1]], [[3]]])
def test_what_is_refused(hits):
    with pytest.raises(DataError, match="hits among the 3 clips"):
        hubness(torch.tensor(hits), clips=3)
