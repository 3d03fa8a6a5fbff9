"""Other scores than a clip's cosine, beside slow and obvious ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from raysign.errors import ConfigError, SplitError
from raysign.ranking import (
    PerQuery,
    Scoring,
    paired_differences,
    rank,
    rank_by,
    sign_ranks,
    summarise,
)
from raysign.ranking.scoring import sign_scores, soft_maxima

DIM = 5


def world(seed: int, queries: int = 9, clips: int = 17, signs: int = 4) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return {
        "queries": normalize(torch.randn(queries, DIM, generator=rng), dim=1),
        "query_sign": torch.randint(signs + 1, (queries,), generator=rng),  # one nobody has
        "gallery": normalize(torch.randn(clips, DIM, generator=rng), dim=1),
        "gallery_sign": torch.randint(signs, (clips,), generator=rng),
        "query_key": torch.randint(clips, (queries,), generator=rng),
        "gallery_key": torch.arange(clips) // 2,
    }


def slow_sign_rank(scoring: Scoring, of: dict[str, Any], query: int) -> int:
    """0 where unanswered."""
    q, keys = of["queries"][query].double(), of["gallery_key"]
    left = [i for i in range(len(of["gallery"])) if keys[i] != of["query_key"][query]]
    cosine = {i: float(of["gallery"][i].double() @ q) for i in left}
    tau = scoring.temperature or 1 / math.sqrt(DIM)
    total = sum(math.exp(c / tau) for c in cosine.values())
    scores = {}
    for sign in set(of["gallery_sign"].tolist()):
        mine = [cosine[i] for i in left if of["gallery_sign"][i] == sign]
        if mine:
            scores[sign] = {
                "sign_max": max(mine),
                "sign_mean": sum(mine) / len(mine),
                "support": sum(math.exp(c / tau) for c in mine) / total,
            }[scoring.kind]
    wanted = int(of["query_sign"][query])
    if wanted not in scores:
        return 0
    return sum(score >= scores[wanted] for score in scores.values())


@pytest.mark.parametrize(
    "scoring",
    [Scoring("sign_max"), Scoring("sign_mean"), Scoring("support"), Scoring("support", 0.5, 0.02)],
)
@pytest.mark.parametrize("memory_bytes", [1, 256 << 20])
def test_signs_are_ranked_as_one_by_one(scoring: Scoring, memory_bytes: int) -> None:
    for seed in range(5):
        of = world(seed)
        found = rank_by(scoring, **of, memory_bytes=memory_bytes)
        slow = [slow_sign_rank(scoring, of, query) for query in range(len(of["queries"]))]
        assert found.first_rank.tolist() == slow
        assert found.positives.tolist() == [int(r > 0) for r in slow]
        assert found.gallery == len(of["gallery_sign"].unique())
        each = found.average_precision[found.answered]
        torch.testing.assert_close(each, found.values("mrr")[found.answered])


def test_smoothed_is_the_cosine_to_moved_clips_without_the_querys_own() -> None:
    for seed in range(5):
        of = world(seed)
        found = rank_by(Scoring("smoothed", 0.7), **of)
        for query in range(len(of["queries"])):
            left = (of["gallery_key"] != of["query_key"][query]).nonzero()[:, 0]
            clips, sign = of["gallery"][left].double(), of["gallery_sign"][left]
            moved = torch.stack(
                [c + 0.7 * clips[sign == s].mean(0) for c, s in zip(clips, sign, strict=True)]
            )
            if not (sign == of["query_sign"][query]).any():
                assert found.first_rank[query] == 0
                continue
            one = slice(query, query + 1)
            alone = rank(of["queries"][one], of["query_sign"][one], normalize(moved, dim=1), sign)
            assert found.first_rank[query] == alone.first_rank
            torch.testing.assert_close(found.average_precision[query], alone.average_precision[0])


def test_without_weight_smoothed_is_clip_and_clip_is_rank() -> None:
    of = world(0)
    plain = rank(**of)
    for scoring in (Scoring(), Scoring("smoothed", 0.0)):
        assert torch.equal(rank_by(scoring, **of).first_rank, plain.first_rank)


def test_one_clip_a_sign_ranks_by_cosine_whatever_the_rule() -> None:
    of = world(3, clips=12)
    of["gallery_sign"] = torch.arange(12)
    of["query_sign"] = torch.arange(9)
    plain = rank(**of).first_rank
    for kind in ("sign_max", "sign_mean", "support", "smoothed"):
        assert torch.equal(rank_by(Scoring(kind), **of).first_rank, plain), kind


@pytest.mark.parametrize("temperature", [None, 0.05, 0.01, 0.002, 1e-4, 1e-6])
def test_attention_keeps_its_order_where_it_is_too_small_to_be_a_number(temperature: float) -> None:
    """e^-103 is 0 in float32: at τ = .01 that is a cosine of 1 below the best."""
    rng = torch.Generator().manual_seed(0)
    gallery = normalize(torch.randn(200, 16, generator=rng), dim=1)
    queries = normalize(gallery + 0.9 * torch.randn(200, 16, generator=rng), dim=1)
    sign = torch.arange(200)
    world = queries, sign, gallery, sign
    scoring = Scoring("support", temperature=temperature)
    assert torch.equal(rank_by(scoring, *world).first_rank, rank(*world).first_rank)
    assert torch.equal(sign_ranks(scoring, *world), rank(*world).first_rank)
    # Two clips a sign: the worse of them counts where the better ones tie.
    better, worse = torch.tensor([[-0.1, -0.1]]), torch.tensor([[-0.4, -0.2]])
    scores = torch.cat([better, worse, torch.ones(1, 1)], dim=1)
    soft = soft_maxima(scoring, scores, torch.tensor([0, 1, 0, 1, 2]), 3, 16)[0]
    tau = temperature or 0.25
    if tau > 0.01:
        assert soft[1] > soft[0]
        wanted = sign_scores(scoring, scores, torch.tensor([0, 1, 0, 1, 2]), 3, 16)[0]
        torch.testing.assert_close((soft / tau).softmax(0).float(), wanted)
    assert soft[2] == 1


def test_an_encoder_that_says_nothing_finds_nothing() -> None:
    same = torch.ones(6, 2) / math.sqrt(2)
    sign = torch.tensor([0, 0, 1, 1, 2, 2])
    for kind in ("sign_max", "sign_mean", "support"):
        found = rank_by(Scoring(kind), same, sign, same, sign)
        assert found.first_rank.tolist() == [3] * 6, kind


def test_a_ranking_of_signs_says_so_and_is_not_compared_with_one_of_clips() -> None:
    of = world(1)
    signs, clips = rank_by(Scoring("sign_max"), **of), rank_by(Scoring(), **of)
    ranking = summarise(signs, of["query_sign"])
    assert "gallery of 4 signs, 1.0 positives a query" in ranking.card()
    assert "gallery of 17 clips" in summarise(clips, of["query_sign"]).card()
    assert ranking.figures["map"].value == pytest.approx(ranking.figures["mrr"].value)
    assert PerQuery.join([signs, signs]).unit == "signs"
    assert signs.select(signs.answered).unit == "signs"
    with pytest.raises(Exception, match="differ in queries, positives or gallery"):
        paired_differences([signs], [clips], of["query_sign"])


def test_what_cannot_be_is_refused() -> None:
    of = world(0)
    with pytest.raises(
        ConfigError, match="no scoring is called 'mean'; give one of clip, sign_max"
    ):
        Scoring("mean")
    with pytest.raises(ConfigError, match="λ"):
        Scoring("smoothed", -1.0)
    with pytest.raises(ConfigError, match="τ"):
        Scoring("support", temperature=0.0)
    of["query_sign"] = torch.full((9,), 99)
    for kind in ("clip", "smoothed", "sign_mean"):
        with pytest.raises(SplitError, match="none of the 9 queries"):
            rank_by(Scoring(kind), **of)
        assert not rank_by(Scoring(kind), **of, allow_unanswered=True).answered.any()


def test_the_default_temperature_is_scaled_dot_product_attention() -> None:
    """softmax(q·k / √d) of vectors of length √d, added up by sign, in a published order."""
    of = world(2)
    scale = math.sqrt(DIM)
    logits = (of["queries"] * scale) @ (of["gallery"] * scale).T / math.sqrt(DIM)
    attention = logits.double().softmax(dim=1).numpy()
    signs = sorted(set(of["gallery_sign"].tolist()))
    by_sign = np.stack(
        [attention[:, of["gallery_sign"].numpy() == s].sum(axis=1) for s in signs], axis=1
    )
    del of["query_key"], of["gallery_key"]
    found = rank_by(Scoring("support"), **of).first_rank
    for query, sign in enumerate(of["query_sign"].tolist()):
        if sign in signs:
            wanted = by_sign[query, signs.index(sign)]
            assert found[query] == (by_sign[query] >= wanted).sum()


def test_means_of_equal_cosines_tie_however_many_they_are() -> None:
    """One vector everywhere, and signs of 1 to 11 clips: each query's own sign comes last."""
    rng = torch.Generator().manual_seed(0)
    number = torch.arange(100).repeat_interleave(torch.randint(1, 12, (100,), generator=rng))
    vector = torch.nn.functional.normalize(torch.randn(1, 64, generator=rng), dim=1)
    gallery = vector.expand(len(number), 64)
    queries = vector.expand(100, 64)
    scores = queries @ gallery.T
    found = sign_scores(Scoring("sign_mean"), scores, number, 100, 64)
    assert (found == found[:, :1]).all()
