"""Signs found through their clips, beside the scores of the whole gallery."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from raysign.errors import ConfigError, DataError
from raysign.gallery import Gallery, by_sign, score_signs, search_signs
from raysign.ranking import Scoring, sign_scores

Build = Any  # the fixture `build`


@pytest.mark.parametrize("kind", ["sign_max", "sign_mean", "support"])
def test_signs_are_those_of_the_whole_gallery(build: Build, kind: str) -> None:
    gallery, queries = build("flat", 90, vectors="float32"), build.clips(12, seed=4)
    scoring = Scoring(kind)
    cosine = torch.from_numpy(queries @ build.clips(90).T)
    wanted = sign_scores(scoring, cosine, torch.arange(90) % 40, 40, queries.shape[1]).numpy()
    for query, found in enumerate(search_signs(gallery, queries, 5, scoring)):
        order = np.argsort(-wanted[query])[:5]
        assert [hit.sign for hit in found] == [f"sign{number}" for number in order]
        np.testing.assert_allclose([hit.score for hit in found], wanted[query][order], rtol=1e-4)
        number = int(found[0].best.clip_id.removeprefix("clip"))
        assert found[0].cosine == pytest.approx(float(cosine[query, number]), abs=1e-5)
        assert found[0].clips == (3 if order[0] < 10 else 2)


def test_it_looks_further_until_there_are_signs_enough(build: Build) -> None:
    gallery = build("flat", 4000)  # a hundred clips of each sign: the first hundred are of few
    found = search_signs(gallery, build.clips(3, seed=4), 40)
    assert all(len({hit.sign for hit in hits}) == 40 for hits in found)


def test_removed_clips_belong_to_no_sign(build: Build) -> None:
    gallery = build("hnsw", 1200)
    less = gallery.remove(gallery.exemplars.named([f"clip{40 * i}" for i in range(29)]))
    (hits,) = search_signs(less, build.clips(1161)[[1160]], 1)
    assert (hits[0].sign, hits[0].clips, hits[0].best.clip_id) == ("sign0", 1, "clip1160")


def test_the_numbers_are_those_of_the_hits(build: Build) -> None:
    gallery, queries = build("hnsw", 1200), build.clips(9, seed=4)
    for scoring in (None, Scoring("sign_mean"), Scoring("support")):
        numbers, scores = score_signs(gallery, queries, 7, scoring)
        for query, hits in enumerate(search_signs(gallery, queries, 7, scoring)):
            assert [gallery.exemplars.signs[n] for n in numbers[query]] == [h.sign for h in hits]
            assert scores[query].tolist() == [hit.score for hit in hits]


@pytest.mark.parametrize("kind", ["sign_max", "sign_mean", "support"])
def test_what_is_hidden_is_as_if_it_were_not_there(build: Build, kind: str) -> None:
    """As a gallery that never had it, though more than the first hundred clips are hidden."""
    count, scoring = 4000, Scoring(kind)
    gallery, queries = build("flat", count, vectors="float32"), build.clips(6, seed=4)
    hidden = [
        np.flatnonzero(gallery.exemplars.sign_number == number) if number % 2 else np.array([], int)
        for number in range(6)
    ]
    hidden[0] = np.arange(40)
    numbers, scores = score_signs(gallery, queries, 5, scoring, hidden)
    for query, gone in enumerate(hidden):
        mask = ~np.isin(np.arange(count), gone)
        without = Gallery.build(
            gallery.folder.with_name(f"without{query}"),
            build.clips(count)[mask],
            gallery.exemplars.select(mask),
            build.made_by(),
            gallery.config(),
        )
        (wanted,) = search_signs(without, queries[[query]], 5, scoring)
        found = [gallery.exemplars.signs[n] for n in numbers[query]]
        assert found == [hit.sign for hit in wanted]
        np.testing.assert_allclose(scores[query], [hit.score for hit in wanted], rtol=1e-5)


def test_fewer_signs_than_asked_for_are_left_open(build: Build) -> None:
    gallery = build("flat", 30)
    every = np.arange(30)
    numbers, scores = score_signs(gallery, build.clips(2), 4, None, [every[2:], every])
    assert (numbers >= 0).sum(axis=1).tolist() == [2, 0]
    assert np.isfinite(scores).sum(axis=1).tolist() == [2, 0]
    assert (numbers[:, 2:] == -1).all()


def test_an_answer_does_not_depend_on_who_asks_beside(build: Build) -> None:
    """The second query has to look further until there are signs enough."""
    rows = build.clips(4000, signs=40)
    gallery = build("flat", 4000)
    far = -rows[:1]
    both = np.concatenate([rows[[5]], far])
    together = score_signs(gallery, both, 20, Scoring("support"))
    for query in range(2):
        alone = score_signs(gallery, both[[query]], 20, Scoring("support"))
        np.testing.assert_array_equal(together[0][query], alone[0][0])
        np.testing.assert_array_equal(together[1][query], alone[1][0])


def test_where_every_sign_is_wanted_the_gallery_is_not_searched(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery, queries = build("flat", 400), build.clips(3, seed=4)
    hidden = [np.flatnonzero(gallery.exemplars.sign_number == n) for n in range(3)]
    wanted = [search_signs(gallery, queries[[n]], 40)[0] for n in range(3)]

    def search(*_: object) -> None:
        raise AssertionError("it scans the gallery")

    monkeypatch.setattr(gallery, "search", search)
    numbers, scores = score_signs(gallery, queries, 39, None, hidden)
    for query, hits in enumerate(wanted):
        left = [hit for hit in hits if hit.sign != gallery.exemplars.signs[query]]
        assert [gallery.exemplars.signs[n] for n in numbers[query]] == [h.sign for h in left]
        assert scores[query].tolist() == [hit.score for hit in left]
    with pytest.raises(AssertionError, match="it scans"):
        score_signs(gallery, queries, 38, None, hidden)


def test_few_bytes_at_once_change_nothing(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, queries = build("flat", 400), build.clips(9, seed=4)
    whole = score_signs(gallery, queries, 12)
    asked: list[int] = []
    search = gallery.search

    def counted(vectors: np.ndarray, k: int) -> object:
        asked.append(len(vectors))
        return search(vectors, k)

    monkeypatch.setattr(gallery, "search", counted)
    monkeypatch.setattr(by_sign, "_BYTES_AT_ONCE", 2 * 12 * 100)
    parts = score_signs(gallery, queries, 12)
    np.testing.assert_array_equal(parts[0], whole[0])
    np.testing.assert_array_equal(parts[1], whole[1])
    assert max(asked) == 2


def test_what_cannot_be_is_refused(build: Build) -> None:
    gallery = build("flat", 30)
    with pytest.raises(DataError, match="k must be 1–30, the gallery's signs, got 31"):
        search_signs(gallery, build.clips(1), 31)
    with pytest.raises(ConfigError, match="ranks clips; give sign_max"):
        search_signs(gallery, build.clips(1), 3, Scoring("smoothed"))


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_signs_are_chosen_among_some_before_they_are_ranked(build: Build, kind: str) -> None:
    gallery, queries = build(kind, 1200), build.clips(5, seed=4)
    signs = gallery.exemplars.signs
    among = np.array([3, 17, 30])
    every = search_signs(gallery, queries, len(signs))
    for query, found in enumerate(search_signs(gallery, queries, 10, None, among)):
        wanted = [hit for hit in every[query] if hit.sign in {signs[place] for place in among}]
        assert found == wanted
    assert [len(hits) for hits in search_signs(gallery, queries, 2, None, among)] == [2] * 5
    assert search_signs(gallery, queries, 2, None, among[:0]) == [[]] * 5
