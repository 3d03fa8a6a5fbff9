from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.errors import DataError
from raysign.rerank import alignment, blended, dtw_distances


def slow(a, b, band):
    """The recursion of Sakoe & Chiba, cell by cell."""
    frames = len(a)
    reach = round(band * (frames - 1))
    best = np.full((frames + 1, frames + 1), np.inf)
    best[0, 0] = 0
    for i in range(1, frames + 1):
        for j in range(max(1, i - reach), min(frames, i + reach) + 1):
            cost = float(((a[i - 1] - b[j - 1]) ** 2).sum())
            best[i, j] = cost + min(best[i - 1, j], best[i, j - 1], best[i - 1, j - 1])
    return math.sqrt(best[-1, -1] / frames)


@st.composite
def pairs(draw):
    frames, values = draw(st.integers(2, 8)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    return rng.integers(-3, 4, size=(4, frames, values)).astype(np.float64)


BANDS = st.sampled_from([0.0, 0.25, 0.5, 1.0])


@given(pairs(), BANDS)
@settings(max_examples=40, deadline=None)
def test_equals_the_recursion(sequences, band):
    queries, clips = sequences[:1], sequences[1:]
    hits = np.array([[2, 0, -1, 1]])
    found = dtw_distances(queries, clips, hits, band=band)
    expected = [slow(queries[0], clips[hit], band) if hit >= 0 else math.inf for hit in hits[0]]
    np.testing.assert_allclose(found[0], expected, atol=1e-9)


@given(pairs(), BANDS)
@settings(max_examples=40, deadline=None)
def test_the_path_is_a_warp_that_costs_the_distance(sequences, band):
    query, clip = sequences[:2]
    found = alignment(query, clip, band=band)
    assert found.distance == pytest.approx(
        dtw_distances(query[None], clip[None], np.array([[0]]), band=band).item()
    )
    last = len(query) - 1
    assert found.path[0].tolist() == [0, 0]
    assert found.path[-1].tolist() == [last, last]
    steps = {tuple(step) for step in np.diff(found.path, axis=0).tolist()}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert np.abs(found.path[:, 0] - found.path[:, 1]).max() <= round(band * last)
    cost = np.square(query[found.path[:, 0]] - clip[found.path[:, 1]]).sum()
    assert math.sqrt(cost / len(query)) == pytest.approx(found.distance)


def test_no_band_is_the_straight_distance_and_a_shift_is_free_within_one():
    rng = np.random.default_rng(0)
    moving = rng.normal(size=(12, 3)).cumsum(axis=0)
    a, b = moving[:10], np.concatenate([moving[:1], moving[:9]])
    (straight,) = dtw_distances(a[None], b[None], np.array([[0]]), band=0.0)[0]
    assert straight == pytest.approx(np.sqrt(np.square(a - b).sum(-1).mean()))
    (warped,) = dtw_distances(a[None], b[None], np.array([[0]]), band=0.25)[0]
    assert warped < straight / 2
    assert dtw_distances(a[None], a[None], np.array([[0]]))[0, 0] == 0


def test_float32_and_a_query_without_hits():
    sequences = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    found = dtw_distances(sequences, sequences, np.array([[0, 1], [-1, -1], [2, -1]]))
    assert found[0, 0] == found[2, 0] == 0
    assert np.isinf(found[1]).all()
    assert np.isinf(found[2, 1])


def test_what_is_refused():
    sequences = np.zeros((2, 5, 3))
    with pytest.raises(DataError, match="5 frames of 3 values, clips 4 of 3"):
        inspect.unwrap(dtw_distances)(sequences, sequences[:, :4], np.array([[0], [1]]))
    sequences[1, 2, 0] = np.nan
    with pytest.raises(DataError, match=r"holds NaN; use JointAverages\.vectors"):
        alignment(sequences[0], sequences[1])


SCORE = torch.tensor([[0.9, 0.5, 0.1], [0.7, 0.7, -torch.inf]])
DISTANCE = np.array([[3.0, 1.0, 2.0], [1.0, 2.0, np.inf]])


def test_blended_weighs_one_against_the_other():
    found = blended(SCORE, DISTANCE, weight=0.25)
    assert found[0].tolist() == pytest.approx([0.675 - 0.75, 0.375 - 0.25, 0.075 - 0.5])
    assert found[1, 2] == -torch.inf
    assert blended(SCORE, DISTANCE, weight=0.0)[0].tolist() == pytest.approx([0.9, 0.5, 0.1])


def test_blended_can_standardise_what_is_there():
    found = blended(SCORE, DISTANCE, weight=0.5, standardise=True)
    z = math.sqrt(1.5)  # of three equally spaced values, the outer ones
    assert found[0].tolist() == pytest.approx([0, z / 2, -z / 2], abs=1e-6)
    # Cosines that do not differ say nothing; the empty place is not counted.
    assert found[1].tolist() == pytest.approx([0.5, -0.5, -math.inf])


@pytest.mark.parametrize("standardise", [False, True])
def test_a_hit_that_was_not_aligned_is_charged_the_largest_distance(standardise):
    how = {"weight": 0.5, "standardise": standardise}
    score = torch.tensor([[0.9, 0.7, 0.6, 0.2, 0.1, -torch.inf]])
    distance = np.array([[0.5, 0.1, 0.8, np.inf, np.inf, np.inf]])
    found = blended(score, distance, **how)[0]
    aligned = blended(score[:, :3], distance[:, :3], **how)[0]
    torch.testing.assert_close(found[:3], aligned)
    assert found[:3].min() > found[3] > found[4]
    assert found[5] == -torch.inf
    if not standardise:
        assert found[3].item() == pytest.approx(0.5 * 0.2 - 0.5 * 0.8)
