"""Neighbours by likeness, beside a slow loop and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import ndcg_score
from torch.nn.functional import normalize

from raysign.errors import DataError
from raysign.ranking import Scoring, agreement, neighbour_metrics, neighbour_values

KS = (2, 4)


def world(seed: int, queries: int = 12, clips: int = 40, signs: int = 9) -> dict[str, Any]:
    rng = torch.Generator().manual_seed(seed)
    return {
        "queries": normalize(torch.randn(queries, 5, generator=rng), dim=1),
        "query_sign": torch.randint(signs, (queries,), generator=rng),
        "gallery": normalize(torch.randn(clips, 5, generator=rng), dim=1),
        "gallery_sign": torch.arange(clips) % signs,
    }


def alike(num: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(agreement(rng.integers(3, size=(num, 4)), np.ones(4)))


def values(of: dict[str, Any], known: list[int], likeness: torch.Tensor, **more: Any) -> Any:
    table = neighbour_values(
        Scoring(),
        **of,
        known=torch.tensor(known, dtype=torch.int64),
        likeness=likeness,
        ks=KS,
        **more,
    )
    return [dict(zip(neighbour_metrics(KS), row.tolist(), strict=True)) for row in table]


def gains_in_order(of: dict[str, Any], query: int, known: list[int], likeness: Any) -> list[float]:
    """The likenesses of the other known signs, in the order in which their first clip comes."""
    mine = int(of["query_sign"][query])
    scores = of["gallery"].double() @ of["queries"][query].double()
    seen: list[int] = []
    for clip in scores.argsort(descending=True).tolist():
        sign = int(of["gallery_sign"][clip])
        if sign != mine and sign in known and sign not in seen:
            seen.append(sign)
    return [float(likeness[known.index(mine), known.index(sign)]) for sign in seen]


@pytest.mark.parametrize("known", [list(range(9)), [0, 2, 3, 5, 6, 8, 11]])
@pytest.mark.parametrize("memory_bytes", [1, 1 << 20])
def test_equals_a_walk_down_the_signs(known: list[int], memory_bytes: int) -> None:
    of, likeness = world(0), alike(len(known))
    for query, row in enumerate(values(of, known, likeness, memory_bytes=memory_bytes)):
        if int(of["query_sign"][query]) not in known:
            assert np.isnan(list(row.values())).all()
            continue
        gains = gains_in_order(of, query, known, likeness)
        best = sorted(gains, reverse=True)
        assert row["neighbour_chance"] == pytest.approx(np.mean(gains))
        for k in KS:
            assert row[f"neighbour_precision_{k}"] == pytest.approx(np.mean(gains[:k]))
            assert row[f"neighbour_ideal_{k}"] == pytest.approx(np.mean(best[:k]))
            order = -np.arange(len(gains))
            theirs = ndcg_score([gains], [order], k=k)
            assert row[f"neighbour_ndcg_{k}"] == pytest.approx(theirs)


def test_chance_is_what_random_orders_give() -> None:
    of, likeness = world(1, queries=1), alike(9)
    (row,) = values(of, list(range(9)), likeness)
    mine = int(of["query_sign"][0])
    gains = np.delete(likeness[mine].numpy(), mine)
    rng = np.random.default_rng(0)
    drawn = [ndcg_score([gains], [rng.random(len(gains))], k=4) for _ in range(2000)]
    assert row["neighbour_ndcg_chance_4"] == pytest.approx(np.mean(drawn), abs=0.01)


def test_a_random_encoder_is_near_chance_and_the_likeness_itself_is_ideal() -> None:
    likeness = alike(60, seed=3)
    of = world(2, queries=400, clips=60, signs=60)
    rows = values(of, list(range(60)), likeness)
    gap = [row["neighbour_precision_4"] - row["neighbour_chance"] for row in rows]
    assert abs(np.mean(gap)) < 3 * np.std(gap) / 20
    knows = {
        "queries": likeness.float(),
        "query_sign": torch.arange(60),
        "gallery": torch.eye(60),
        "gallery_sign": torch.arange(60),
    }
    for row in values(knows, list(range(60)), likeness):
        assert row["neighbour_precision_4"] == pytest.approx(row["neighbour_ideal_4"])
        assert row["neighbour_ndcg_2"] == pytest.approx(1)


def test_of_signs_with_equal_scores_the_least_alike_stand_first() -> None:
    point = torch.ones(1, 3)
    of = {
        "queries": point,
        "query_sign": torch.tensor([0]),
        "gallery": point.expand(4, 3),
        "gallery_sign": torch.arange(4),
    }
    likeness = torch.tensor(
        [[1, 0.9, 0.1, 0.5], [0.9, 1, 0, 0], [0.1, 0, 1, 0], [0.5, 0, 0, 1]], dtype=torch.float64
    )
    (row,) = values(of, [0, 1, 2, 3], likeness)
    assert row["neighbour_precision_2"] == pytest.approx(0.3)
    assert row["neighbour_precision_4"] == pytest.approx(0.5), "there are three others"
    assert row["neighbour_ideal_2"] == pytest.approx(0.7)


def test_a_sign_whose_only_clip_is_left_out_is_not_shown() -> None:
    of = {
        "queries": torch.eye(3)[:1],
        "query_sign": torch.tensor([0]),
        "gallery": torch.eye(3),
        "gallery_sign": torch.arange(3),
        "query_key": torch.tensor([1]),
        "gallery_key": torch.tensor([0, 1, 2]),
    }
    likeness = torch.tensor([[1, 0.8, 0.2], [0.8, 1, 0], [0.2, 0, 1]], dtype=torch.float64)
    (row,) = values(of, [0, 1, 2], likeness)
    assert row["neighbour_ideal_2"] == row["neighbour_chance"] == pytest.approx(0.2)


def test_nobody_known_is_nan_and_no_likeness_is_nothing() -> None:
    of = world(0, queries=3)
    for known in ([], [77]):
        for row in values(of, known, alike(len(known)) if known else torch.zeros(0, 0).double()):
            assert np.isnan(list(row.values())).all()
    for row in values(of, list(range(9)), torch.eye(9).double()):
        assert row["neighbour_ndcg_2"] == row["neighbour_precision_2"] == 0


def test_agreement_is_the_weighted_share() -> None:
    features = np.array([[0, 1, 2], [0, 1, 3], [4, 5, 6]])
    found = agreement(features, np.array([1.0, 1.0, 2.0]))
    np.testing.assert_allclose(found, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])
    for weights in ([1.0, -1.0, 1.0], [0.0, 0.0, 0.0]):
        with pytest.raises(DataError, match="0 or more, one above 0"):
            agreement(features, np.array(weights))
