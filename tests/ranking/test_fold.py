"""The rank of a sign among the signs shown, beside a slow loop over the clips."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize
from torch.utils._python_dispatch import TorchDispatchMode

from raysign.errors import DataError
from raysign.ranking import SCORINGS, Scoring, hits_above_fold, rank_by, sign_ranks, smooth


def slow_loop(queries, query_sign, gallery, gallery_sign, query_key=None, gallery_key=None):
    """Walk down the clips and count the different signs up to the query's own."""
    ranks = []
    for q, query in enumerate(queries.tolist()):
        standing = []
        for c, clip in enumerate(gallery.tolist()):
            if query_key is not None and query_key[q] == gallery_key[c]:
                continue
            score = np.float32(math.fsum(a * b for a, b in zip(query, clip, strict=True)))
            standing.append((-score, bool(gallery_sign[c] == query_sign[q]), int(gallery_sign[c])))
        seen = set()
        for _, own, sign in sorted(standing):  # among equals the others stand first
            seen.add(sign)
            if own:
                break
        ranks.append(len(seen) if int(query_sign[q]) in seen else 0)
    return ranks


@st.composite
def worlds(draw: Any) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
    """Few directions, so that many scores tie; few signs and keys."""
    counts = draw(st.integers(1, 6)), draw(st.integers(1, 14))
    coordinate, label = st.integers(-2, 2), st.integers(0, 4)
    world = []
    for num in counts:
        rows = draw(st.lists(st.tuples(coordinate, coordinate), min_size=num, max_size=num))
        signs = draw(st.lists(label, min_size=num, max_size=num))
        world += [torch.tensor(rows, dtype=torch.float32), torch.tensor(signs)]
    if not draw(st.booleans()):
        return world, {}
    keys = (torch.tensor(draw(st.lists(label, min_size=n, max_size=n))) for n in counts)
    return world, dict(zip(("query_key", "gallery_key"), keys, strict=True))


@given(worlds(), st.sampled_from([1, 400, 1 << 20]))
@settings(max_examples=100, deadline=None)
def test_equals_the_slow_loop(world: Any, memory_bytes: int) -> None:
    args, keys = world
    found = sign_ranks(Scoring(), *args, **keys, memory_bytes=memory_bytes)
    assert found.tolist() == slow_loop(*args, **keys)


def real_world(seed: int, queries: int = 20, clips: int = 60, signs: int = 9) -> dict[str, Any]:
    rng = torch.Generator().manual_seed(seed)
    return {
        "queries": normalize(torch.randn(queries, 6, generator=rng), dim=1),
        "query_sign": torch.randint(signs + 1, (queries,), generator=rng),
        "gallery": normalize(torch.randn(clips, 6, generator=rng), dim=1),
        "gallery_sign": torch.randint(signs, (clips,), generator=rng),
        "query_key": torch.randint(clips, (queries,), generator=rng),
        "gallery_key": torch.arange(clips) // 2,
    }


@pytest.mark.parametrize("kind", SCORINGS)
def test_of_signs_that_are_ranked_it_is_their_rank(kind: str) -> None:
    world = real_world(0)
    ranks, found = sign_ranks(Scoring(kind), **world), rank_by(Scoring(kind), **world)
    if found.unit == "signs":
        assert torch.equal(ranks, found.first_rank)
    else:
        assert (ranks <= found.first_rank).all()
        assert torch.equal(ranks > 0, found.answered)


def test_smoothed_clips_show_signs_by_their_smoothed_scores() -> None:
    world = {name: tensor for name, tensor in real_world(1).items() if "key" not in name}
    moved = smooth(world["gallery"], world["gallery_sign"], 0.5)
    by_hand = slow_loop(world["queries"], world["query_sign"], moved, world["gallery_sign"])
    assert sign_ranks(Scoring("smoothed"), **world).tolist() == by_hand
    # Leaving a query's own clip out changes the mean of its sign.
    sign, key = world["gallery_sign"], torch.arange(len(world["gallery"]))
    own = {"query_key": key, "gallery_key": key}
    sides = world["gallery"], sign, world["gallery"], sign
    scored = Scoring("smoothed")
    assert torch.equal(
        sign_ranks(scored, *sides, **own) == 1, rank_by(scored, *sides, **own).first_rank == 1
    )


def test_an_encoder_that_maps_all_to_one_point_shows_the_sign_last() -> None:
    point = normalize(torch.ones(1, 4), dim=1)
    sign = torch.arange(10) % 5
    ranks = sign_ranks(Scoring(), point, torch.tensor([3]), point.expand(10, 4), sign)
    assert ranks.tolist() == [5]


def test_memory_stays_within_its_bound() -> None:
    class Largest(TorchDispatchMode):
        num_bytes = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None):
            out = func(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, tuple | list) else (out,):
                if isinstance(tensor, torch.Tensor):
                    self.num_bytes = max(self.num_bytes, tensor.numel() * tensor.element_size())
            return out

    world = real_world(2, queries=150, clips=2000, signs=300)
    bound = 1 << 19  # all scores at once would take 1.2 MB, their places 2.4
    with Largest() as largest:
        sign_ranks(Scoring(), **world, memory_bytes=bound)
    assert bound / 16 < largest.num_bytes <= bound


def test_hits_are_ranks_above_the_fold() -> None:
    hits = hits_above_fold(torch.tensor([1, 3, 4, 0]), (1, 3))
    np.testing.assert_array_equal(hits, [[1, 1], [0, 1], [0, 0], [np.nan, np.nan]])
    with pytest.raises(DataError, match="1 or more places above it, got 0"):
        hits_above_fold(torch.tensor([1]), (6, 0))


def test_bad_embeddings_are_refused_as_by_rank() -> None:
    world = real_world(0) | {"gallery": torch.full((60, 6), torch.nan)}
    with pytest.raises(DataError, match="60 of 60 embeddings are not finite"):
        inspect.unwrap(sign_ranks)(Scoring(), **world)
