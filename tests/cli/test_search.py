"""``raysign search`` through its door: what it prints."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.cli import COMMANDS, patience
from raysign.cli.search import search
from raysign.clip import Clip
from raysign.config import GalleryConfig, SyntheticConfig, TrainConfig, resolve
from raysign.datasets.pose_files import write_pose
from raysign.encoders import build_encoder
from raysign.errors import DataError
from raysign.gallery import FittedOn, Gallery, GalleryConfidence, Measured
from raysign.pose import Prepare
from raysign.search import query
from raysign.search.answer import percent
from raysign.search.index import index_clips
from raysign.skeleton import HANDS42
from raysign.store import read_clip, write_store
from raysign.synthetic import World

SYNTHETIC = {"signs": 20, "train_signers": 2, "val_signers": 1}
SMALL = {
    "prepare": {"frames": 16},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "data": {"synthetic": SYNTHETIC},
}
ASKS = "syn1-000003-s02"
Ask = Told = Refused = Any  # the fixtures of these names


def test_the_door_is_there() -> None:
    assert "search" in COMMANDS


@pytest.mark.usefixtures("filmed")
def test_a_video_finds_what_its_landmarks_find(ask: Ask) -> None:
    by_video, by_clip = ask("g", "one.mp4"), ask("g", "store:val", "--clip", ASKS)
    assert by_video["signs"] == by_clip["signs"]
    assert len(by_video["signs"]) == 10
    assert list(by_video["stages_ms"]) == [
        "start",
        "gallery",
        "model",
        "landmarks",
        "look",
        "prepare",
        "embed",
        "search",
    ]
    assert by_video["first"] is True
    assert by_video["gallery"] == {"folder": "g", "signs": 20, "clips": 40}
    assert by_video["model"]["name"] == "model"
    assert by_video["asked"][0]["name"] == "one"


@pytest.mark.usefixtures("filmed")
def test_two_recordings_ask_together(ask: Ask) -> None:
    both = ask("g", "one.mp4", "two.mp4", "-k", "3")
    turned = ask("g", "two.mp4", "one.mp4", "-k", "3")
    for found, again in zip(both["signs"], turned["signs"], strict=True):
        assert found == again | {
            name: pytest.approx(again[name], abs=1e-5) for name in ("score", "cosine")
        }
    assert both["asked"] == turned["asked"][::-1]
    order = ("asked", "stages_ms", "total_ms", "remarks", "signs")
    assert both == turned | {name: both[name] for name in order}
    assert both["takes"] == 2
    of_store = ask("g", "store", "--clip", ASKS, "--clip", "syn1-000003-s01", "-k", "3")
    assert of_store["signs"] == both["signs"]
    assert of_store["signs"] != ask("g", "one.mp4", "-k", "3")["signs"]


@pytest.mark.usefixtures("dictionary")
def test_other_ways_to_ask(ask: Ask) -> None:
    whole = ask("g", "store:val", "--clip", ASKS)["signs"]
    assert ask("g", "synthetic", "--clip", ASKS)["signs"] == whole  # the model's own world
    part = ask("g", "store", "--clip", ASKS, "--start", "0.5", "--end", "1.5")
    assert part["asked"][0]["frames"] == 25
    write_pose(read_clip("store", ASKS), "one.pose")
    first = ask("g", "one.pose")["signs"][0]
    assert first["cosine"] == pytest.approx(whole[0]["cosine"], abs=1e-3)
    for scoring in ("sign_mean", "support", "clip"):
        assert ask("g", "store", "--clip", ASKS, "--scoring", scoring)["scoring"] == scoring
    mirrored = ask("g", "store", "--clip", ASKS, "--mirror")["signs"]
    assert [s["cosine"] for s in mirrored] != [s["cosine"] for s in whole]


@pytest.mark.usefixtures("filmed")
def test_for_people(ask: Ask, told: Told) -> None:
    signs = ask("g", "one.mp4", "-k", "3")["signs"]
    lines = told("g", "one.mp4", "-k", "3")
    assert lines[0].split() == ["sign", "cosine", "nearest", "clip", "signer"]
    for rank, (line, found) in enumerate(zip(lines[1:4], signs, strict=True), 1):
        assert line.split() == [
            str(rank),
            *found["sign"].split(),
            f"{found['cosine']:.3f}",
            found["clip_id"],
            found["signer"],
        ]
    assert lines[4].startswith("query one: ")
    assert "hands seen in 100 % of these" in lines[4]
    note = "how sure an answer is was never measured here; type `raysign calibrate g`"
    assert f"note: {note}" in lines
    assert lines[-2].startswith("in ")
    assert ": start " in lines[-2]
    assert lines[-1] == "model model (holistic75), gallery g: 20 signs, 40 clips"
    assert "score" in told("g", "one.mp4", "--scoring", "support")[0]
    clips = [replace(read_clip("store", ASKS), clip_id="slow", fps=5.0)]
    write_store("slow", clips)
    assert any(
        line.startswith("hint: The recording has only 5 ")
        for line in told("g", "slow", "--clip", "slow")
    )


@pytest.mark.usefixtures("filmed")
def test_nothing_takes_long_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PIPED_S", 0.05)
    real = query.Reader.read

    def slowly(*given: Any, **named: Any) -> Clip:
        time.sleep(0.3)
        return real(*given, **named)

    monkeypatch.setattr(query.Reader, "read", slowly)
    done = CliRunner().invoke(search, ["g", "one.mp4", "--json"])
    assert "looking at one.mp4 (0 s)" in done.stderr.splitlines()
    json.loads(done.stdout)


@pytest.mark.usefixtures("filmed")
def test_a_model_that_moved(ask: Ask, refused: Refused) -> None:
    shutil.move("model", "moved")
    assert "type --model MODEL if it moved" in refused("g", "one.mp4")
    assert ask("g", "one.mp4", "--model", "moved")["signs"]


@pytest.mark.usefixtures("dictionary")
def test_a_gallery_of_hands_finds_what_a_whole_person_shows(ask: Ask, refused: Refused) -> None:
    config = resolve(TrainConfig, SMALL)
    hands = [
        replace(clip, layout="hands42", xyz=clip.xyz[:, 33:], confidence=None)
        for clip in World(SyntheticConfig(**SYNTHETIC)).clips()
    ]
    write_store("hands", hands)
    prepare = Prepare(config.prepare, HANDS42)
    weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
    save_bundle(Bundle("hands42", config, prepare.fingerprint, weights), "of_hands")
    index_clips(
        load_bundle("of_hands"),
        "of_hands",
        ["hands:train"],
        "gh",
        GalleryConfig(),
        say=lambda _: None,
    )
    whole, alone = (ask("gh", store, "--clip", ASKS) for store in ("store", "hands"))
    assert whole["signs"] == alone["signs"]
    assert "asked with the hands of holistic75: it finds fewer signs so" in whole["notes"][0]
    assert not [note for note in alone["notes"] if "hands of" in note]
    assert whole["asked"][0]["body_seen"] == 1
    assert alone["asked"][0]["body_seen"] is None
    assert "model reads layout 'holistic75'" in refused("g", "hands", "--clip", ASKS)


@pytest.fixture
def sure() -> GalleryConfidence:
    """What a calibration might have made of the gallery."""
    half = Measured(value=0.5, low=0.4, high=0.6)
    fitted = FittedOn(
        queries=(),
        known_asks=9,
        unknown_asks=9,
        query_signs=20,
        learned=None,
        copies=0,
        clips=40,
        signs=20,
        index="flat with float16",
        signer_overlap="",
        refuse=0.05,
        refused=half,
        noticed=half,
        auroc=half,
        error=half,
        created="",
    )
    numbers = {"looked_at": 15, "sharpness": 5.0, "temperature": 0.1, "slope": 3.0, "none": 0.0}
    return GalleryConfidence(
        **numbers,
        farther=-2.0,
        unknown_share=0.5,
        threshold=0.9,
        scoring="sign_max",
        fitted_on=fitted,
    )


@pytest.mark.usefixtures("filmed")
def test_how_sure_it_is(sure: GalleryConfidence, ask: Ask, told: Told) -> None:
    Gallery.open("g").with_confidence(sure)
    few, many = ask("g", "one.mp4", "-k", "3"), ask("g", "one.mp4", "-k", "20")
    assert few["none_of_these"] == many["none_of_these"], "however many are shown"
    assert few["signs"] == many["signs"][:3]
    scores = np.asarray([found["score"] for found in many["signs"]])
    each, none = sure.of(scores)
    rest = (1 - each.sum() - none) / 5
    each[15:] = rest  # they were not looked at, and share what is left
    assert 0 < rest <= each[:15].min()
    assert [f["confidence"] for f in many["signs"]] == pytest.approx(each.tolist(), abs=1e-6)
    assert few["none_of_these"] == pytest.approx(none)
    assert (few["unknown"], few["notes"]) == (False, [])
    lines = told("g", "one.mp4", "-k", "3")
    assert percent(each[0]) in lines[1]
    assert lines[4] == f"none of these: {percent(none)}"
    other = ask("g", "one.mp4", "--scoring", "support")
    assert other["none_of_these"] is None
    assert "type `raysign calibrate g --scoring support --rerank none`" in other["notes"][0]
    Gallery.open("g").with_confidence(sure.model_copy(update={"threshold": 0.0}))
    assert ask("g", "one.mp4")["unknown"] is True
    first = told("g", "one.mp4")[0]
    assert first.startswith(f"may not be in this dictionary ({percent(none)}; of 100 queries")
    assert "are noticed" in first


@pytest.mark.usefixtures("filmed")
def test_a_query_that_asks_as_none_did_when_it_was_measured(
    sure: GalleryConfidence, ask: Ask, told: Told
) -> None:
    Gallery.open("g").with_confidence(sure.model_copy(update={"threshold": 0.0}))
    assert ask("g", "one.mp4")["notes"] == []
    several, _ = ask("g", "one.mp4", "two.mp4")["notes"]  # the gallery has the second
    assert several == (
        "the percentages were measured with one recording at a time; with several an answer is "
        "surer than they say"
    )
    assert ask("g", "one.mp4", "--mirror")["notes"] == [], "its model learned from mirror images"
    assert ask("g", "one.mp4", "two.mp4", "--scoring", "clip")["notes"] == []
    lines = told("g", "one.mp4", "two.mp4")
    assert f"note: {several}" in lines
    assert lines[0].startswith("may not be in this dictionary (")
    assert "of 100 queries" not in lines[0], "which were single recordings"


@pytest.mark.usefixtures("filmed")
@pytest.mark.parametrize("as_json", [False, True])
def test_the_answer_is_there_whatever_becomes_of_its_page(
    as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *given: Any, **named: Any) -> None:
        raise DataError(f"cannot write {str(path)!r}: no space left on device")

    monkeypatch.setattr("raysign.search.page.write_page", full)
    arguments = ["g", "one.mp4", "-k", "1", "--html", "a.html", *(["--json"] * as_json)]
    done = CliRunner().invoke(search, arguments)
    assert done.exit_code == 2
    assert "no space left" in done.stderr
    assert "the page:" not in done.stdout
    if as_json:
        assert len(json.loads(done.stdout)["signs"]) == 1
    else:
        assert done.stdout.splitlines()[-1].startswith("model model ")
