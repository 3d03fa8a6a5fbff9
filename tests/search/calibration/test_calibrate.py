"""``raysign calibrate``: a gallery that says how sure it is, and what that is worth."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle, save_bundle
from raysign.cli.calibrate import calibrate as door
from raysign.cli.index import index
from raysign.gallery import Gallery, by_sign, score_signs
from raysign.search.calibration.asking import Queries
from raysign.search.searcher import Searcher
from raysign.store import iter_clips as iter_stored
from raysign.store import load_clips, write_store
from raysign.synthetic import iter_clips

pytestmark = pytest.mark.usefixtures("made")


def ask(*arguments: str) -> Any:
    """What it prints as JSON."""
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    """The one line of a command that is refused, and changes nothing."""
    before = (Path("g") / "gallery.json").read_bytes()
    done = CliRunner().invoke(door, list(arguments))
    assert done.exit_code == 2, done.output
    line: str = done.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    assert (Path("g") / "gallery.json").read_bytes() == before
    return line


def test_the_gallery_keeps_what_it_was_taught() -> None:
    printed = ask("g", "--queries", "store:val", "--refuse", "0.2", "--unknown-share", "0.3")
    gallery = Gallery.open("g")
    confidence = gallery.card.confidence
    assert confidence is not None
    assert confidence.model_dump(mode="json") == printed["confidence"]
    assert (confidence.unknown_share, confidence.fitted_on.refuse) == (0.3, 0.2)
    assert confidence.fitted_on.queries == ("store:val",)
    assert (confidence.fitted_on.known_asks, confidence.fitted_on.query_signs) == (20, 20)
    assert (confidence.fitted_on.clips, confidence.fitted_on.signs) == (40, 20)
    assert (printed["known_asks"], printed["unknown_asks"]) == (20, 20)
    assert confidence.fitted_on.learned == 5
    assert any("has learned 5 of the 20 signs" in note for note in printed["notes"])
    clips = load_clips("store", ["val"])
    queries = load_bundle("model").embedder().embed(clips).numpy()
    _, scores = score_signs(gallery, queries, confidence.looked_at)
    assert confidence.looked_at == 19
    refused_ = [confidence.unknown(confidence.of(row)[1]) for row in scores]
    assert np.mean(refused_) <= 0.2


def test_without_queries_its_own_clips_ask_and_that_is_said() -> None:
    done = CliRunner().invoke(door, ["g"])
    assert done.exit_code == 0, done.output
    assert "refused, expected" in done.stdout
    assert "also sign in the gallery; gallery of 40 clips" in done.stdout
    assert "<- kept" in done.stdout
    assert "note: the gallery's own clips asked" in done.stdout
    assert "then all of this is far too good; give --queries" in done.stdout
    confidence = Gallery.open("g").card.confidence
    assert confidence is not None
    assert confidence.fitted_on.queries == ()
    assert confidence.fitted_on.known_asks == 40


def test_own_clips_need_no_model_any_more_and_queries_do() -> None:
    shutil.rmtree("model")
    printed = ask("g")
    assert printed["confidence"]["fitted_on"]["learned"] is None
    assert "which signs the model has learned is not known" in printed["notes"]
    assert "type --model MODEL if it moved" in refused("g", "--queries", "store:val")


def test_the_page_has_the_curve_and_asks_nothing_of_anybody() -> None:
    ask("g", "--queries", "store:val", "--html", "page.html", "--scoring", "sign_mean")
    page = Path("page.html").read_text()
    assert "data:image/svg+xml;base64," in page
    assert "http" not in page.replace("http-equiv", "")
    assert "wrongly called unknown" in page
    assert "sign_mean" in page
    assert page.count("<tr") == 2 + 7 + 4


def test_same_seed_same_confidence() -> None:
    once, again, other = (
        ask("g", "--queries", "store:val", "--seed", seed) for seed in ("0", "0", "1")
    )
    for printed in (once, again, other):
        printed["confidence"]["fitted_on"].pop("created")
        printed.pop("seconds")
    assert once == again
    assert once["curve"] != other["curve"]


def test_signs_without_clips_and_clips_without_signs() -> None:
    clips = list(iter_clips(load_bundle("model").config.data.synthetic))
    strange = [
        replace(clip, sign="" if number % 2 else f"new{number}")
        for number, clip in enumerate(clips)
        if clip.split == "val"
    ]
    write_store("strange", strange)
    printed = ask("g", "--queries", "store:val", "--queries", "strange")
    assert (printed["known_asks"], printed["unknown_asks"]) == (20, 30)
    assert printed["signs"] == 30
    write_store("nameless", [replace(clip, sign="") for clip in strange])
    assert "no clip of 'nameless' has a sign" in refused("g", "--queries", "nameless")


def test_what_cannot_be_is_one_line() -> None:
    assert "the same recording as every one of the 40 queries" in refused(
        "g", "--queries", "store:train"
    )
    assert "no store at 'nowhere'" in refused("g", "--queries", "nowhere")
    assert "was made by 'model'" in refused("g", "--model", "other", "--queries", "store:val")
    assert "0<x<1" in refused("g", "--refuse", "1")
    signs = sorted(set(load_clips("store", ["train"]).sign.tolist()))
    few = [option for sign in signs[9:] for option in ("--remove-sign", sign)]
    assert CliRunner().invoke(index, ["g", *few]).exit_code == 0
    assert "gallery 'g' has 9 signs, calibrating needs 10 or more" in refused("g")


def test_few_of_the_signs_are_there() -> None:
    """Ten can be calibrated by, fewer not, whatever the seed; the other signs are asked once."""
    clips = [clip for clip in iter_stored("store") if clip.split == "val"]
    signs = sorted({clip.sign for clip in clips})
    for there, name in ((10, "ten"), (4, "four")):
        renamed = [
            clip if clip.sign in signs[:there] else replace(clip, sign=f"new {clip.sign}")
            for clip in clips
        ]
        write_store(name, renamed)
    for seed in range(4):
        printed = ask("g", "--queries", "ten", "--seed", str(seed))
        assert (printed["known_signs"], printed["signs"]) == (10, 20)
    for seed in range(4):
        assert (
            "calibrating needs queries of 10 signs or more that the gallery has, to fit on one "
            "half and measure on the other, got 4 among 20; give more"
        ) in refused("g", "--queries", "four", "--seed", str(seed))


@pytest.mark.parametrize("option", ["--refuse", "--unknown-share"])
def test_not_a_number_is_refused_before_anybody_is_asked(option: str) -> None:
    line = refused("g", "--queries", "nowhere", option, "nan")
    assert "must lie between 0 and 1, got nan" in line


def test_a_page_that_cannot_be_is_refused_first() -> None:
    assert "must name a file that ends in .html" in refused("g", "--html", "page.txt")
    assert "there is no folder 'nowhere'" in refused("g", "--html", "nowhere/page.html")
    assert "lies inside the gallery" in refused("g", "--html", "g/page.html")


def test_what_the_model_may_have_learned_from_is_said() -> None:
    """The model's config names the synthetic world, split as it is."""
    for selection, learned in (("synthetic:val", False), ("synthetic", True), ("store", False)):
        notes = ask("g", "--queries", selection)["notes"]
        said = [note for note in notes if "the model was trained on clips of 'synthetic'" in note]
        assert len(said) == learned, selection


def test_how_many_are_shown_does_not_change_how_sure_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though attention is shared among more clips where more signs are shown."""
    ask("g", "--queries", "store:val", "--scoring", "support")
    gallery = Gallery.open("g")
    confidence = gallery.card.confidence
    assert confidence is not None
    gallery.with_confidence(confidence.model_copy(update={"looked_at": 5, "farther": 0.0}))
    monkeypatch.setattr(by_sign, "NEAREST", 1)
    monkeypatch.setattr(by_sign, "PER_SIGN", 1)
    (clip, *_) = (clip for clip in iter_stored("store") if clip.split == "val")
    searcher = Searcher.open("g")
    few, many = (searcher.answer([clip], k, "support") for k in (3, 20))
    assert few.none_of_these == many.none_of_these
    sure = {found.sign: found.confidence for found in many.signs}
    assert all(sure[found.sign] == found.confidence for found in few.signs)
    chances = sorted(chance for chance in sure.values() if chance is not None)
    assert len(set(chances[:15])) == 1, "nobody looked at these: they share what is left"
    assert 0 < chances[0] <= chances[15]
    assert sum(chances) + (many.none_of_these or 0) <= 1 + 1e-6
    least = {found.sign: found.score for found in many.signs}
    assert all(found.score > least[found.sign] for found in few.signs)


def test_a_recording_that_is_there_was_not_measured() -> None:
    ask("g", "--queries", "store:val")
    searcher = Searcher.open("g")
    there, *_ = (clip for clip in iter_stored("store") if clip.split == "train")
    new, *_ = (clip for clip in iter_stored("store") if clip.split == "val")
    note = "the percentages say too much: they were measured with recordings that are not in "
    note += "the dictionary"
    assert note in searcher.answer([there]).notes
    assert note not in searcher.answer([new]).notes


def test_queries_that_look_in_the_mirror_are_asked_as_a_search_asks() -> None:
    """A model with ``evaluate.mirror=queries``: its gallery's clips stand without their images."""
    bundle = load_bundle("model")
    mirrored = bundle.config.evaluate.model_copy(update={"mirror": "queries"})
    again = replace(bundle, config=bundle.config.model_copy(update={"evaluate": mirrored}))
    save_bundle(again, "model", replace=True)
    gallery = Gallery.open("g")
    assert ask("g", "--queries", "store:train", "--queries", "store:val")["confidence"][
        "fitted_on"
    ]["copies"] == len(gallery)
    own = Queries.own(gallery).prepared(gallery, again)
    assert own.mirrored
    clips = [clip for clip in iter_stored("store") if clip.split == "train"]
    embedded = again.embedder().embed(load_clips("store", ["train"]), mirrored=True).numpy()
    np.testing.assert_allclose(own.vectors, embedded, atol=1e-5)
    assert len(clips) == len(own)
    ask("g")
    done = CliRunner().invoke(
        index, ["model", "--clips", "store:train", "--out", "bare", "landmarks=false"]
    )
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(door, ["bare"])
    assert done.exit_code == 2
    assert "keeps no landmarks of 40 of its 40 clips" in done.stderr


def test_copies_are_told_beside_the_counts() -> None:
    done = CliRunner().invoke(door, ["g", "--queries", "store"])
    assert done.exit_code == 0, done.output
    assert "of 20 signs, without 40 copies of the gallery's recordings; " in done.stdout
