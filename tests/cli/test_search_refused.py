"""``raysign search`` through its door: what it refuses, in one line."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.search import query
from raysign.search.searcher import Searcher
from raysign.store import read_clip, write_store

ASKS = "syn1-000003-s02"
Refused = Any  # the fixture `refused`


def hurt(clip: Clip, what: str) -> Clip:
    xyz = clip.xyz.copy()
    match what:
        case "nobody":
            xyz[:] = np.nan
        case "no hands":
            xyz[:, 33:] = np.nan
        case "one frame":
            return replace(clip, xyz=xyz[:1], confidence=None)
        case "ten minutes":
            return replace(clip, xyz=np.repeat(xyz[20:21], 16_000, axis=0), confidence=None, fps=25)
    return replace(clip, xyz=xyz)


@pytest.mark.parametrize(
    ("gallery", "says"),
    [("nosuch.gallery", "does not exist; `raysign index"), (".", "not a gallery")],
)
def test_the_gallery_is_looked_for_before_the_videos(
    gallery: str, says: str, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in refused(gallery, "nosuch.mp4")


@pytest.mark.usefixtures("dictionary")
@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("nobody", "shows nobody in any of its"),
        ("no hands", "no hand was found in any of its"),
        ("one frame", "has 1 frame, and a sign is a movement"),
        ("ten minutes", "lasts longer than 2 minutes"),
    ],
)
def test_a_query_that_cannot_ask(what: str, says: str, refused: Refused) -> None:
    write_store("bad", [hurt(read_clip("store", ASKS), what)])
    assert says in refused("g", "bad", "--clip", ASKS)


@pytest.mark.usefixtures("filmed")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("g", "one.mp4", "-k", "21"), "k must be 1–20, the gallery's signs, got 21; give 20"),
        (("g", "one.mp4", "-k", "0"), "0"),
        (("g", "one.mp4", "--scoring", "clip", "-k", "41"), "the gallery's clips, got 41"),
        (("g", "one.mp4", "--model", "other"), "was made by 'model' (weights"),
        (("g", "one.mp4", "--model", "nowhere"), "bundle 'nowhere' does not exist"),
        (("nowhere", "one.mp4"), "gallery 'nowhere' does not exist; `raysign index MODEL"),
        (("model", "one.mp4"), "'model' is not a gallery: it has no gallery.json"),
        (("g", "none.mp4"), "query 'none.mp4': no such file"),
        (("g", "https://a.org/b.mp4"), "copy the video here"),
        (("g", "store"), "Give --clip ID; `raysign data ids store` lists them"),
        (("g", "store", "--clip", "x"), "has no clip 'x'"),
        (("g", "store:train", "--clip", ASKS), f"give store --clip {ASKS}"),
        (("g", "store", "one.mp4", "--clip", ASKS), "--clip names clips of one store, got 2"),
        (("g", "one.mp4", "two.mp4", "--end", "2"), "a part of one recording, got 2 recordings"),
        (("g", "one.mp4", "--start", "2", "--end", "1"), "--end must be after --start"),
        (("g", "store", "--clip", ASKS, "--start", "99"), "nothing of clip"),
        (("g",), "VIDEO"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: tuple[str, ...], says: str, refused: Refused
) -> None:
    assert says in refused(*arguments)


@pytest.mark.usefixtures("filmed")
def test_a_gallery_that_cannot_be_trusted(refused: Refused) -> None:
    vectors = next(Path("g").glob("vectors*"))
    content = vectors.read_bytes()
    vectors.write_bytes(content[:-100])
    assert "gallery 'g'" in refused("g", "one.mp4")
    vectors.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "is not the file that it was made with" in refused("g", "one.mp4")
    vectors.write_bytes(content)
    card = Path("g/gallery.json")
    card.write_text(card.read_text().replace("store:train", "store:other"))
    assert "gallery.json was changed after it was written" in refused("g", "one.mp4")
    shutil.rmtree("g")
    Path("g").mkdir()
    assert "has no gallery.json" in refused("g", "one.mp4")


@pytest.mark.usefixtures("filmed")
def test_too_much_is_refused_before_the_video_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    def never(*given: Any, **named: Any) -> Clip:
        raise AssertionError("looked at")

    monkeypatch.setattr(query.Reader, "read", never)
    assert "k must be 1–20" in refused("g", "one.mp4", "-k", "21")


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any, **named: Any) -> None:
        raise AssertionError("started")

    monkeypatch.setattr(query.Reader, "expect", never)


@pytest.mark.usefixtures("filmed", "nothing_starts")
@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("", "--html must name a file that ends in .html, got ''"),
        ("one.mp4", "must name a file that ends in .html"),
        ("./film.html", "is the query itself"),
        ("link.html", "is the query itself"),
        ("g/answer.html", "lies inside the gallery"),
        ("same/answer.htm", "lies inside the gallery"),
        ("none/answer.html", "there is no folder 'none'"),
        ("folder.html", "is a folder"),
    ],
)
def test_a_page_that_would_stand_in_anothers_place(html: str, says: str, refused: Refused) -> None:
    Path("one.mp4").rename("film.html")
    Path("link.html").symlink_to("film.html")
    Path("same").symlink_to("g")
    Path("folder.html").mkdir()
    shutil.copy("film.html", "one.mp4")
    film = Path("film.html").read_bytes()
    before = sorted(Path().rglob("*"))
    assert says in refused("g", "film.html", "--html", html)
    assert sorted(Path().rglob("*")) == before
    assert Path("film.html").read_bytes() == Path("one.mp4").read_bytes() == film


@pytest.mark.usefixtures("filmed", "nothing_starts")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_page_in_a_folder_that_may_not_be_written(refused: Refused) -> None:
    Path("closed").mkdir(mode=0o500)
    assert "nothing can be written" in refused("g", "one.mp4", "--html", "closed/a.html")


@pytest.mark.usefixtures("filmed", "nothing_starts")
@pytest.mark.parametrize(
    "arguments",
    [
        ("one.mp4", "./one.mp4"),
        ("one.mp4", "two.mp4", "again.mp4"),
        ("store", "--clip", ASKS, "--clip", ASKS),
    ],
)
def test_a_recording_asks_once(arguments: tuple[str, ...], refused: Refused) -> None:
    Path("again.mp4").symlink_to("one.mp4")
    assert "each recording asks once" in refused("g", *arguments)


@pytest.mark.usefixtures("filmed")
def test_a_name_that_is_not_utf8(monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    def never(*given: Any, **named: Any) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(Searcher, "open", never)
    for name in ("v\udcff.mp4", "v\udcff.pose"):
        assert "its name is not UTF-8; rename the file" in refused("g", name)
