"""Which kind is chosen, and how hard it tries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from raysign.config import GalleryConfig
from raysign.errors import GalleryError
from raysign.gallery import building
from raysign.gallery.building import build_index, choose_kind
from raysign.gallery.kinds import Flat, Graph
from raysign.gallery.tune import Sample, least_effort, recall_of, spread_out

Build = Any  # the fixture `build`


@pytest.mark.parametrize(
    ("count", "settings", "kind"),
    [
        (100, {}, "flat"),
        (50_000, {}, "flat"),
        (50_001, {}, "hnsw"),
        (5_000_001, {}, "ivf_pq"),
        (5_000_001, {"recall": 1.0}, "flat"),
        (2_000, {"flat_clips": 0}, "hnsw"),
        (500, {"flat_clips": 0}, "flat"),  # too few to measure anything else
        (100, {"kind": "flat"}, "flat"),
    ],
)
def test_kind_by_size_and_recall(count: int, settings: dict[str, object], kind: str) -> None:
    assert choose_kind(count, GalleryConfig.model_validate(settings))[0] == kind


def test_a_kind_that_cannot_be_is_refused() -> None:
    with pytest.raises(GalleryError, match="hnsw needs 1,000 clips or more, got 40"):
        choose_kind(40, GalleryConfig(kind="hnsw"))
    with pytest.raises(GalleryError, match="hnsw is approximate, got --recall 1"):
        choose_kind(4000, GalleryConfig(kind="hnsw", recall=1.0))


def test_recall_counts_the_true_ten_and_ties() -> None:
    exact = np.array([[0.9, 0.8, 0.7, 0.7]], np.float32)
    assert recall_of(exact, exact) == 1.0
    assert recall_of(np.array([[0.9, 0.7, 0.7, 0.7]], np.float32), exact) == 1.0  # a third tie
    assert recall_of(np.array([[0.9, 0.7, 0.6, 0.5]], np.float32), exact) == 0.5
    assert recall_of(np.array([[0.9, -np.inf, -np.inf, -np.inf]], np.float32), exact) == 0.25


NOBODY = np.full(2000, -1)
"""Clips without signs."""


def noise(count: int, dim: int = 48) -> np.ndarray:
    """Without any order that an index could use."""
    rows = np.random.default_rng(1).standard_normal((count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_effort_rises_with_the_recall_asked_for() -> None:
    config = GalleryConfig(kind="hnsw", links=8, build_effort=16)
    graph = Graph.empty(48, config)
    graph.add(noise(3000))
    sample = Sample(noise(3000)[:100] * -1, np.full(100, -1))
    alive = np.ones(3000, dtype=bool)
    found = [least_effort(graph, sample, alive, target) for target in (0.5, 0.8, 0.95)]
    efforts = [effort["ef_search"] for effort, _, _ in found]
    assert efforts == sorted(set(efforts)), "each asks for more"
    for (_, recall, reached), target in zip(found, (0.5, 0.8, 0.95), strict=True):
        assert reached
        assert recall >= target
    assert least_effort(graph, sample, alive, 0.5, {"ef_search": 96})[0] == {"ef_search": 96}


def test_a_stored_query_leaves_itself_out(build: Build) -> None:
    graph = Graph.empty(16, GalleryConfig(kind="hnsw"))
    graph.add(build.clips(1000))
    own = np.arange(50)
    sample = Sample(build.clips(1000)[:50], own)
    effort, recall, _ = least_effort(graph, sample, np.ones(1000, dtype=bool), 0.9)
    assert recall <= 1.0
    scores, rows = graph.nearest(sample.queries, 1, effort, np.ones(1000, dtype=bool))
    assert (rows[:, 0] == own).all()
    assert (scores > 0.99).all()


def test_what_cannot_be_reached_is_said_or_done_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.gallery.kinds.EF_SEARCH", (10,))
    poor = {"links": 4, "build_effort": 8, "recall": 0.99}
    asked = GalleryConfig.model_validate({"kind": "hnsw", **poor})
    with pytest.raises(GalleryError, match=r"hnsw reaches recall@10 0\.\d+, asked 0.99; type"):
        build_index(noise(2000), NOBODY, asked, lambda line: None)
    auto = GalleryConfig.model_validate({"flat_clips": 0, **poor})
    built = build_index(noise(2000), NOBODY, auto, lambda line: None)
    assert (built.tuned.kind, built.tuned.spread) == ("flat", 1)
    nobodys = build_index(
        noise(2000), NOBODY, GalleryConfig(kind="hnsw", recall=0.5), lambda line: None
    )
    assert nobodys.tuned.spread == 1
    assert "moved" not in nobodys.tuned.line()
    assert "hnsw reaches recall@10" in built.tuned.line()


def test_held_out_clips_are_in_the_index_afterwards(build: Build) -> None:
    gallery = build("hnsw", 1000)
    hits = gallery.search(build.clips(1000), 1)
    assert {hits.of(query)[0].clip_id for query in range(1000)} == {f"clip{i}" for i in range(1000)}
    assert building.LEAST_CLIPS["hnsw"] == 1000


def signs_of(count: int, each: int, far: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """So many signs of so many clips each, about points; few of the directions matter."""
    rng = np.random.default_rng(2)
    share = np.exp(-np.arange(64) / 20)
    scale = np.sqrt(share / share.sum()).astype(np.float32)
    points = rng.standard_normal((count, 64), np.float32) * scale
    clips = np.repeat(points, each, axis=0)
    clips += np.float32(np.sqrt(far)) * scale * rng.standard_normal(clips.shape, np.float32)
    return clips / np.linalg.norm(clips, axis=1, keepdims=True), np.repeat(np.arange(count), each)


@pytest.mark.parametrize("each", [2, 4, 20])
def test_queries_lie_as_far_from_their_sign_as_is_said(each: int) -> None:
    """About the points that the signs stand around, not about the few clips' own mean."""
    rng = np.random.default_rng(2)
    points = noise(2000).repeat(each, axis=0)
    clips = points + np.float32(0.02) * rng.standard_normal(points.shape).astype(np.float32)
    clips /= np.linalg.norm(clips, axis=1, keepdims=True)
    sign, rows = np.arange(2000).repeat(each), np.arange(0, 2000 * each, each)
    stored = ((clips[rows] - points[rows]) ** 2).sum(axis=1).mean()
    for spread in (2.0, 3.0):
        moved, told = spread_out(clips.__getitem__, rows, sign, spread, rng)
        assert told == spread
        np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-5)
        variance = ((moved - points[rows]) ** 2).sum(axis=1).mean()
        assert variance / stored == pytest.approx(spread, rel=0.04)
    same, told = spread_out(clips.__getitem__, rows, sign, 1.0, rng)
    np.testing.assert_array_equal(same, clips[rows])
    assert told == 1


def test_a_signs_only_clip_goes_as_far_as_others() -> None:
    vectors, sign = signs_of(100, 5)
    sign[0:5] = -1, -1, 1000, 1001, 1002
    rows = np.array([0, 2, 50, 60])
    moved, _ = spread_out(vectors.__getitem__, rows, sign, 3.0, np.random.default_rng(0))
    assert (np.linalg.norm(moved - vectors[rows], axis=1) > 0.1).all()
    nobody, told = spread_out(
        vectors.__getitem__, rows, np.full(500, -1), 3.0, np.random.default_rng(0)
    )
    np.testing.assert_array_equal(nobody, vectors[rows])
    assert told == 1


def test_strangers_are_found_as_surely_as_was_asked() -> None:
    """Tuned by stored clips, an index finds too few for queries that vary three times as much."""
    vectors, sign = signs_of(250, 40)
    some, rng = np.arange(0, 10_000, 16), np.random.default_rng(9)
    strangers, _ = spread_out(vectors.__getitem__, some, sign, 3.0, rng)
    there = np.ones(10_000, dtype=bool)
    recall = {}
    for spread in (1.0, 3.0):
        config = GalleryConfig(kind="hnsw", links=8, build_effort=24, recall=0.98, spread=spread)
        done = build_index(vectors, sign, config, lambda line: None)
        assert done.tuned.spread == spread
        exact, _ = Flat(done.index.vectors).nearest(strangers, 10, {}, there)
        found, _ = done.index.nearest(strangers, 10, done.tuned.effort, there)
        recall[spread] = recall_of(found, exact)
    assert recall[1.0] < recall[3.0]
    assert recall[3.0] > 0.98
    assert "moved as far off as new recordings lie" in done.tuned.line()
