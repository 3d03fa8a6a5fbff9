"""From recordings to ranked signs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from raysign.bundle import load_bundle
from raysign.clip import Clip, Clips
from raysign.config import GalleryConfig, TrainConfig
from raysign.errors import BundleError, ConfigError, DataError, GalleryError
from raysign.gallery import Exemplars, Gallery
from raysign.search.calibration import calibrate_gallery
from raysign.search.index import index_clips
from raysign.search.searcher import SCORINGS, Searcher
from raysign.search.stages import Stages
from raysign.store import iter_clips, write_store


def make(*selections: str, out: str = "g") -> None:
    def quiet(line: str) -> None:
        pass

    index_clips(load_bundle("model"), "model", selections, out, GalleryConfig(), say=quiet)


@pytest.fixture
def searcher(desk: Any) -> Searcher:
    """Over the 40 train clips of 20 signs."""
    make("store:train")
    return Searcher.open("g")


@pytest.fixture
def asking(config: TrainConfig) -> list[Clip]:
    """The val clips: one of each sign."""
    return [clip for clip in iter_clips("store") if clip.split == "val"]


def embedded(clips: list[Clip], mirrored: bool = False) -> np.ndarray:
    return load_bundle("model").embedder().embed(Clips.pack(clips), mirrored).numpy()


def reference(query: np.ndarray, scoring: str) -> list[tuple[str, float]]:
    """Signs by their score, from nothing but the embeddings."""
    clips = [clip for clip in iter_clips("store") if clip.split == "train"]
    cosine = embedded(clips) @ query
    of = {sign: cosine[[c.sign == sign for c in clips]] for sign in {c.sign for c in clips}}
    weight = np.exp(cosine * np.sqrt(len(query))).sum()
    score = {
        "sign_max": lambda own: own.max(),
        "sign_mean": lambda own: own.mean(),
        "support": lambda own: np.exp(own * np.sqrt(len(query))).sum() / weight,
    }[scoring]
    return sorted(((sign, float(score(own))) for sign, own in of.items()), key=lambda s: -s[1])


@pytest.mark.parametrize("scoring", ["sign_max", "sign_mean", "support"])
def test_signs_in_the_order_of_their_scores(
    searcher: Searcher, asking: list[Clip], scoring: str
) -> None:
    answer = searcher.answer(asking[3:4], 20, scoring)
    expected = reference(embedded(asking[3:4])[0], scoring)
    np.testing.assert_allclose([f.score for f in answer.signs], [s for _, s in expected], atol=2e-3)
    by_sign = dict(expected)
    for found in answer.signs:
        assert found.score == pytest.approx(by_sign[found.sign], abs=2e-3)
        assert found.clips == 2
        assert searcher.gallery.exemplars.at(np.asarray([found.row])) == [found.best]
        assert found.best.sign == found.sign
    assert (answer.scoring, answer.takes) == (scoring, 1)


def test_clips_where_clips_are_asked_for(searcher: Searcher, asking: list[Clip]) -> None:
    answer = searcher.answer(asking[:1], 40, "clip")
    hits = searcher.gallery.search(embedded(asking[:1]), 40)
    assert [found.best for found in answer.signs] == hits.of(0)
    assert [found.row for found in answer.signs] == hits.rows[0].tolist()
    assert all(found.score == found.cosine and found.clips == 2 for found in answer.signs)


def test_a_gallery_without_signs_finds_clips(desk: Any, asking: list[Clip]) -> None:
    write_store("bare", [replace(clip, sign="") for clip in iter_clips("store")])
    make("bare:train")
    searcher = Searcher.open("g")
    answer = searcher.answer(asking[:1])
    assert (answer.scoring, len(answer.signs)) == ("clip", 10)
    assert {found.sign for found in answer.signs} == {""}
    assert {found.clips for found in answer.signs} == {1}
    with pytest.raises(ConfigError, match="no clip of this gallery has one; give clip"):
        searcher.answer(asking[:1], 3, "sign_max")


def test_several_takes_ask_by_their_mean(searcher: Searcher, asking: list[Clip]) -> None:
    answer = searcher.answer(asking[:3], 20)
    mean = embedded(asking[:3]).mean(axis=0)
    expected = reference(mean / np.linalg.norm(mean), "sign_max")
    np.testing.assert_allclose([f.score for f in answer.signs], [s for _, s in expected], atol=2e-3)
    assert answer.takes == 3
    assert [take.name for take in answer.asked] == [clip.clip_id for clip in asking[:3]]


def test_a_mirror_image_asks_too(searcher: Searcher, asking: list[Clip]) -> None:
    both = searcher.answer(asking[:1], 20, mirror=True)
    expected = reference(embedded(asking[:1], mirrored=True)[0], "sign_max")
    np.testing.assert_allclose([f.score for f in both.signs], [s for _, s in expected], atol=2e-3)
    alone = searcher.answer(asking[:1], 20)
    assert [f.score for f in alone.signs] != pytest.approx([f.score for f in both.signs], abs=1e-2)


def test_times_by_stage_in_order(searcher: Searcher, asking: list[Clip]) -> None:
    stages = Stages()
    again = Searcher.open("g", stages=stages)
    first = again.answer(asking[:1], stages=stages)
    assert list(first.stages_ms) == ["gallery", "model", "look", "prepare", "embed", "search"]
    assert all(ms > 0 for ms in first.stages_ms.values())
    second = again.answer(asking[:1])
    assert list(second.stages_ms) == ["look", "prepare", "embed", "search"]
    assert (first.first, second.first) == (True, False)


def test_what_a_recording_shows_and_is_told(searcher: Searcher, asking: list[Clip]) -> None:
    bad = replace(asking[1], fps=5.0)
    answer = searcher.answer([asking[0], bad])
    kinds = {(remark.kind, remark.take) for remark in answer.remarks}
    assert ("slow", 2) in kinds
    assert ("slow", 1) not in kinds
    take = answer.asked[1]
    assert take.frames == len(bad.xyz)
    assert take.seconds == len(bad.xyz) / 5
    assert 0 < take.signing_frames <= take.frames
    assert 0.5 < take.hands_seen <= 1
    assert take.body_seen == 1


def test_the_same_recording_is_not_a_find(searcher: Searcher, asking: list[Clip]) -> None:
    there = next(clip for clip in iter_clips("store") if clip.split == "train")
    answer = searcher.answer([there])
    assert answer.signs[0].best.clip_id == there.clip_id
    assert [remark.kind for remark in answer.remarks if remark.kind == "same_recording"]
    assert "same_recording" not in [r.kind for r in searcher.answer(asking[:1]).remarks]


@pytest.mark.parametrize("mirror", [False, True])
def test_the_same_recording_among_several_and_mirrored(
    searcher: Searcher, asking: list[Clip], mirror: bool
) -> None:
    there = [clip for clip in iter_clips("store") if clip.split == "train"]
    takes = [asking[0], there[5], asking[1], there[9]]
    answer = searcher.answer(takes, mirror=mirror)
    assert answer.signs[0].cosine < 0.999, "which says nothing of its takes"
    same = [remark for remark in answer.remarks if remark.kind == "same_recording"]
    assert [remark.take for remark in same] == [2, 4]
    for remark, clip in zip(same, (there[5], there[9]), strict=True):
        assert repr(clip.clip_id) in remark.text


def test_k(searcher: Searcher, asking: list[Clip]) -> None:
    assert len(searcher.answer(asking[:1]).signs) == 10
    assert len(searcher.answer(asking[:1], 1).signs) == 1
    with pytest.raises(DataError, match="k must be 1–20, the gallery's signs, got 21; give 20"):
        searcher.answer(asking[:1], 21)
    with pytest.raises(DataError, match="k must be 1–40, the gallery's clips, got 41"):
        searcher.answer(asking[:1], 41, "clip")
    with pytest.raises(ConfigError, match=r"a search is by one of sign_max, .* got 'smoothed'"):
        searcher.answer(asking[:1], 3, "smoothed")
    for scoring in SCORINGS:
        assert searcher.asked_for(None, scoring)[0] == 10


def test_a_small_gallery_gives_all_it_has(desk: Any, asking: list[Clip]) -> None:
    few = sorted({clip.sign for clip in asking})[:4]
    write_store("few", [clip for clip in iter_clips("store") if clip.sign in few])
    make("few:train")
    assert len(Searcher.open("g").answer(asking[:1]).signs) == 4


def test_nothing_that_cannot_ask_is_answered(searcher: Searcher, asking: list[Clip]) -> None:
    with pytest.raises(DataError, match="give at least one recording"):
        searcher.answer([])
    blind = replace(asking[0], xyz=np.full_like(asking[0].xyz, np.nan))
    with pytest.raises(DataError, match="shows nobody"):
        searcher.answer([asking[1], blind])


def test_only_with_the_model_that_made_the_gallery(searcher: Searcher) -> None:
    with pytest.raises(GalleryError, match=r"was made by 'model' \(weights"):
        Searcher.open("g", "other")
    with pytest.raises(GalleryError, match="was made by"):
        Searcher(Gallery.open("g"), load_bundle("other"), "other")
    shutil.move("model", "moved")
    with pytest.raises(BundleError, match="type --model MODEL if it moved"):
        Searcher.open("g")
    assert Searcher.open("g", "moved").gallery.card.model.name == "model"
    with pytest.raises(BundleError, match="does not exist") as refused:
        Searcher.open("g", "nowhere")
    assert "--model" not in str(refused.value)


def test_the_answer_as_json(searcher: Searcher, asking: list[Clip]) -> None:
    answer = searcher.answer([replace(asking[0], fps=5.0)], 3)
    printed = json.loads(json.dumps(answer.as_json()))
    first, best = printed["signs"][0], answer.signs[0].best
    assert (first["clip_id"], first["signer"], first["source"]) == (
        best.clip_id,
        best.signer,
        best.source,
    )
    assert "best" not in first
    assert printed["asked"][0]["name"] == asking[0].clip_id
    assert {"kind", "text", "level", "take"} == set(printed["remarks"][0])
    assert printed["total_ms"] == pytest.approx(sum(answer.stages_ms.values()), abs=0.01)


def test_signs_are_chosen_among_some(searcher: Searcher, asking: list[Clip]) -> None:
    signs = searcher.gallery.exemplars.signs
    every = searcher.answer(asking[:1], 20)
    some = searcher.answer(asking[:1], 10, among=np.array([2, 5, 11]))
    wanted = [f for f in every.signs if f.sign in {signs[2], signs[5], signs[11]}]
    assert some.signs == tuple(wanted)
    assert searcher.answer(asking[:1], among=np.array([], dtype=np.int64)).signs == ()
    with pytest.raises(ConfigError, match="ranks clips, and cannot choose among signs"):
        searcher.answer(asking[:1], 3, "clip", among=np.array([2]))


def test_a_searcher_follows_its_gallery(searcher: Searcher, asking: list[Clip]) -> None:
    new = Clips.pack([replace(asking[0], sign="new")])
    grown = searcher.gallery.add(searcher.embedded(new), Exemplars.of(new, "recorded"))
    after = searcher.over(grown)
    assert after.answer(asking[:1]).signs[0].sign == "new"
    assert "new" not in [f.sign for f in searcher.answer(asking[:1], 20).signs]
    assert Searcher.open("g").answer(asking[:1]).signs == after.answer(asking[:1]).signs


def test_who_learned_from_mirror_images_is_as_sure_with_them(
    searcher: Searcher, asking: list[Clip]
) -> None:
    def notes(learned: float) -> tuple[str, ...]:
        config = searcher.bundle.config
        augment = config.augment.model_copy(update={"mirror": learned})
        bundle = replace(searcher.bundle, config=config.model_copy(update={"augment": augment}))
        calibrate_gallery(Gallery.open("g"), queries=["store:val"], say=lambda line: None)
        return Searcher(Gallery.open("g"), bundle, "model").answer(asking[:1], mirror=True).notes

    assert any("without mirror images" in note for note in notes(0.0))
    assert not any("without mirror images" in note for note in notes(0.5))
