"""Which second stage a gallery is searched with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.calibrate import calibrate
from raysign.cli.search import search
from raysign.clip import Clip
from raysign.config import GalleryConfig
from raysign.encoders.transformer import Transformer
from raysign.errors import BundleError, ConfigError, GalleryError
from raysign.gallery import Gallery
from raysign.search.index import index_clips
from raysign.search.reranking import RERANKS
from raysign.search.searcher import Searcher


def without_landmarks() -> Gallery:
    config = GalleryConfig(landmarks=False)
    return index_clips(
        load_bundle("model"), "model", ["store:train"], "bare", config, say=lambda line: None
    ).gallery


def test_none_unless_the_model_was_chosen_by_one(
    chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    plain = chosen_by()
    answer = plain.answer(asking[:1])
    assert answer.rerank == answer.as_json()["rerank"] == "none"
    assert "rerank" not in answer.stages_ms
    assert not any("a ranking" in note for note in plain.notes("sign_max"))
    rescaled = chosen_by("csls")
    answer = rescaled.answer(asking[:1])
    assert answer.rerank == answer.as_json()["rerank"] == "csls"
    assert list(answer.stages_ms)[-2:] == ["search", "rerank"]
    assert answer.signs[0].score != pytest.approx(answer.signs[0].cosine, abs=1e-3)
    assert not any("a ranking" in note for note in rescaled.notes("sign_max"))


def test_another_than_the_models_is_said(
    chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    searcher = chosen_by("csls+dtw")
    (note, *_) = searcher.notes("sign_max", "none")
    assert note == (
        "this model's figures are of a ranking with csls+dtw, and this is by cosine alone; type "
        "--rerank csls+dtw"
    )
    (note, *_) = searcher.notes("sign_max", "znorm")
    assert "with csls+dtw, and this is by znorm" in note
    (note, *_) = chosen_by().notes("sign_max", "dtw")
    assert note == "this model's figures are of a ranking by cosine alone, and this is by dtw"
    assert not any("a ranking" in note for note in searcher.notes("support"))


def test_a_models_own_is_left_out_where_it_cannot_be_had(
    gallery: Gallery, chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    bare = chosen_by("csls+dtw", of=without_landmarks())
    assert bare.answer(asking[:1]).rerank == "none"
    assert bare.notes("sign_max")[0].startswith(
        "this is a ranking by cosine alone: gallery 'bare' keeps no landmarks of 40 of its 40 clips"
    )
    assert chosen_by("csls").answer(asking[:1], 5, "support").rerank == "none"
    small = chosen_by("csls", of=gallery.remove(gallery.exemplars.sign_number < 10))
    assert small.answer(asking[:1]).rerank == "none", "ten signs say little of what is usual"
    assert small.answer(asking[:1], rerank="csls").rerank == "csls"


def test_what_cannot_be_is_refused_before_a_video_is_seen(
    chosen_by: Callable[..., Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = chosen_by(csls={"reference": "queries"}, dtw={"on": "frames"})
    for scoring in ("support", "sign_mean"):
        with pytest.raises(ConfigError, match=f"got --scoring {scoring}, by which all clips"):
            searcher.asked_for(5, scoring, "csls")
    with pytest.raises(ConfigError, match="mirror image by --mirror, got --rerank mirror"):
        searcher.asked_for(5, None, "mirror")
    with pytest.raises(ConfigError, match="no second stage is called 'dwt'"):
        searcher.asked_for(5, None, "dwt")
    with pytest.raises(ConfigError, match=r"rerank.csls.reference=queries, and a search has one"):
        searcher.asked_for(5, None, "csls+dtw")
    with pytest.raises(GalleryError, match=r"40 of its 40 clips, .* landmarks=true, or give"):
        chosen_by(of=without_landmarks()).asked_for(5, None, "dtw")
    monkeypatch.delattr(Transformer, "frames")
    with pytest.raises(BundleError, match="its encoder has none to align; give --rerank csls"):
        searcher.asked_for(5, None, "dtw")


def test_every_name_can_be_asked_for(
    chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    searcher = chosen_by()
    for rerank in RERANKS:
        assert searcher.answer(asking[:1], rerank=rerank).rerank == rerank
    for command in (search, calibrate):
        (option,) = (each for each in command.params if each.name == "rerank")
        assert tuple(option.type.choices) == RERANKS  # type: ignore[attr-defined]


def test_a_calibrated_gallery_goes_on_as_it_was_measured(
    gallery: Gallery, chosen_by: Callable[..., Searcher], asking: list[Clip]
) -> None:
    arguments = ["g", "--queries", "store:val", "--rerank", "csls"]
    done = CliRunner().invoke(calibrate, arguments)
    assert done.exit_code == 0, done.output
    assert "by sign_max with csls; fitted on" in done.stdout
    searcher = chosen_by(of=Gallery.open("g"))
    answer = searcher.answer(asking[:1])
    assert answer.rerank == "csls"
    assert answer.none_of_these is not None
    assert 0 < sum(found.confidence or 0 for found in answer.signs) <= 1
    assert not any("measured for" in note for note in searcher.notes("sign_max"))
    plain = searcher.answer(asking[:1], rerank="none")
    assert plain.none_of_these is None
    assert all(found.confidence is None for found in plain.signs)
    assert (
        "how sure an answer is was measured for sign_max with csls; type `raysign calibrate g "
        "--scoring sign_max --rerank none`"
    ) in searcher.notes("sign_max", "none")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("rerank", ["znorm", "csls+dtw"])
def test_calibrating_by_landmarks_too(gallery: Gallery, own: bool, rerank: str) -> None:
    queries = [] if own else ["--queries", "store:val"]
    done = CliRunner().invoke(calibrate, ["g", *queries, "--rerank", rerank])
    assert done.exit_code == 0, done.output
    confidence = Gallery.open("g").card.confidence
    assert confidence is not None
    assert confidence.rerank == rerank


def test_through_the_door(gallery: Gallery, asking: list[Clip]) -> None:
    arguments: list[Any] = ["g", "store:val", "--clip", asking[0].clip_id, "--rerank"]
    done = CliRunner().invoke(search, [*arguments, "dtw", "--json"])
    assert done.exit_code == 0, done.output
    assert '"rerank": "dtw"' in done.stdout
    told = CliRunner().invoke(search, [*arguments, "csls"]).stdout
    assert " score " in told.splitlines()[0]
    assert ", rerank " in told
    refused = CliRunner().invoke(search, [*arguments, "csls", "--scoring", "support"])
    assert refused.exit_code == 2
    assert "give --rerank none, or --scoring sign_max" in refused.stderr
