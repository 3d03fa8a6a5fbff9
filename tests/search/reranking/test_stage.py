"""The scores of a second stage for one query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from raysign.bundle import load_bundle
from raysign.clip import Clip, Clips
from raysign.config import GalleryConfig, RerankConfig, resolve
from raysign.embed import prepare_clips
from raysign.errors import DataError
from raysign.gallery import Gallery
from raysign.rerank import nearest
from raysign.search.index import index_clips
from raysign.search.reranking import Asking, SecondStage, first, first_stage, rescaled
from raysign.search.searcher import Searcher
from raysign.store import iter_clips, write_store


def stage_of(gallery: Gallery, *stages: str, **settings: Any) -> SecondStage:
    embedder = load_bundle("model").embedder()
    return SecondStage(stages, gallery, embedder, resolve(RerankConfig, settings))


def asking_of(clips: list[Clip], mirrored: bool = False) -> Asking:
    embedder = load_bundle("model").embedder()
    sequences = prepare_clips(Clips.pack(clips), embedder.prepare)
    vectors = embedder.embed_prepared(sequences).numpy().mean(axis=0)
    return Asking(vectors / np.linalg.norm(vectors), sequences, mirrored)


@pytest.mark.parametrize("spare", [0, 32])
@pytest.mark.parametrize(
    ("stage", "settings"),
    [
        ("csls", {}),
        ("csls", {"csls": {"neighbours": 30}}),
        ("znorm", {}),
        ("znorm", {"znorm": {"over": "query"}}),
        ("znorm", {"znorm": {"over": "both"}}),
    ],
)
def test_what_is_hidden_is_as_if_it_were_not_there(
    gallery: Gallery,
    asking: list[Clip],
    monkeypatch: pytest.MonkeyPatch,
    spare: int,
    stage: str,
    settings: dict[str, Any],
) -> None:
    monkeypatch.setattr(rescaled, "SPARE", spare)
    hidden = gallery.exemplars.of_signs(np.arange(3, 9))
    query = asking_of(asking[:1])
    second = stage_of(gallery, stage, **settings)
    near = first_stage(gallery, query.vector, 20, of_signs=True)
    before = second.scores(query, *near)
    rows, cosine = first_stage(gallery, query.vector, 14, of_signs=True, hidden=hidden)
    scores = second.scores(query, rows, cosine, hidden)

    ids = [clip.clip_id for clip in gallery.exemplars.at(rows)]
    gone = np.isin(np.arange(len(gallery)), hidden)
    fewer = gallery.remove(gone)
    again, its_cosine = first_stage(fewer, query.vector, 14, of_signs=True)
    assert [clip.clip_id for clip in fewer.exemplars.at(again)] == ids
    expected = stage_of(fewer, stage, **settings).scores(query, again, its_cosine)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert not np.allclose(before[~np.isin(near[0], hidden)], scores, atol=1e-6)
    np.testing.assert_array_equal(second.scores(query, *near), before)


def test_what_was_learned_of_a_clip_is_kept(
    gallery: Gallery, asking: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = list[int]()

    def counting(vectors: Any, *others: Any) -> Any:
        looked_at.append(len(vectors))
        return nearest(vectors, *others)

    monkeypatch.setattr(rescaled, "nearest", counting)
    second, query = stage_of(gallery, "csls"), asking_of(asking[:1])
    rows, cosine = first_stage(gallery, query.vector, 20, of_signs=True)
    for some in (slice(0, 5), slice(3, 9), slice(0, 9)):
        second.scores(query, rows[some], cosine[some])
    assert looked_at == [5, 4]


def test_clips_beyond_the_top_stay_behind_it_in_their_order(
    gallery: Gallery, asking: list[Clip]
) -> None:
    for settings in ({"weight": 1}, {"weight": 0.5, "standardise": True}):
        second = stage_of(gallery, "dtw", dtw={"top": 6, **settings})
        for one in asking[:5]:
            query = asking_of([one])
            rows, cosine = first_stage(gallery, query.vector, 20, of_signs=True)
            scores = second.scores(query, rows, cosine)
            assert scores[:6].min() >= scores[6:].max()
            assert (np.diff(scores[6:]) <= 0).all()


def test_several_recordings_are_aligned_by_the_mean_of_their_distances(
    gallery: Gallery, asking: list[Clip]
) -> None:
    second = stage_of(gallery, "dtw", dtw={"weight": 1, "top": 40})
    both = asking_of(asking[:2])
    rows, cosine = first_stage(gallery, both.vector, 20, of_signs=True)
    alone = [second.scores(asking_of([one]), rows, cosine) for one in asking[:2]]
    np.testing.assert_allclose(second.scores(both, rows, cosine), np.mean(alone, axis=0), rtol=1e-6)


def test_a_mirrored_query_is_aligned_with_its_mirror_image(
    gallery: Gallery, asking: list[Clip]
) -> None:
    plain = stage_of(gallery, "dtw", dtw={"weight": 1, "top": 40})
    always = stage_of(gallery, "dtw", dtw={"weight": 1, "top": 40, "mirror": True})
    query, mirrored = asking_of(asking[:1]), asking_of(asking[:1], mirrored=True)
    rows, cosine = first_stage(gallery, query.vector, 20, of_signs=True)
    once, twice = (plain.scores(one, rows, cosine) for one in (query, mirrored))
    assert (twice >= once).all()
    assert (twice > once).any()
    np.testing.assert_array_equal(always.scores(query, rows, cosine), twice)


def test_clips_are_looked_at_until_there_are_enough_signs(
    gallery: Gallery, asking: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"NEAREST": 2, "PER_SIGN": 1}.items():
        monkeypatch.setattr(first, name, value)
    query = asking_of(asking[:1])
    number = gallery.exemplars.sign_number
    few, _ = first_stage(gallery, query.vector, 2, of_signs=False)
    assert len(few) == 2
    for k in (1, 5, 20):
        rows, cosine = first_stage(gallery, query.vector, k, of_signs=True)
        assert len(np.unique(number[rows])) >= k
        assert (np.diff(cosine) <= 0).all()
    assert len(first_stage(gallery, query.vector, 1, of_signs=True, least=9)[0]) == 9
    chosen = np.array([2, 7, 11])
    for k in (1, 2, 3, 9):
        rows, cosine = first_stage(gallery, query.vector, k, of_signs=True, among=chosen)
        assert len(rows) >= 2, "the least that is looked at"
        assert len(np.unique(number[rows])) >= min(k, 3)
        assert np.isin(number[rows], chosen).all()
        assert (np.diff(cosine) <= 0).all()
    some = gallery.exemplars.of_signs(np.arange(5))
    rows, _ = first_stage(gallery, query.vector, 1, of_signs=True, least=9, hidden=some)
    assert len(rows) == 9
    assert not np.isin(rows, some).any()
    hidden = gallery.exemplars.of_signs(np.arange(18))
    rows, _ = first_stage(gallery, query.vector, 20, of_signs=True, hidden=hidden)
    assert set(number[rows].tolist()) == {18, 19}


def test_one_sign_is_compared_with_nothing(gallery: Gallery, asking: list[Clip]) -> None:
    one_sign = gallery.exemplars.of_signs(np.arange(1, 20))
    fewer = gallery.remove(np.isin(np.arange(len(gallery)), one_sign))
    query = asking_of(asking[:1])
    near = first_stage(fewer, query.vector, 1, of_signs=True)
    for stage in ("csls", "znorm"):
        with pytest.raises(DataError, match="give a gallery of more signs"):
            stage_of(fewer, stage).scores(query, *near)


def test_clips_without_a_sign_are_compared_with_each_other(
    asking: list[Clip], chosen_by: Callable[..., Searcher]
) -> None:
    write_store("bare", [replace(clip, sign="") for clip in iter_clips("store")])
    config = GalleryConfig(vectors="float32")
    bare = index_clips(
        load_bundle("model"), "model", ["bare:train"], "b", config, say=lambda line: None
    ).gallery
    answer = chosen_by(of=bare).answer(asking[:1], 5, rerank="csls")
    assert (answer.scoring, answer.rerank, len(answer.signs)) == ("clip", "csls", 5)
    assert {found.clips for found in answer.signs} == {1}
