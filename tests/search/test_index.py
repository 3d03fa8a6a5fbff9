"""``raysign index``: from a model and clips to a gallery, and back out again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.index import index as door
from raysign.config import LookConfig
from raysign.gallery import Gallery
from raysign.store import load_clips, write_store
from raysign.synthetic import iter_clips

pytestmark = pytest.mark.usefixtures("desk")


def ask(*arguments: str) -> Any:
    """What it prints as JSON."""
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    """The one line of a command that is refused, which leaves nothing behind."""
    before = sorted(path for path in Path().rglob("*"))
    done = CliRunner().invoke(door, list(arguments))
    assert done.exit_code == 2, done.output
    line: str = done.stderr.splitlines()[-1]
    assert line.startswith("error: ")
    assert sorted(path for path in Path().rglob("*")) == before
    return line


def test_a_gallery_holds_the_embeddings_of_its_clips() -> None:
    printed = ask("model", "--clips", "store:train", "--out", "g")
    assert (printed["clips"], printed["signs"], printed["signers"]) == (40, 20, 2)
    assert printed["index"]["kind"] == "flat"
    gallery, bundle = Gallery.open("g"), load_bundle("model")
    gallery.check_model(bundle, "model")
    clips = load_clips("store", ["train"])
    hits = gallery.search(bundle.embedder().embed(clips).numpy(), 1)
    for query in range(40):
        (found,) = hits.of(query)
        assert (found.clip_id, found.sign) == (clips.clip_id[query], clips.sign[query])
        assert (found.signer, found.source) == (clips.signer[query], str(Path("store").absolute()))
        assert found.language == clips.language[query]
    np.testing.assert_allclose(hits.scores, 1, atol=2e-3)


def test_clips_come_and_go_in_one_step() -> None:
    ask("model", "--clips", "store:train", "--out", "g")
    gone = str(load_clips("store", ["train"]).clip_id[3])
    printed = ask("g", "--add", "store:val", "--remove", gone, "--remove-sign", sign(0))
    assert (printed["added"], printed["clips"]) == (20, 40 + 20 - len({gone}) - 2)
    assert printed["sources"] == ["store:train", "store:val"]
    again = ask("g", "--add", "./store/:val")
    assert again["clips"] == printed["clips"]
    assert (again["added"], again["removed"]) == (20, 20)
    Path("elsewhere").mkdir()
    Path("elsewhere/link").symlink_to(Path("store").absolute())
    for other in (Path("store").absolute(), "elsewhere/link"):
        again = ask("g", "--add", f"{other}:val")
        assert (again["clips"], again["added"], again["removed"]) == (printed["clips"], 20, 20)
    assert Gallery.open("g").exemplars.values("source") == [str(Path("store").absolute())]
    whole = ask("model", "--clips", "store:train", "--clips", "store:val", "--out", "both")
    assert whole["clips"] == 60


def test_stores_of_one_name_in_two_folders_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the names are relative, and clips of both have the same ids."""
    home = Path().absolute()
    clips = list(iter_clips(load_bundle("model").config.data.synthetic))[:4]
    for folder in ("one", "two"):
        Path(folder).mkdir()
        write_store(f"{folder}/clips", [replace(clip, signer=folder) for clip in clips])
    monkeypatch.chdir(home / "one")
    assert ask("../model", "--clips", "clips", "--out", "../g")["clips"] == 4
    monkeypatch.chdir(home / "two")
    assert ask("../g", "--add", "clips", "--model", "../model")["clips"] == 8
    assert ask("../g", "--add", str(home / "one/clips"), "--model", "../model")["clips"] == 8
    monkeypatch.chdir(home)
    twice = refused("model", "--clips", "one/clips", "--clips", "./one//clips", "--out", "h")
    assert "twice" in twice


def test_signs_of_a_gallery_without_any(config: Any) -> None:
    write_store("unnamed", [replace(c, sign="") for c in iter_clips(config.data.synthetic)][:3])
    ask("model", "--clips", "unnamed", "--out", "g")
    line = refused("g", "--remove-sign", "book")
    assert line.endswith("no sign of the gallery is called 'book'; it has none")


def sign(number: int) -> str:
    return str(sorted(set(load_clips("store", ["train"]).sign.tolist()))[number])


def test_how_its_videos_were_looked_at_is_kept_for_queries() -> None:
    def extracted(**settings: Any) -> None:
        there = {"complexity": 1, "crop": {"left": 0.5}, "timeout_s": 9, **settings}
        text = json.dumps({"extractor": {"settings": there, "fingerprint": "0"}})
        (Path("store") / "extraction.json").write_text(text)

    assert (
        CliRunner().invoke(door, ["model", "--clips", "store:train", "--out", "a"]).exit_code == 0
    )
    assert Gallery.open("a").card.look is None, "nobody knows"
    extracted(smooth=False, fps=12.0)
    ask("model", "--clips", "store:train", "--clips", "synthetic:val", "--out", "b")
    assert Gallery.open("b").card.look == LookConfig(smooth=False, fps=12.0)
    ask("b", "--add", "store:val")
    assert Gallery.open("b").card.look == LookConfig(smooth=False, fps=12.0)
    shutil.copytree("store", "twin")
    extracted(complexity=2)
    done = CliRunner().invoke(door, ["b", "--add", "store:val"])
    assert "note: the videos of these clips were not all looked at alike" in done.stderr
    card = Gallery.open("b").card
    assert card.looked_at == (LookConfig(smooth=False, fps=12.0), LookConfig(complexity=2))
    assert card.look is None


def test_its_own_synthetic_world_and_its_settings() -> None:
    printed = ask("model", "--clips", "synthetic:train", "--out", "g", "vectors=float32")
    assert printed["clips"] == 40  # the default world has more
    assert Gallery.open("g").card.config.vectors == "float32"
    changed = ask("g", "--remove-sign", sign(1), "--recall", "0.9")
    assert changed["index"]["target"] == 0.9
    assert Gallery.open("g").card.config.vectors == "float32"


def test_a_line_for_people() -> None:
    done = CliRunner().invoke(door, ["model", "--clips", "store:train", "--out", "g"])
    assert done.exit_code == 0, done.output
    assert "g: 40 clips of 20 signs by 2 signers" in done.stdout
    assert "MB of it landmarks)" in done.stdout
    assert "flat: 40 clips are few enough for exact search; every clip is compared" in done.stdout


def test_another_model_is_refused() -> None:
    ask("model", "--clips", "store:train", "--out", "g")
    line = refused("g", "--add", "store:val", "--model", "other")
    assert "was made by 'model' (weights" in line
    assert "type `raysign index other --clips store:train --out NEW`" in line
    shutil.move("model", "moved")
    assert "type --model MODEL if it moved" in refused("g", "--add", "store:val")
    assert ask("g", "--add", "store:val", "--model", "moved")["clips"] == 60
    # to take clips out needs no model
    assert ask("g", "--remove-sign", sign(0))["signs"] == 19


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("model",),
            "nothing is asked of 'model': type `raysign index model --clips STORE --out GALLERY`",
        ),
        (("model", "--clips", "store"), "--out GALLERY has to be given too"),
        (("model", "--out", "g"), "--clips STORE has to be given too"),
        (("model", "--clips", "store", "--out", "g", "--add", "store"), "give one or the other"),
        (("model", "--clips", "store", "--out", "g", "--model", "x"), "--model is for a gallery"),
        (("nowhere", "--clips", "store", "--out", "g"), "bundle 'nowhere' does not exist"),
        (("nowhere", "--add", "store"), "gallery 'nowhere' does not exist"),
        (("model", "--add", "store"), "has no gallery.json"),
        (("model", "--clips", "none", "--out", "g"), "none"),
        (("model", "--clips", "store:test", "--out", "g"), "test"),
        (("model", "--clips", "store", "--out", "store"), "exists and is no gallery"),
        (("model", "--clips", "store", "--out", "s3://b/g"), "mapped into memory from a disk"),
        (("model", "--clips", "store", "--out", "g", "--recall", "0"), "0"),
        (("model", "--clips", "store", "--out", "g", "links=1"), "links: "),
        (("model", "--clips", "store", "--out", "g", "--kind", "hnsw"), "hnsw needs 1,000 clips"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(*arguments)


def test_a_gallery_that_would_be_taken_or_empty() -> None:
    ask("model", "--clips", "store:train", "--out", "g")
    taken = refused("model", "--clips", "store:val", "--out", "g")
    assert "already holds a gallery; give another --out, or type `raysign index g --add" in taken
    every = [part for n in range(20) for part in ("--remove-sign", sign(n))]
    assert "would leave gallery 'g' empty; delete the folder instead" in refused("g", *every)
    assert "no clip of the gallery is called 'x'" in refused("g", "--remove", "x")


def test_clips_of_another_layout(config: Any) -> None:
    hands = [
        replace(clip, layout="hands42", xyz=clip.xyz[:, 33:], confidence=None)
        for clip in iter_clips(config.data.synthetic)
    ]
    write_store("hands", hands)
    assert "hands42" in refused("model", "--clips", "hands", "--out", "g")
