"""The page of an answer: whole in itself, harmless whatever clips are called, and readable."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from raysign.bundle import load_bundle
from raysign.cli.search import search as door
from raysign.clip import Clip
from raysign.config import GalleryConfig
from raysign.draw import player
from raysign.errors import DataError
from raysign.gallery import Gallery
from raysign.search.alignment import signing
from raysign.search.answer import Answer, FoundSign, Remark, percent
from raysign.search.index import index_clips
from raysign.search.page import name_of, render, verdict, write_page
from raysign.skeleton import HOLISTIC75
from raysign.store import iter_clips

EVIL = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
pytestmark = pytest.mark.usefixtures("desk")


def quiet(line: str) -> None:
    pass


def made(folder: str = "g", **config: object) -> Gallery:
    settings = GalleryConfig.model_validate(config)
    return index_clips(
        load_bundle("model"), "model", ["store:train"], folder, settings, say=quiet
    ).gallery


def asked(count: int = 1) -> list[Clip]:
    return [clip for clip in iter_clips("store", ["val"])][:count]


def answer_of(
    gallery: Gallery, confidences: Sequence[float | None] = (0.72, 0.2, 0.004), **known: Any
) -> Answer:
    signs = []
    for row, confidence in enumerate(confidences):
        (best,) = gallery.exemplars.at(np.array([row]))
        signs.append(FoundSign(best.sign, 0.9, confidence, 2, best, row, 0.9 - row / 10))
    plain = Answer(
        signs=tuple(signs),
        none_of_these=0.08,
        unknown=False,
        remarks=(),
        stages_ms={"landmarks": 120.0, "search": 0.4},
        takes=1,
    )
    return replace(plain, **known)


class Parsed(HTMLParser):
    """What a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        kind = dict(attrs).get("type", "")
        self._open = f"{tag} {kind}".strip()
        self.inside.setdefault(self._open, []).append("")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> Any:
        (text,) = self.inside["script application/json"]
        return json.loads(text)


def test_each_canvas_shows_its_own_clip_and_follows_the_query() -> None:
    gallery, (query,) = made(), asked()
    page = Parsed(render(answer_of(gallery), [query], gallery))
    films, warps = page.data["films"], page.data["warps"]
    assert [c["data-film"] for c in page.all("canvas")] == ["0", "1", "2", "3"]
    assert len(films) == len(warps) == 4
    takes = [signing(query)]
    for row in range(3):
        clip = gallery.clip(row)
        assert clip is not None
        takes.append(signing(clip))
    for number, (film, clip) in enumerate(zip(films, takes, strict=True)):
        own = player.Film.of(clip.xyz, HOLISTIC75, aspect=clip.aspect, fps=clip.fps or 0)
        assert film["frames"] == len(clip.xyz)
        if number and film["places"] != own.places:
            assert "mirrored" in page.inside["summary"][number - 1]
        else:
            assert film["places"] == own.places
    assert warps[0] is None
    for warp, clip in zip(warps[1:], takes[1:], strict=True):
        assert len(warp) == len(takes[0].xyz)
        assert warp == sorted(warp)
        assert 0 <= warp[0] <= warp[-1] <= len(clip.xyz) - 1
    assert page.inside["h3"] == [gallery.exemplars.at(np.array([r]))[0].sign for r in range(3)]


def test_it_asks_nothing_of_anybody() -> None:
    gallery = made()
    text = render(answer_of(gallery), asked(), gallery)
    page = Parsed(text)
    for tag, attributes in page.tags:
        assert not {"src", "href", "style", "srcset", "action", "data"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")], tag
    assert {"link", "img", "iframe", "object", "form", "base"}.isdisjoint(dict(page.tags))
    assert not re.search(r"https?:|url\(|@import", text)
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv")]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert set(rules) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    for kind, rule in (("script", "script-src"), ("style", "style-src")):
        (content,) = page.inside[kind]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_what_is_called_like_a_script_is_harmless() -> None:
    gallery, (query,) = made(), asked()
    answer = answer_of(gallery, remarks=(Remark("x", EVIL, "hint"),))
    first = answer.signs[0]
    best = replace(first.best, clip_id=EVIL, sign=EVIL, signer=EVIL, source=EVIL, language=EVIL)
    answer = replace(
        answer,
        signs=(replace(first, sign=EVIL, best=best), *answer.signs[1:]),
        stages_ms={EVIL: 1.0},
    )
    card = gallery.card.model_copy(
        update={
            "sources": (EVIL,),
            "model": gallery.card.model.model_copy(update={"name": EVIL}),
        }
    )
    gallery.card, gallery.folder = card, Path(EVIL)
    text = render(answer, [replace(query, clip_id=EVIL)], gallery, licence=EVIL)
    page = Parsed(text)
    assert not page.all("img")
    assert len(page.all("script")) == 2
    assert page.inside["h3"][0] == EVIL
    assert EVIL in (page.inside["h1"][0], page.inside["h1"][0].removeprefix("Likely: "))
    assert "49" not in page.inside["h1"][0], "a label is no template"
    assert "<" not in page.inside["script application/json"][0]
    assert "<img" not in text
    assert any(EVIL in str(canvas["aria-label"]) for canvas in page.all("canvas"))


def test_json_in_the_page_cannot_end_its_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the clips' labels is in it today; if it were, it would still be data."""
    gallery = made()
    real = player.Film.as_json
    monkeypatch.setattr(player.Film, "as_json", lambda film: {**real(film), "name": EVIL})
    page = Parsed(render(answer_of(gallery), asked(), gallery))
    assert page.data["films"][0]["name"] == EVIL
    assert not page.all("img")
    assert len(page.all("script")) == 2


def test_how_sure_in_words() -> None:
    gallery = made()
    sure = answer_of(gallery)
    assert verdict(sure) == f"Likely: {sure.signs[0].sign}"
    text = render(sure, asked(), gallery)
    for words in ("likely, 72 %", "unlikely, 20 %", "very unlikely, under 1 %"):
        assert f"<span>{words}</span>" in text
    assert "none of the 20 signs here: 8 %." in text
    unknown = render(replace(sure, unknown=True, none_of_these=0.93), asked(), gallery)
    assert Parsed(unknown).inside["h1"] == ["Probably not in this dictionary"]
    assert "93 %. The nearest are shown all the same." in unknown
    unlikely = replace(sure, unknown=True, none_of_these=0.06)
    assert verdict(unlikely) == "May not be in this dictionary"
    plain = answer_of(gallery, (None, None), none_of_these=None)
    assert verdict(plain) == f"Nearest: {plain.signs[0].sign}"
    text = render(plain, asked(), gallery)
    assert "was never measured for this dictionary" in text
    assert "nearness 0.80 of 1" in text
    assert verdict(replace(plain, signs=())) == "No sign was found"
    assert Parsed(render(replace(plain, signs=()), asked(), gallery)).all("h3") == []


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "under 1 %"),
        (0.0099, "under 1 %"),
        (0.5, "50 %"),
        (0.991, "over 99 %"),
        (1, "over 99 %"),
    ],
)
def test_per_cent(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_several_takes_stand_in_step_with_the_first() -> None:
    gallery, takes = made(), asked(2)
    answer = answer_of(gallery, takes=2, remarks=(Remark("far", "Come nearer.", "hint", 2),))
    text = render(answer, takes, gallery)
    page = Parsed(text)
    assert page.inside["h2"][0] == "Your 2 recordings"
    assert "Take 2: Come nearer." in text
    assert len(page.data["films"]) == 2 + 3
    lengths = [len(signing(take).xyz) for take in takes]
    assert [film["frames"] for film in page.data["films"][:2]] == lengths
    assert len(page.data["warps"][1]) == lengths[0]
    assert [c["data-film"] for c in page.all("canvas")] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/mia/stores/wlasl100:train", "wlasl100:train"),
        ("/home/mia/stores/wlasl100/:train", "wlasl100:train"),
        ("../mia/stores/wlasl100/", "wlasl100"),
        ("s3://mia/wlasl100:val", "wlasl100:val"),
        ("models:/mia/3", "models:/mia/3"),
        ("synthetic:train", "synthetic:train"),
        ("", ""),
    ],
)
def test_names_without_their_folders(path: str, name: str) -> None:
    assert name_of(path) == name


def test_nothing_of_its_owners_folders_is_on_the_page(tmp_path: Path) -> None:
    home = tmp_path / "home-of-mia"
    home.mkdir()
    gallery, answer = made(str(home / "asl")), None
    model = gallery.card.model.model_copy(update={"name": str(home / "best")})
    sources = (f"{home}/wlasl:train",)
    gallery.card = gallery.card.model_copy(update={"sources": sources, "model": model})
    answer = answer_of(gallery)
    signs = [replace(f, best=replace(f.best, source=sources[0])) for f in answer.signs]
    text = render(replace(answer, signs=tuple(signs)), asked(), gallery)
    assert "home-of-mia" not in text
    for words in ("<dd>asl: ", "<dd>wlasl:train</dd>", "<dd>best, weights"):
        assert words in text


def test_how_long_it_is_and_how_much_of_it_is_shown() -> None:
    gallery, (query,) = made(), asked()
    rest = np.full((50, *query.xyz.shape[1:]), np.nan, dtype=query.xyz.dtype)
    rest[:, :33] = query.xyz[0, :33]
    resting = replace(query, xyz=np.concatenate([rest, query.xyz]), confidence=None, fps=25.0)
    shown, whole = (len(clip.xyz) / 25 for clip in (signing(resting), resting))
    assert shown + 1 < whole
    page = Parsed(render(answer_of(gallery), [resting], gallery))
    caption = f"{query.clip_id}, {shown:.1f} s of signing, of {whole:.1f} s"
    assert page.inside["figcaption"] == [caption]
    all_of_it = signing(resting)
    page = Parsed(render(answer_of(gallery), [all_of_it], gallery))
    assert page.inside["figcaption"] == [f"{query.clip_id}, {shown:.1f} s"]


def test_what_to_bear_in_mind_of_this_answer() -> None:
    gallery = made()
    page = Parsed(render(answer_of(gallery, notes=("several are surer",)), asked(), gallery))
    assert "Several are surer." in page.inside["p"]


def test_a_gallery_without_landmarks_has_words_alone() -> None:
    gallery = made(landmarks=False)
    page = Parsed(render(answer_of(gallery), asked(), gallery))
    assert [c["data-film"] for c in page.all("canvas")] == ["0"]
    assert len(page.inside["h3"]) == 3
    assert sum("keeps no landmarks" in text for text in page.inside["p"]) == 3


def test_every_picture_and_control_has_a_name() -> None:
    gallery = made()
    page = Parsed(render(answer_of(gallery), asked(), gallery))
    assert all(c["role"] == "img" and c["aria-label"] for c in page.all("canvas"))
    assert all(svg.get("aria-hidden") == "true" for svg in page.all("svg"))
    assert page.inside["legend"] == ["Speed", "Tempo"]
    (slider,) = [field for field in page.all("input") if field["type"] == "range"]
    assert slider["aria-label"] == "Time"
    assert page.all("html") == [{"lang": "en"}]
    headings = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    for section in page.all("section"):
        if "aria-labelledby" in section:
            assert section["aria-labelledby"] in [h.get("id") for h in page.all("h2")]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    gallery = made()
    answer = answer_of(gallery)
    write_page(tmp_path / "a.html", answer, asked(), gallery)
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    with pytest.raises(DataError, match="cannot write"):
        write_page(tmp_path / "none" / "a.html", answer, asked(), gallery)
    nothing = replace(asked()[0], xyz=np.zeros((0, 75, 3)), confidence=None)
    for clips in ([], [nothing]):
        with pytest.raises(DataError, match="a page needs the recordings that asked"):
            write_page(tmp_path / "b.html", answer, clips, gallery)
    assert [path.name for path in tmp_path.glob("*.html*")] == ["a.html"]


@pytest.mark.slow
def test_its_own_policy_lets_it_run(tmp_path: Path, browse: Callable[..., Any]) -> None:
    gallery = made()
    path = tmp_path / "a.html"
    write_page(path, answer_of(gallery), asked(), gallery)
    done = browse(path, "--force-prefers-reduced-motion")
    assert "CONSOLE" not in done.stderr, "a browser complains of what it may not do"
    assert re.search(r"<output[^>]*>\d\.\d / \d\.\d s</output>", done.stdout)


def test_through_the_door() -> None:
    made()
    (query,) = asked()
    arguments = ["g", "store:val", "--clip", query.clip_id, "--html", "a.html"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("the page: a.html\n")
    found = re.findall(r"^\d+ +(\S+)", done.stdout, re.M)
    assert Parsed(Path("a.html").read_text()).inside["h3"] == found
    quiet_one = CliRunner().invoke(door, [*arguments, "--json"])
    assert [sign["sign"] for sign in json.loads(quiet_one.stdout)["signs"]] == found
