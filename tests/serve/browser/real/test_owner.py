"""The owner's videos and changes, and the pages of a real dictionary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]
Begin = Callable[..., Any]
MISSING = "pizza"


def test_the_owners_video_in_place_of_the_skeleton(
    url: str, visit: Begin, clip: Callable[[str], Path]
) -> None:
    there = visit(url).open()
    there.upload(clip("68230"))
    there.answer()
    page = there.page
    page.check('#videos input[value="video"]', force=True)
    there.until("document.querySelector('.cards video')?.readyState >= 2")
    page.check('#videos input[value="skeleton"]', force=True)
    page.wait_for_selector(".cards video", state="detached")
    assert page.locator(".cards li:first-child canvas").is_visible()


def test_a_video_that_no_browser_plays_stays_a_skeleton(url: str, visit: Begin) -> None:
    there = visit(url).open("/dictionary")
    page = there.page
    page.fill("#signs input", "black")
    there.until("document.querySelectorAll('.sign').length === 1")
    page.click(".sign summary")
    unplayable = page.locator(".films li:has-text('06472')")
    playable = page.locator(".films li:has-text('06486')")
    for film in (unplayable, playable):
        film.scroll_into_view_if_needed()
    unplayable.locator("canvas").wait_for()
    page.wait_for_selector(".player .unplayed:visible")
    playable.locator("video").wait_for()
    assert not playable.locator("canvas").is_visible()


def test_the_owner_adds_and_removes(url: str, visit: Begin, clip: Callable[[str], Path]) -> None:
    there = visit(url).open("/dictionary")
    page = there.page
    before = page.inner_text("#numbers")
    page.click("#new")
    page.wait_for_selector("html[data-ready] #camera")
    there.upload(clip("42962"))
    page.fill("#add [name='sign']", MISSING)
    page.fill("#add [name='signer']", "somebody")
    page.click("#add button")
    page.wait_for_selector("#news:has-text('Added an exemplar of pizza')")
    there.open().upload(clip("42962"))
    assert there.answer()[0] == MISSING
    there.open("/dictionary")
    assert page.inner_text("#numbers") != before
    page.fill("#signs input", MISSING)
    there.until("document.querySelectorAll('.sign').length === 1")
    page.click(".sign summary")
    page.click(".films .link")
    page.click("#remove [value='yes']")
    page.wait_for_selector("#news:has-text('was removed')")
    there.until("document.querySelectorAll('.sign').length === 0")
    there.open("/dictionary")
    assert page.inner_text("#numbers") == before


def test_no_page_of_it_keeps_anybody_out(url: str, visit: Begin) -> None:
    from axe_playwright_python.sync_playwright import Axe

    there = visit(url, still=True)
    for path in ("/", "/dictionary", "/api/docs"):
        if path == "/api/docs":
            there.page.goto(url + path)
        else:
            there.open(path)
        for scheme in ("light", "dark"):
            there.page.emulate_media(color_scheme=scheme)
            found = Axe().run(there.page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
        there.page.set_viewport_size({"width": 360, "height": 740})
        assert there.width_left_over() == 0, path
        there.page.set_viewport_size({"width": 1280, "height": 800})
