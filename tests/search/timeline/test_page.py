"""The page of sentences: whole in itself, harmless whatever is called how, and for everybody."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from raysign.draw.page import policy_hash
from raysign.errors import DataError
from raysign.search.timeline.page import render, write_page
from raysign.search.timeline.scene import Curve, Mark, Scene
from raysign.sentences import SignedSentence

EVIL = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}"
PATIENCE_MS = 60_000
SLIM = 24
"""Pixels that a target has at least, each way (WCAG 2.2, 2.5.8)."""


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
        self._open = f"{tag} {dict(attrs).get('type', '')}".strip()
        self.inside.setdefault(self._open, []).append("")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def scene(sentence: SignedSentence, label: str = "“rain”") -> Scene:
    frames = len(sentence.clip.xyz)
    track = np.exp(-(((np.arange(frames) - 30) / 6.0) ** 2))
    marks = [Mark("word", label, 25, 36, "likely, 72 %"), Mark("example", "the example", 50, 60)]
    spans = zip(sentence.glosses, sentence.spans or (), strict=True)
    marks += [Mark("true", gloss, *span) for gloss, span in spans]
    return Scene(
        sentence.clip,
        f"Sentence {sentence.clip.clip_id}",
        "likely, 72 %",
        (Curve(f"{label}, as high as it is sure", "word", track), Curve("near", "example", -track)),
        tuple(marks),
        (("signed", " ".join(sentence.glosses)),),
    )


def test_each_mark_stands_where_it_is(flowing: list[SignedSentence]) -> None:
    sentence = flowing[3]
    frames = len(sentence.clip.xyz)
    page = Parsed(render("Where?", ["so"], [scene(sentence)]))
    marks = {str(svg["class"]): svg for svg in page.all("svg") if "x" in svg}
    assert float(str(marks["mark word"]["x"])[:-1]) == pytest.approx(2500 / frames, abs=0.01)
    assert float(str(marks["mark word"]["width"])[:-1]) == pytest.approx(1100 / frames, abs=0.01)
    assert sum("mark true" in str(svg["class"]) for svg in page.all("svg")) == len(sentence.glosses)
    buttons = [button for button in page.all("button") if "data-from" in button]
    assert (buttons[0]["data-from"], buttons[0]["data-to"]) == ("0.8", "1.64")
    (slider,) = [field for field in page.all("input") if field["type"] == "range"]
    assert (slider["step"], slider["aria-label"]) == ("40", "Time in Sentence s3")
    (data,) = page.inside["script application/json"]
    assert json.loads(data)["at"] == [pytest.approx(30 / 25, abs=0.05)]
    assert json.loads(data)["films"][0]["frames"] == frames


def test_words_have_looks_rows_and_names_of_their_own(flowing: list[SignedSentence]) -> None:
    one = scene(flowing[3])
    word, *others = one.marks
    two = replace(one, marks=(word, replace(word, label="“sun”", shade=1), *others))
    text = render("Where?", [], [two])
    marks = [svg for svg in Parsed(text).all("svg") if "mark word" in str(svg.get("class"))]
    assert [svg["class"] for svg in marks] == ["mark word", "mark word w1"]
    assert len({svg["y"] for svg in marks}) == 2
    key = text[text.index('<p class="soft key">') :]
    assert '<i class="word"></i>“rain”' in key
    assert '<i class="word w1"></i>“sun”' in key
    (known, *_) = re.findall(r"<summary>(.*) that the store knows", text)
    count = len(flowing[3].glosses)
    assert known == f"{count} sign{'' if count == 1 else 's'}"


def test_it_asks_nothing_of_anybody(flowing: list[SignedSentence]) -> None:
    for scenes in ([scene(one) for one in flowing[:3]], []):
        text = render("Where?", [], scenes)
        page = Parsed(text)
        for tag, attributes in page.tags:
            assert not {"src", "href", "style", "srcset", "action", "data"} & attributes.keys(), tag
            assert not [name for name in attributes if name.startswith("on")], tag
        assert {"link", "img", "iframe", "object", "form", "base"}.isdisjoint(dict(page.tags))
        assert not re.search(r"https?:|url\(|@import", text)
        (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv")]
        rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        for kind, rule in (("script", "script-src"), ("style", "style-src")):
            (content,) = page.inside[kind]
            assert rules[rule] == f"'{policy_hash(content)}'"


def test_what_is_called_like_a_script_is_harmless(flowing: list[SignedSentence]) -> None:
    sentence = replace(flowing[0], clip=replace(flowing[0].clip, clip_id=EVIL))
    text = render(EVIL, [EVIL], [replace(scene(sentence, EVIL), facts=((EVIL, EVIL),))])
    page = Parsed(text)
    assert "<img" not in text
    assert len(page.all("script")) == 2
    assert page.inside["h1"] == [EVIL]


def test_a_curve_keeps_its_peaks() -> None:
    values = np.zeros(1000)
    values[537] = 1.0
    assert Curve("c", "word", values).share(40).max() == 1
    assert len(Curve("c", "word", values).share(40)) == 40
    assert Curve("c", "word", np.asarray([np.nan, 5.0, -5.0])).share(40).tolist() == [0, 1, 0]
    assert Curve("c", "word", np.zeros(3), 1.0, 1.0).share(9).tolist() == [0, 0, 0]


def test_nothing_found_and_nowhere_to_write(tmp_path: Path) -> None:
    write_page(tmp_path / "p.html", "Where?", [], [], nothing="No sign.")
    assert "No sign." in (tmp_path / "p.html").read_text()
    with pytest.raises(DataError, match="cannot write"):
        write_page(tmp_path / "none" / "p.html", "Where?", [], [])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("RAYSIGN_CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.skip("Chromium is not there; set RAYSIGN_CHROMIUM to where it is")
    with sync_playwright() as started:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = started.chromium.launch(executable_path=program, args=flags, timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(
    browser: Browser, tmp_path: Path, flowing: list[SignedSentence]
) -> Iterator[Callable[..., Page]]:
    """Open a page of three sentences; at the end it must have said nothing, and asked nobody."""
    path = tmp_path / "page.html"
    said: list[str] = []
    asked: list[str] = []
    pages: list[Page] = []
    scenes = [scene(one) for one in flowing[:3]]
    write_page(path, "Where is “rain”?", ["The likeliest first."], scenes)

    def open_it(size: tuple[int, int] = (1280, 800), *, dark: bool = False, **known: Any) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            **known,
        )
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_it
    for page in pages:
        page.context.close()
    assert said == []
    assert set(asked) <= {path.as_uri()}


def seconds(page: Page, card: int = 0) -> float:
    return float(page.locator("output[data-clock]").nth(card).inner_text().split()[0])


def test_the_playhead_goes_by_key_click_and_drag(visit: Callable[..., Page]) -> None:
    page = visit()
    slider = page.locator("input[data-time]").first
    assert seconds(page) == pytest.approx(30 / 25, abs=0.1)  # at rest, on the word
    slider.focus()
    page.keyboard.press("Home")
    assert seconds(page) == 0
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert seconds(page) == pytest.approx(0.4)
    box = slider.bounding_box()
    assert box is not None
    length = float(page.locator("output[data-clock]").first.inner_text().split()[2])
    at = (box["x"] + 0.75 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.click(*at)
    assert seconds(page) == pytest.approx(0.75 * length, abs=0.1)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], at[1], steps=4)
    page.mouse.up()
    assert seconds(page) == pytest.approx(0.25 * length, abs=0.1)


def test_a_mark_plays_its_piece_and_stops(visit: Callable[..., Page]) -> None:
    page = visit()
    mark = page.locator("button[data-from]").first
    end = float(str(mark.get_attribute("data-to")))
    mark.click()
    play = page.locator("[data-play]")
    for _ in range(600):
        if play.first.inner_text() == "Play" and seconds(page) == pytest.approx(end, abs=0.06):
            break
        page.wait_for_timeout(100)
    assert seconds(page) == pytest.approx(end, abs=0.06)
    play.first.click()
    play.nth(1).click()
    assert [button.inner_text() for button in play.all()] == ["Play", "Pause", "Play"]
    mark.click()
    assert [button.inner_text() for button in play.all()] == ["Pause", "Play", "Play"]


def test_where_labels_are_too_long_the_words_stand_below(visit: Callable[..., Page]) -> None:
    page = visit((360, 740))
    cut = page.locator(".mark.true text.cut")
    page.wait_for_function("document.querySelectorAll('.mark.true .cut').length > 0")
    assert cut.first.is_hidden()
    card = page.locator("[data-scene]").filter(has=cut).first
    below = card.locator("details button")
    assert below.count() == card.locator(".mark.true").count() > 0
    assert below.first.is_visible()
    seen = "text => text.getComputedTextLength() <= text.parentNode.getBoundingClientRect().width"
    for label in card.locator(".mark text:not(.cut)").all():
        assert label.evaluate(seen)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (360, 740)], ids=["large", "small"])
def test_for_everybody(visit: Callable[..., Page], size: tuple[int, int], dark: bool) -> None:
    page = visit(size, dark=dark, bypass_csp=True, reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert over == 0
    targets = page.locator("button:visible, summary:visible, input[type=range]:visible").all()
    boxes = [target.bounding_box() for target in targets]
    assert all(box and min(box["width"], box["height"]) >= SLIM for box in boxes)
    assert page.locator("[data-play]").first.inner_text() == "Play"
