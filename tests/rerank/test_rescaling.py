from __future__ import annotations

import inspect

import pytest
import torch

from raysign.errors import DataError
from raysign.rerank import Reference, csls, hubness, nearest, nearness, sums, usual, znorm
from raysign.rerank import reference as room

SIGN = torch.tensor([0, 0, 1, 1, 2, 2, 3])
OTHER = torch.tensor([0, 1, 1, 2, 3, 3, 3, 4, 5])


def unit(num, seed, dim=4):
    rng = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(num, dim, generator=rng), dim=1)


@pytest.fixture(autouse=True, params=[(1024, 4096), (2, 3)])
def pieces(request, monkeypatch):
    """Whatever the size of the pieces, the result is the same."""
    rows, columns = request.param
    monkeypatch.setattr(room, "ROWS", rows)
    monkeypatch.setattr(room, "COLUMNS", columns)


def slow_cosines(vectors, key, reference):
    """Of each vector, its cosines to the reference vectors of another key."""
    pairs = list(zip(reference.vectors.double(), reference.key, strict=True))
    return [
        torch.stack([other @ vector.double() for other, its in pairs if its != own])
        for vector, own in zip(vectors, key, strict=True)
    ]


@pytest.mark.parametrize("neighbours", [1, 3, 50])
def test_nearness_is_the_mean_of_the_nearest(neighbours):
    vectors, reference = unit(7, 0), Reference(unit(9, 1), OTHER)
    expected = [
        row.sort(descending=True).values[:neighbours].mean()
        for row in slow_cosines(vectors, SIGN, reference)
    ]
    found = nearness(vectors, SIGN, reference, neighbours=neighbours)
    torch.testing.assert_close(found, torch.stack(expected))


def test_usual_is_the_mean_and_the_deviation():
    vectors, reference = unit(7, 0), Reference(unit(9, 1), OTHER)
    rows = slow_cosines(vectors, SIGN, reference)
    found = usual(vectors, SIGN, reference)
    torch.testing.assert_close(found.mean, torch.stack([row.mean() for row in rows]))
    deviation = torch.stack([row.std(correction=0) for row in rows])
    torch.testing.assert_close(found.deviation, deviation)


def test_a_clip_is_compared_with_other_signs_alone():
    """Two clips of one sign at one point have nothing near them, nor does their number matter."""
    twins = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    sign = torch.tensor([7, 7, 8])
    assert nearness(twins, sign, Reference(twins, sign)).tolist() == [0, 0, 0]


def test_csls_ranks_as_the_papers_formula():
    queries, gallery = unit(20, 2), unit(30, 3)
    near = Reference(queries, torch.arange(20))
    r_clip = nearness(gallery, torch.full((30,), -1), near, neighbours=10)
    everyone = Reference(gallery, torch.arange(30))
    r_query = nearness(queries, torch.full((20,), -1), everyone, neighbours=10)
    paper = 2 * queries.double() @ gallery.double().T - r_query[:, None] - r_clip[None]
    rule = csls(r_clip)
    score = rule.queries(queries) @ rule.gallery(gallery).T
    assert score.dtype == torch.float32
    torch.testing.assert_close(score.double() - r_query[:, None], paper, atol=1e-5, rtol=0)
    assert torch.equal(score.argsort(dim=1), paper.argsort(dim=1))


@pytest.mark.parametrize("over", ["clip", "query", "both"])
def test_znorm_is_in_standard_deviations(over):
    queries, gallery = unit(20, 2), unit(30, 3)
    by_clip = usual(gallery, torch.arange(30), Reference(unit(25, 4), torch.full((25,), -1)))
    by_query = usual(queries, torch.full((20,), -1), Reference(gallery, torch.arange(30)))
    cosine = queries.double() @ gallery.double().T
    z = (cosine - by_clip.mean) / by_clip.deviation
    t = (cosine - by_query.mean[:, None]) / by_query.deviation[:, None]
    expected, kept = {
        "clip": (z, {"by_clip": by_clip}),
        "query": (t, {"by_query": by_query}),
        "both": ((z + t) / 2, {"by_clip": by_clip, "by_query": by_query}),
    }[over]
    rule = znorm(**kept)
    score = rule.queries(queries) @ rule.gallery(gallery).T
    torch.testing.assert_close(score.double(), expected, atol=1e-5, rtol=0)
    if over == "query":
        torch.testing.assert_close(t.mean(dim=1), torch.zeros(20, dtype=torch.float64))
        assert torch.equal(score.argsort(dim=1), cosine.argsort(dim=1))


def test_hubs_step_back():
    """Clips that lie far out in the direction all have in common are everyone's neighbours."""
    rng = torch.Generator().manual_seed(0)
    common = torch.zeros(50).index_fill(0, torch.tensor(0), 5.0)
    strength = torch.rand(200, 1, generator=rng) * 2
    gallery = torch.randn(200, 50, generator=rng) + strength * common
    queries = torch.randn(300, 50, generator=rng) + common
    gallery, queries = (torch.nn.functional.normalize(side, dim=1) for side in (gallery, queries))

    def skewness(score):
        return hubness(score.topk(10, dim=1).indices, clips=200).skewness

    plain = skewness(queries @ gallery.T)
    assert plain > 1
    key = torch.arange(200)
    others = Reference(gallery, key)
    for rule in (csls(nearness(gallery, key, others)), znorm(by_clip=usual(gallery, key, others))):
        assert skewness(rule.queries(queries) @ rule.gallery(gallery).T) < plain / 2


def test_a_sample_of_the_reference():
    reference = Reference(unit(9, 1), OTHER)
    assert reference.sample(9) is reference
    some = reference.sample(4, seed=1)
    assert len(some.vectors) == len(some.key) == 4
    for vector, key in zip(some.vectors, some.key, strict=True):
        (at,) = (reference.vectors == vector).all(dim=1).nonzero().flatten().tolist()
        assert reference.key[at] == key
    assert torch.equal(reference.sample(4, seed=1).vectors, some.vectors)
    assert not torch.equal(reference.sample(4, seed=2).vectors, some.vectors)


def test_what_is_refused():
    clips, sign = unit(4, 0), torch.tensor([5, 5, 5, 5])
    for statistic in (nearness, usual):
        with pytest.raises(DataError, match="have nothing to be compared with"):
            statistic(clips, sign, Reference(clips, sign))
        with pytest.raises(DataError, match="4 dimensions and the reference 3"):
            inspect.unwrap(statistic)(clips, sign, Reference(unit(4, 0, dim=3), sign + 1))
    point = torch.ones(4, 2) / 2**0.5
    with pytest.raises(DataError, match="cosines do not differ"):
        usual(point, sign, Reference(point, sign + 1))
    with pytest.raises(DataError, match="for clips, for queries, or for both"):
        znorm()


def test_scores_from_cosines_are_the_dot_products():
    queries, vectors = unit(3, 2), unit(7, 0)
    reference = Reference(unit(9, 1), OTHER)
    by_clip, by_query = usual(vectors, SIGN, reference), usual(queries, OTHER[:3] + 9, reference)
    for rescaling in (
        csls(nearness(vectors, SIGN, reference)),
        znorm(by_clip=by_clip),
        znorm(by_query=by_query),
        znorm(by_clip=by_clip, by_query=by_query),
    ):
        exact = [side.double() for side in (queries, vectors)]
        dots = rescaling.queries(exact[0]) @ rescaling.gallery(exact[1]).T
        torch.testing.assert_close(rescaling.scores(exact[0] @ exact[1].T), dots)


def test_what_is_taken_out_of_a_reference_counts_for_nothing():
    vectors, reference = unit(7, 0), Reference(unit(9, 1), OTHER)
    gone = torch.tensor([0, 4, 5])
    fewer = reference.without(gone)
    assert len(fewer.vectors) == 6
    left = nearest(vectors, SIGN, reference, 9).first(3, gone)
    torch.testing.assert_close(left.mean(), nearness(vectors, SIGN, fewer, neighbours=3))
    less = sums(vectors, SIGN, reference) - sums(vectors, SIGN, reference.part(gone))
    expected = usual(vectors, SIGN, fewer)
    torch.testing.assert_close(less.usual().mean, expected.mean)
    torch.testing.assert_close(less.usual().deviation, expected.deviation)


def test_the_nearest_say_where_they_stand():
    vectors, reference = unit(7, 0), Reference(unit(9, 1), OTHER)
    found = nearest(vectors, SIGN, reference, 4)
    cosine = vectors.double() @ reference.vectors.double().T
    torch.testing.assert_close(found.cosine, cosine.gather(1, found.place))
    assert (OTHER[found.place] != SIGN[:, None]).all()
