"""``raysign keywords find`` and ``segment`` through their doors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from raysign.bundle import (
    Bundle,
    KeywordBundle,
    load_bundle,
    save_bundle,
    save_keyword_bundle,
)
from raysign.cli import main
from raysign.config import GalleryConfig, KeywordConfig, SyntheticConfig, TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.keywords.model import KeywordModel
from raysign.keywords.prepare import PrepareSentences
from raysign.keywords.vocabulary import Vocabulary
from raysign.pose import Prepare
from raysign.search.index import index_clips
from raysign.sentences import SignedSentence
from raysign.skeleton import HOLISTIC75
from raysign.store import iter_clips, load_sentences, write_sentences
from raysign.synthetic import World
from raysign.synthetic.sentences import Interpreters

GLOSSES = ("REGEN", "SONNE", "NORD", "SUED", "ABEND")
KEYWORDS = {"prepare": {"joints": "body"}, "encoder": {"widths": [8], "kernel": 3}}
ENCODER = {
    "prepare": {"frames": 16},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
}


@pytest.fixture(scope="session")
def told() -> list[SignedSentence]:
    people = Interpreters(World(SyntheticConfig()), GLOSSES, ("a", "b"))
    split = ["train", "val", "val", "test"]
    said = [[GLOSSES[(n + 2 * i) % 5] for i in range(3)] for n in range(4)]
    return [
        people.sentence(f"s{n}", one, "ab"[n % 2], translation=("es", "regnet"), split=split[n])
        for n, one in enumerate(said)
    ]


@pytest.fixture
def desk(tmp_path: Path, told: list[SignedSentence], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``sentences``, ``words`` and ``encoder``; both models are untrained."""
    monkeypatch.chdir(tmp_path)
    write_sentences("sentences", told)
    words = resolve(KeywordConfig, KEYWORDS)
    prepare = PrepareSentences(words.prepare, HOLISTIC75)
    vocabulary = Vocabulary("gloss", tuple(sorted(GLOSSES)))
    torch.manual_seed(0)
    model = KeywordModel(words, prepare.channel_map, len(vocabulary))
    share = torch.full((len(vocabulary),), 0.5).numpy()
    parts = (prepare.fingerprint, vocabulary, share, model.state_dict())
    save_keyword_bundle(KeywordBundle("holistic75", words, *parts), "words")
    config = resolve(TrainConfig, ENCODER)
    own = Prepare(config.prepare, HOLISTIC75)
    weights = build_encoder(config.encoder, own.channel_map).state_dict()
    save_bundle(Bundle("holistic75", config, own.fingerprint, weights), "encoder")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["keywords", *arguments])


def printed(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stderr.splitlines()[-1].startswith("error: ")
    return done.stderr.splitlines()[-1]


@pytest.mark.usefixtures("desk")
def test_words_in_a_store(told: list[SignedSentence]) -> None:
    found = printed("find", "sentences", "REGEN", "NORD", "--model", "words")
    assert sorted(one["sentence"] for one in found["sentences"]) == ["s0", "s1", "s2"]
    assert (found["searched"], found["words"], found["context"]) == (3, ["REGEN", "NORD"], "none")
    first = found["sentences"][0]
    assert first["translation"] == ["es", "regnet"]
    assert 0 < first["confidence"] < 1
    span = first["words"][0]["spans"][0]
    assert 0 <= span["start_s"] < span["end_s"] <= first["seconds"]
    lines = run("find", "sentences:val", "REGEN", "--model", "words", "-k", "1").stdout.splitlines()
    assert lines[0].split() == ["sentence", "how", "sure", "where", "signed", "said"]
    assert lines[1].split()[0] == "1"
    assert lines[-2] == "2 sentences searched for “REGEN”"
    assert lines[-1].startswith("note: “how sure” is what the model says")


@pytest.mark.usefixtures("desk")
def test_by_example_with_a_word_and_a_page() -> None:
    like = ["--like-clip", "sentences:train", "s0", "--encoder", "encoder"]
    found = printed("find", "sentences", *like, "-k", "2")
    cosines = [one["example"]["cosine"] for one in found["sentences"]]
    assert cosines == sorted(cosines, reverse=True)
    assert found["examples"] == ["s0"]
    assert "a second)" in found["cost"]
    assert "confidence" not in found["sentences"][0]
    done = run("find", "sentences", "SONNE", "--model", "words", *like, "--html", "a.html")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("the page: a.html\n")
    page = Path("a.html").read_text()
    assert "Where is “SONNE” and a sign like s0?" in page
    assert page.count("<canvas") == 3


@pytest.mark.usefixtures("desk")
def test_what_cannot_be_found() -> None:
    model = ["--model", "words"]
    assert "no gloss 'REGN' among the 5 of the vocabulary; nearest: REGEN" in refused(
        "find", "sentences", "REGN", *model
    )
    assert "sealed" in refused("find", "sentences:test", "REGEN", *model)
    assert "sealed" in refused("find", "sentences", "--like-clip", "sentences", "s3")
    assert "nothing to look for" in refused("find", "sentences")
    assert "give --model MODEL" in refused("find", "sentences", "REGEN")
    assert "no context 'tfidf'" in refused(
        "find", "sentences", "REGEN", *model, "--context", "tfidf"
    )
    assert "lies inside the store" in refused(
        "find", "sentences", "REGEN", *model, "--html", "sentences/a.html"
    )
    assert "lies inside the store" in refused(
        "find", "sentences:val", "REGEN", *model, "--html", "sentences/a.html"
    )
    assert "lies inside the store" in refused(
        "segment", "sentences:val", "--html", "sentences/a.html"
    )
    assert "'nothing.mp4'" in refused("find", "nothing.mp4", "REGEN", *model)
    assert "; give --like-clip sentences s1" in refused(
        "find", "sentences", "--like-clip", "sentences:train", "s1"
    )
    # Before the model, which is not there either.
    missing = ["REGEN", "--model", "missing"]
    assert "sealed" in refused("find", "sentences:test", *missing)
    assert "no store and no video 'nowhere'" in refused("find", "nowhere", *missing)
    gallery = ["--gallery", "missing"]
    assert "no sentence or clip 's9'" in refused("segment", "sentences", "s9", *gallery)


@pytest.mark.usefixtures("desk")
def test_a_store_in_pieces(told: list[SignedSentence]) -> None:
    cuts = printed("segment", "sentences:val", "--out", "pieces", "--html", "cut.html")
    assert [cut["recording"] for cut in cuts] == ["s1", "s2"]
    names = [one["clip_id"] for cut in cuts for one in cut["candidates"]]
    made = list(iter_clips("pieces"))
    assert [clip.clip_id for clip in made] == names
    first = cuts[0]["candidates"][0]
    assert len(made[0].xyz) == first["end_frame"] - first["first_frame"]
    assert made[0].sign == ""
    assert {clip.split for clip in made} == {"val"}
    assert Path("cut.html").read_text().count("<canvas") == 2
    lines = run("segment", "sentences", "s0", "--way", "rests").stdout.splitlines()
    assert lines[0].startswith("s0: ")
    assert "(sign by sign, with rests between)" in lines[0]
    assert len(load_sentences("sentences")) == 3


@pytest.mark.usefixtures("desk")
def test_nothing_is_cut_where_the_pieces_have_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object) -> None:
        raise AssertionError("cut before the place was looked at")

    monkeypatch.setattr("raysign.search.timeline.pieces.cut_all", cut)
    assert "it is there already; give a new or an empty folder" in refused(
        "segment", "sentences:val", "--out", "words"
    )


@pytest.mark.usefixtures("desk")
def test_sentences_without_a_frame_are_left_out(told: list[SignedSentence]) -> None:
    clip = told[1].clip
    rows = [told[0], replace(told[1], spans=None, clip=replace(clip, xyz=clip.xyz[:0],
            confidence=None))]  # fmt: skip
    write_sentences("some", rows)
    for arguments in (["find", "some", "REGEN", "--model", "words"], ["segment", "some"]):
        done = run(*arguments)
        assert done.exit_code == 0, done.output
        assert "note: 1 sentences without a frame are left out (s1)" in done.stderr


@pytest.mark.usefixtures("desk")
def test_a_word_may_be_written_small(told: list[SignedSentence]) -> None:
    found = printed("find", "sentences", "regen", "--model", "words")
    assert found["words"] == ["REGEN"]
    assert "“regen” is read as “REGEN”" in found["notes"]


@pytest.mark.usefixtures("desk")
def test_pieces_looked_up_in_a_dictionary(told: list[SignedSentence]) -> None:
    named = [replace(one, clip=replace(one.clip, sign=one.glosses[0])) for one in told[:3]]
    write_sentences("signs", named)
    index_clips(
        load_bundle("encoder"), "encoder", ["signs"], "gallery", GalleryConfig(), say=lambda _: None
    )
    (cut,) = printed("segment", "sentences", "s1", "--gallery", "gallery")
    assert cut["candidates"]
    for one in cut["candidates"]:
        assert {found["sign"] for found in one["signs"]} == {"REGEN", "SONNE", "NORD"}
    done = run("segment", "sentences", "s1", "--gallery", "gallery", "--html", "cut.html")
    assert ": nearness " in done.stdout
    assert "give --gallery GALLERY" in refused("segment", "sentences", "--model", "encoder")
    # And what was cut is what a gallery is made of.
    run("segment", "sentences", "--out", "pieces")
    index_clips(
        load_bundle("encoder"), "encoder", ["pieces"], "more", GalleryConfig(), say=lambda _: None
    )
