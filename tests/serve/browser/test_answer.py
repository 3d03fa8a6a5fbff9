"""The answer, and what a person can do with it, on a made-up dictionary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Begin = Callable[..., Any]


def text(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text()


def test_a_video_becomes_an_answer(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.upload()
    assert there.answer() == ["black", "apple", "before", "bird", "candy", "chair"]
    page = there.page
    assert text(page, "#verdict") == "Very likely: black"
    assert page.evaluate("document.activeElement.id") == "verdict"
    assert "black" in page.title()
    assert text(page, "#none-words") == "none of these 36 signs: 4 %"
    first = page.locator(".cards li").first
    assert first.locator(".sure span").inner_text() == "very likely, 92 %"
    meter = first.get_by_role("meter")
    assert (meter.get_attribute("aria-valuenow"), meter.get_attribute("aria-valuetext")) == (
        "92",
        "very likely, 92 %",
    )
    told = fake.told()
    assert [search["takes"][0]["start_s"] for search in told["searches"]] == [None]
    assert len(told["sessions"]) == 1
    assert len(told["sessions"][0]) == 32


@pytest.mark.parametrize("size", [(1280, 800), (360, 800)])
@pytest.mark.parametrize(
    "mood",
    [
        {},
        {"videos": True, "remarks": ["few_hands"], "notes": ["a long note " * 20] * 4},
        {"unknown": True, "remarks": ["few_hands", "long"]},
        {"calibrated": False, "synthetic": True},
    ],
    ids=["usual", "remarks", "unknown", "uncalibrated"],
)
def test_six_signs_stand_above_the_fold(
    fake: Any, visit: Begin, size: tuple[int, int], mood: dict[str, Any]
) -> None:
    fake.mood(**mood)
    there = visit(fake.url, size=size).open()
    there.upload()
    if "long" in mood.get("remarks", ()):
        there.page.click("#find")
    there.answer()
    boxes = [card.bounding_box() for card in there.page.locator(".cards li:visible").all()]
    assert len(boxes) == 6
    # On a phone the controls lie over the page's end.
    controls = there.page.locator("#stage > .controls").bounding_box()
    end = controls["y"] if controls["y"] > boxes[0]["y"] else size[1]
    assert max(box["y"] + box["height"] for box in boxes) <= end


def test_remarks_are_folded_and_counted(fake: Any, visit: Begin) -> None:
    fake.mood(notes=["one note", "another note"])
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    assert text(page, "#notes summary") == "2 remarks"
    assert not page.is_visible("#notes li")
    page.click("#notes summary")
    assert page.locator("#notes li").all_inner_texts() == ["One note", "Another note"]
    fake.mood(remarks=["few_hands"])
    there.open().upload().answer()
    assert text(page, "#notes summary") == "Doubtful: 1 remark"
    fake.mood()
    there.open().upload().answer()
    assert not page.is_visible("#notes")


def test_a_made_up_dictionary_says_so(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    assert not there.page.is_visible("#made-up")
    fake.mood(synthetic=True)
    there.open()
    assert "This dictionary is made up" in text(there.page, "#made-up")
    assert "raysign index" in text(there.page, "#made-up")
    assert text(there.page, "#searched") == "36 made-up signs, for a first look"


@pytest.mark.parametrize("how", ["a file", "the camera"])
def test_the_times_of_the_stages_add_up(fake: Any, visit: Begin, how: str) -> None:
    fake.mood(search_s=0.3, picture_s=0.05)
    there = visit(fake.url).open()
    if how == "a file":
        there.upload()
    else:
        there.record(0.6)
    there.answer()
    rows = there.page.locator("#times tbody tr").all_inner_texts()
    ms = [int(row.split("\t")[1].split()[0].replace(",", "")) for row in rows]
    assert all(part >= 0 for part in ms)
    assert sum(ms[:-1]) == ms[-1] == int(there.page.get_attribute("#times", "data-ms") or 0)


def test_more_signs_on_demand(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.click("#more")
    assert len(there.signs()) == 12
    assert len(fake.told()["searches"]) == 1
    page.click("#more")
    there.until("document.querySelectorAll('.cards li:not([hidden])').length === 18")
    assert fake.told()["searches"][-1]["count"] == 24
    assert page.evaluate("document.activeElement.textContent") == there.signs()[12]


def test_none_of_these(fake: Any, visit: Begin) -> None:
    fake.mood(unknown=True)
    there = visit(fake.url).open()
    there.upload().answer()
    assert text(there.page, "#verdict") == "Probably not in this dictionary"
    assert "none of these 36 signs: 83 %" in text(there.page, "#none-words")
    assert len(there.signs()) == 6


def test_an_uncalibrated_dictionary_speaks_of_nearness(fake: Any, visit: Begin) -> None:
    fake.mood(calibrated=False, films=False)
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    assert text(page, "#verdict") == "Nearest: black"
    assert text(page, ".cards li:first-child .sure span") == "nearness 0.95 of 1"
    assert page.locator(".cards .nothing:visible").count() == 6
    page.click(".cards button >> nth=0")
    assert text(page, "#compare h2") == "Your recording beside black"


def test_the_time_is_told_by_stage(fake: Any, visit: Begin) -> None:
    fake.mood(search_s=0.4)
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    rows = page.locator("#times tbody tr").all_inner_texts()
    names = [row.split("\t")[0] for row in rows]
    assert names[0].startswith("finding hands")
    assert names[-3:] == ["the ways there and back", "drawing the page", "together"]
    assert 400 < int(page.get_attribute("#times", "data-ms") or 0) < 30_000
    assert text(page, "#took").endswith("from the sent video to the answer")
    page.click("#more")
    page.click("#more")
    there.until("document.querySelectorAll('.cards li:not([hidden])').length === 18")
    there.until("document.querySelector('#took').textContent.includes('question')")


def test_two_recordings_ask_together(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.go_back()
    page.wait_for_selector('body[data-view="ask"]')
    assert text(page, "#ask-title") == "Show the same sign once more"
    there.upload().answer()
    told = fake.told()
    assert [len(search["takes"]) for search in told["searches"]] == [1, 2]
    assert page.locator(".take").count() == 2
    page.click(".remove >> nth=0")
    there.until("document.querySelectorAll('.take').length === 1")
    there.answer()
    there.until("!document.body.classList.contains('asking')")
    told = fake.told()
    assert [len(search["takes"]) for search in told["searches"]] == [1, 2, 1]
    assert told["takes"] == [told["searches"][-1]["takes"][0]["id"]], "the other is forgotten"
    page.click(".remove")
    page.wait_for_selector('body[data-view="ask"]')
    assert not page.is_visible("#takes")


def test_a_filter_asks_again(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.click("#filter summary")
    page.check('#filter input[value="two"]', force=True)
    there.until("!document.querySelector('#found-title').textContent.includes('36')")
    two_handed = text(page, "#found-title")
    page.check('#filter input[value="y"]', force=True)
    there.until(f"document.querySelector('#found-title').textContent !== '{two_handed}'")
    asked = fake.told()["searches"][-1]["filter"]
    assert asked == {"handshape": ["y"], "location": [], "hands": ["two"]}
    assert text(page, "#filter-now") == "2 choices"
    page.click("#filter .link")
    there.until("document.querySelector('#found-title').textContent.includes('36')")


def test_a_match_stands_beside_the_recording(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.click(".cards button >> nth=1")
    page.wait_for_selector("#compare[open]")
    assert text(page, "#compare h2") == "Your recording beside apple"
    assert page.locator("#compare .tie").count() == 13
    if text(page, "#compare [data-play]") == "Pause":
        page.click("#compare [data-play]")
    page.locator("#compare [data-time]").fill("1000")
    now = page.locator("#compare .now")
    ends = [float(now.get_attribute(name) or -1) for name in ("x1", "x2")]
    # The made-up warp runs behind or ahead of the recording.
    assert ends[0] == pytest.approx(100 * 25 / 54, abs=3)
    assert abs(ends[1] - ends[0]) > 1
    page.click("#compare [data-by='1']")
    assert text(page, "#compare h2") == "Your recording beside before"
    page.keyboard.press("Escape")
    page.wait_for_selector("#compare", state="hidden")
    # The browser tells of the end after it is hidden.
    there.until("document.activeElement.textContent === 'before'")


def test_consent_is_asked_only_where_queries_are_kept(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    assert not there.page.is_visible("#consent")
    there.upload().answer()
    fake.mood(keeps_queries=True)
    there.open().upload().answer()
    assert fake.told()["searches"][-1]["keep"] is False
    there.open()
    there.page.check("#consent input")
    there.upload().answer()
    assert fake.told()["searches"][-1]["keep"] is True
    there.page.click("#notes summary")
    assert "were kept" in text(there.page, "#notes")


def test_a_token_goes_from_the_address_into_each_request(fake: Any, visit: Begin) -> None:
    there = visit(fake.url)
    seen: list[str | None] = []
    there.page.on(
        "request",
        lambda request: (
            "/api/" in request.url and seen.append(request.headers.get("authorization"))
        ),
    )
    there.open("/#token=s3cret-s3cret-s3cret")
    assert "s3cret" not in there.page.url
    there.upload().answer()
    there.page.click("text=Dictionary >> nth=0")
    there.page.wait_for_selector("html[data-ready] #signs")
    assert set(seen) == {"Bearer s3cret-s3cret-s3cret"}
