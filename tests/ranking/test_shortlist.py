from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.errors import DataError, SplitError
from raysign.ranking import PerQuery, rank, reordered, shortlist


@st.composite
def worlds(draw):
    """Few directions, so that many scores tie; few signs and keys."""
    num_queries, num_clips = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    coordinate, label = st.integers(-2, 2), st.integers(0, 3)

    def embeddings(num):
        rows = st.lists(st.tuples(coordinate, coordinate), min_size=num, max_size=num)
        return torch.tensor(draw(rows), dtype=torch.float32)

    def labels(num):
        return torch.tensor(draw(st.lists(label, min_size=num, max_size=num)))

    world = (
        embeddings(num_queries),
        labels(num_queries),
        embeddings(num_clips),
        labels(num_clips),
    )
    keys = {}
    if draw(st.booleans()):
        keys = {"query_key": labels(num_queries), "gallery_key": labels(num_clips)}
    return world, keys


def standing(world, keys, q):
    """The whole ranking of one query as (score, positive), by the definitions of ``exact``."""
    queries, query_sign, gallery, gallery_sign = world
    rows = [
        (float(queries[q] @ clip), bool(gallery_sign[c] == query_sign[q]))
        for c, clip in enumerate(gallery)
        if not keys or keys["query_key"][q] != keys["gallery_key"][c]
    ]
    return sorted(rows, key=lambda row: (-row[0], row[1]))


@given(worlds(), st.integers(1, 10), st.sampled_from([1, 500, 1 << 20]))
@settings(max_examples=60, deadline=None)
def test_is_the_top_of_the_ranking(world, top, memory_bytes):
    world, keys = world
    found = shortlist(*world, top, **keys, memory_bytes=memory_bytes)
    assert found.clip.shape == (len(world[0]), min(top, len(world[2])))
    for q, query in enumerate(world[0]):
        expected = standing(world, keys, q)[:top]
        there = found.clip[q] >= 0
        assert found.score[q][there].tolist() == [score for score, _ in expected]
        assert found.positive[q][there].tolist() == [positive for _, positive in expected]
        assert not there[len(expected) :].any()
        assert (found.score[q][~there] == -torch.inf).all()
        assert not found.positive[q][~there].any()
        clips = found.clip[q][there]
        assert len(set(clips.tolist())) == len(clips)
        assert torch.equal(world[2][clips] @ query, found.score[q][there])


@given(worlds(), st.integers(1, 10), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_reordered_is_the_ranking_by_the_new_scores(world, top, random):
    world, keys = world
    try:
        first = rank(*world, **keys)
    except SplitError:
        return
    top_clips = shortlist(*world, top, **keys)
    new = torch.tensor([[float(random.randint(0, 2)) for _ in row] for row in top_clips.clip])
    found = reordered(first, top_clips, new)
    for q in range(len(world[0])):
        there = top_clips.clip[q] >= 0
        pairs = zip(new[q][there].tolist(), top_clips.positive[q][there].tolist(), strict=True)
        order = [positive for _, positive in sorted(pairs, key=lambda row: (-row[0], row[1]))]
        order += [positive for _, positive in standing(world, keys, q)[int(there.sum()) :]]
        ranks = [place for place, positive in enumerate(order, start=1) if positive]
        precision = [i / place for i, place in enumerate(ranks, start=1)]
        mean = sum(precision) / len(ranks) if ranks else math.nan
        assert found.first_rank[q] == (ranks[0] if ranks else 0)
        assert float(found.average_precision[q]) == pytest.approx(mean, nan_ok=True)
    assert torch.equal(found.positives, first.positives)
    assert found.gallery == first.gallery


@given(worlds(), st.integers(1, 10))
@settings(max_examples=30, deadline=None)
def test_the_first_stages_own_scores_change_nothing(world, top):
    world, keys = world
    try:
        first = rank(*world, **keys)
    except SplitError:
        return
    found = shortlist(*world, top, **keys)
    again = reordered(first, found, found.score)
    assert torch.equal(again.first_rank, first.first_rank)
    torch.testing.assert_close(again.average_precision, first.average_precision, equal_nan=True)


def test_an_encoder_of_one_point_gets_no_luck_at_the_edge():
    """All clips tie, and more negatives than places: none of the positives enters."""
    world = torch.ones(1, 2), torch.tensor([0]), torch.ones(6, 2), torch.tensor([0, 0, 1, 1, 1, 1])
    assert not shortlist(*world, 4).positive.any()
    assert shortlist(*world, 5).positive.sum() == 1


def test_first_places():
    clips = torch.eye(3)
    sign = torch.arange(3)
    found = shortlist(clips, sign, clips, sign, 3)
    assert torch.equal(found.first(2).clip, found.clip[:, :2])
    assert torch.equal(found.first(2).score, found.score[:, :2])
    assert torch.equal(found.first(2).positive, found.positive[:, :2])


def test_what_is_refused():
    clips, sign = torch.eye(3), torch.tensor([0, 0, 1])
    with pytest.raises(DataError, match="1 or more places, got 0"):
        shortlist(clips, sign, clips, sign, 0)
    first = rank(clips, sign, clips, sign)
    top = shortlist(clips, sign, clips, sign, 2)
    nan = top.score.clone()
    nan[0, 0] = np.nan
    with pytest.raises(DataError, match="NaN"):
        reordered(first, top, nan)
    with pytest.raises(DataError, match="scores of shape"):
        inspect.unwrap(reordered)(first, top, top.score[:, :1])
    fewer = PerQuery(first.first_rank[:2], first.average_precision[:2], first.positives[:2], 3)
    with pytest.raises(DataError, match="2 queries were ranked, 3 have a shortlist"):
        inspect.unwrap(reordered)(fewer, top, top.score)
