from __future__ import annotations

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score
from torch.utils._python_dispatch import TorchDispatchMode

from raysign.errors import DataError, SplitError
from raysign.ranking import PerQuery, exact, rank


def slow_loop(queries, query_sign, gallery, gallery_sign, query_key=None, gallery_key=None):
    """The definitions, word for word: (first rank or 0, AP or NaN, positives) of each query."""
    rows = []
    for q, query in enumerate(queries.tolist()):
        standing = []
        for c, clip in enumerate(gallery.tolist()):
            if query_key is not None and query_key[q] == gallery_key[c]:
                continue
            score = np.float32(math.fsum(a * b for a, b in zip(query, clip, strict=True)))
            standing.append((-score, bool(gallery_sign[c] == query_sign[q])))
        standing.sort()  # False before True: among equals, negatives stand first
        ranks = [place for place, (_, positive) in enumerate(standing, start=1) if positive]
        precisions = [i / place for i, place in enumerate(ranks, start=1)]
        if ranks:
            rows.append((ranks[0], sum(precisions) / len(ranks), len(ranks)))
        else:
            rows.append((0, math.nan, 0))
    first_rank, average_precision, positives = zip(*rows, strict=True)
    return list(first_rank), list(average_precision), list(positives)


def assert_same(found, expected):
    first_rank, average_precision, positives = expected
    assert found.first_rank.tolist() == first_rank
    assert found.positives.tolist() == positives
    assert found.average_precision.tolist() == pytest.approx(average_precision, nan_ok=True)


def unit(num, dim, seed):
    rng = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(num, dim, generator=rng), dim=1)


def signs(num, of, seed):
    return torch.randint(of, (num,), generator=torch.Generator().manual_seed(seed))


@st.composite
def worlds(draw):
    """Few directions, so that many scores tie, are zero or negative; few signs and keys."""
    num_queries, num_clips = draw(st.integers(1, 7)), draw(st.integers(1, 12))
    coordinate, label = st.integers(-2, 2), st.integers(0, 3)

    def embeddings(num):
        rows = st.lists(st.tuples(coordinate, coordinate), min_size=num, max_size=num)
        return torch.tensor(draw(rows), dtype=torch.float32)

    def labels(num):
        return torch.tensor(draw(st.lists(label, min_size=num, max_size=num)))

    queries, gallery = embeddings(num_queries), embeddings(num_clips)
    world = [queries, labels(num_queries), gallery, labels(num_clips)]
    keys = (
        {"query_key": labels(num_queries), "gallery_key": labels(num_clips)}
        if draw(st.booleans())
        else {}
    )
    return world, keys


@given(worlds(), st.sampled_from([1, 500, 1 << 20]), st.sampled_from([0, 2, 64]))
@settings(max_examples=150, deadline=None)
def test_equals_the_slow_loop(world, memory_bytes, many):
    args, keys = world
    expected = slow_loop(*args, **keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "MANY_POSITIVES", many)
        if not any(expected[2]):
            with pytest.raises(SplitError, match=r"none of the .* queries"):
                rank(*args, **keys, memory_bytes=memory_bytes)
            return
        assert_same(rank(*args, **keys, memory_bytes=memory_bytes), expected)
        patch.setattr(exact, "_before_by_row", exact._before_by_positive)  # the way of a GPU
        assert_same(rank(*args, **keys, memory_bytes=memory_bytes), expected)


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_gallery_does_not_matter(world, random):
    (queries, query_sign, gallery, gallery_sign), keys = world
    order = torch.tensor(random.sample(range(len(gallery)), len(gallery)))
    shuffled = {k: v[order] if k == "gallery_key" else v for k, v in keys.items()}
    try:
        found = rank(queries, query_sign, gallery, gallery_sign, **keys)
    except SplitError:
        return
    again = rank(queries, query_sign, gallery[order], gallery_sign[order], **shuffled)
    assert torch.equal(found.first_rank, again.first_rank)
    assert torch.allclose(found.average_precision, again.average_precision, equal_nan=True)


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_one_more_negative_never_helps_and_all_lie_in_their_range(world):
    (queries, query_sign, gallery, gallery_sign), keys = world
    try:
        found = rank(queries, query_sign, gallery, gallery_sign, **keys)
    except SplitError:
        return
    more = dict(keys)
    if keys:
        more["gallery_key"] = torch.cat([keys["gallery_key"], torch.tensor([99])])
    harder = rank(
        queries,
        query_sign,
        torch.cat([gallery, gallery[:1]]),
        torch.cat([gallery_sign, torch.tensor([99])]),
        **more,
    )
    yes = found.answered
    assert torch.equal(yes, harder.answered)
    assert (harder.first_rank >= found.first_rank).all()
    assert (harder.average_precision <= found.average_precision)[yes].all()
    ap, mrr = found.average_precision[yes], found.values("mrr")[yes]
    assert ((ap > 0) & (ap <= 1)).all()
    assert (mrr / found.positives[yes] <= ap + 1e-12).all()  # the best positive alone gives so much
    assert (found.values("recall_at_1") <= found.values("recall_at_5"))[yes].all()
    for metric in ("map", "mrr", "recall_at_5"):
        assert torch.equal(found.values(metric).isnan(), ~yes)


def test_real_valued_scores_equal_the_slow_loop_at_any_block_size():
    args = (unit(40, 16, 0), signs(40, 6, 1), unit(150, 16, 2), signs(150, 6, 3))
    expected = slow_loop(*args)
    for memory_bytes in (1, 3_000, 20_000, 1 << 28):
        assert_same(rank(*args, memory_bytes=memory_bytes), expected)


def test_many_positives_are_counted_alike():
    """Past MANY_POSITIVES the count goes by binary search: 300 clips of two signs."""
    args = (unit(10, 8, 0), signs(10, 2, 1), unit(300, 8, 2), signs(300, 2, 3))
    assert_same(rank(*args), slow_loop(*args))


def test_equals_scikit_learn():
    queries, gallery = unit(60, 16, 0), unit(400, 16, 1)
    query_sign, gallery_sign = signs(60, 12, 2), signs(400, 12, 3)
    found = rank(queries, query_sign, gallery, gallery_sign)
    scores = (queries.double() @ gallery.double().T).numpy()
    truth = (query_sign[:, None] == gallery_sign).numpy()
    each = [average_precision_score(t, s) for t, s in zip(truth, scores, strict=True)]
    assert found.average_precision.tolist() == pytest.approx(each)
    mean = label_ranking_average_precision_score(truth, scores)
    assert found.average_precision.mean().item() == pytest.approx(mean)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_equals_pytorch_metric_learning():
    """Its clips search each other too. Its reciprocal rank needs no second opinion beside R@1."""
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    clips, sign = unit(200, 16, 0), signs(200, 9, 1)
    theirs = AccuracyCalculator(include=("mean_average_precision", "precision_at_1"), k=None)
    expected = theirs.get_accuracy(clips, sign, clips, sign, ref_includes_query=True)
    key = torch.arange(200)
    found = rank(clips, sign, clips, sign, query_key=key, gallery_key=key)
    mean = found.average_precision.mean().item()
    assert mean == pytest.approx(expected["mean_average_precision"], abs=1e-6)
    assert found.values("recall_at_1").mean().item() == pytest.approx(expected["precision_at_1"])


@pytest.mark.parametrize(("num_clips", "dim"), [(10, 64), (37, 256), (1003, 512)])
@pytest.mark.parametrize("memory_bytes", [1, 1 << 20])
def test_an_encoder_that_maps_all_to_one_point_finds_nothing(num_clips, dim, memory_bytes):
    """Summed in float32 these scores would not tie: they depend on the place in the block."""
    point = unit(1, dim, 0)
    gallery_sign = torch.zeros(num_clips, dtype=torch.int64)
    gallery_sign[::5] = 1
    found = rank(
        point.expand(7, dim),
        torch.ones(7, dtype=torch.int64),
        point.expand(num_clips, dim),
        gallery_sign,
        memory_bytes=memory_bytes,
    )
    negatives = int((gallery_sign == 0).sum())
    assert found.first_rank.tolist() == [negatives + 1] * 7


def test_a_negative_with_the_same_embedding_stands_before():
    clips = unit(3, 8, 0)[[0, 1, 1, 2]]
    found = rank(clips[1:2], torch.tensor([5]), clips, torch.tensor([0, 5, 6, 0]))
    assert found.first_rank.tolist() == [2]


def test_content_hashes_as_keys_leave_out_duplicates_too():
    clips = unit(4, 8, 0)[[0, 0, 1, 2]]  # clip 1 is clip 0 under another name
    sign, key = torch.tensor([5, 5, 5, 6]), torch.tensor([-8, -8, 9, 7])
    by_clip = rank(clips, sign, clips, sign, query_key=torch.arange(4), gallery_key=torch.arange(4))
    by_content = rank(clips, sign, clips, sign, query_key=key, gallery_key=key)
    assert by_clip.positives.tolist() == [2, 2, 2, 0]
    assert by_content.positives.tolist() == [1, 1, 2, 0]
    assert by_clip.first_rank[0] == 1


def test_every_floating_type_is_ranked_by_the_values_it_holds():
    args = (unit(20, 16, 0), signs(20, 4, 1), unit(50, 16, 2), signs(50, 4, 3))
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        queries, gallery = args[0].to(dtype), args[2].to(dtype)
        found = rank(queries, args[1], gallery, args[3])
        assert_same(found, slow_loop(queries.double(), args[1], gallery.double(), args[3]))


def test_memory_stays_within_its_bound():
    class Largest(TorchDispatchMode):
        num_bytes = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            for tensor in out if isinstance(out, tuple | list) else (out,):
                if isinstance(tensor, torch.Tensor):
                    self.num_bytes = max(self.num_bytes, tensor.numel() * tensor.element_size())
            return out

    args = (unit(300, 32, 0), signs(300, 40, 1), unit(4000, 32, 2), signs(4000, 40, 3))
    bound = 1 << 19  # all scores at once would take 4.8 MB
    with Largest() as largest:
        rank(*args, memory_bytes=bound)
    assert bound / 4 < largest.num_bytes <= bound


NO_CLIPS = (torch.empty(0, 4), torch.empty(0, dtype=torch.int64))
ONE_BAD = unit(3, 4, 0).index_fill(0, torch.tensor([1]), -torch.inf)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"gallery": torch.full((5, 4), torch.nan)},
            DataError,
            r"gallery: 5 of 5 embeddings are not finite",
        ),
        (
            {"queries": ONE_BAD},
            DataError,
            r"queries: 1 of 3 embeddings are not finite \(first: row 1\)",
        ),
        ({"queries": unit(3, 2, 0)}, DataError, "queries have 2 dimensions and the gallery 4"),
        ({"gallery_sign": torch.tensor([0])}, DataError, "gallery: 5 embeddings, but 1 signs"),
        ({"query_key": torch.arange(3)}, DataError, "keys were given on one side only"),
        ({"queries": NO_CLIPS[0], "query_sign": NO_CLIPS[1]}, SplitError, "no queries"),
        ({"gallery": NO_CLIPS[0], "gallery_sign": NO_CLIPS[1]}, SplitError, "nothing to search"),
        (
            {"query_sign": torch.tensor([7, 8, 9])},
            SplitError,
            "none of the 3 queries has another clip of its sign among the 5 clips",
        ),
    ],
)
def test_bad_input_is_one_line(change, error, message):
    args = {
        "queries": unit(3, 4, 0),
        "query_sign": torch.tensor([0, 1, 2]),
        "gallery": unit(5, 4, 1),
        "gallery_sign": torch.tensor([0, 1, 2, 0, 1]),
    }
    unchecked = inspect.unwrap(rank)  # as outside of tests, where shapes are not checked
    with pytest.raises(error, match=message) as caught:
        unchecked(**args | change)
    assert "\n" not in str(caught.value)


def test_an_unknown_metric_names_the_known_ones():
    found = rank(unit(2, 4, 0), torch.zeros(2).long(), unit(2, 4, 1), torch.zeros(2).long())
    for name in ("recall@1", "recall_at_0", "mAP"):
        with pytest.raises(DataError, match="known: recall_at_K"):
            found.values(name)


def test_rankings_are_joined_and_taken_apart():
    queries = torch.eye(4)
    sign = torch.arange(4)
    whole = rank(queries, sign, queries.flip(0), sign)
    parts = [rank(queries[part], sign[part], queries.flip(0), sign) for part in ([0, 1], [2, 3])]
    joined = PerQuery.join(parts)
    for name in ("first_rank", "average_precision", "positives"):
        assert torch.equal(getattr(joined, name), getattr(whole, name))
    back = whole.select(torch.tensor([False, False, True, True]))
    assert torch.equal(back.first_rank, parts[1].first_rank)
    assert back.gallery == 4
    other = rank(queries, sign, queries[:2], sign[:2])
    with pytest.raises(DataError, match="different sizes"):
        PerQuery.join([whole, other])
