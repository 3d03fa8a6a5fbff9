"""The owner's videos in place of skeletons, where the browser plays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Begin = Callable[..., Any]


def text(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text()


def test_videos_that_the_browser_cannot_play_stay_skeletons(fake: Any, visit: Begin) -> None:
    fake.mood(videos=True, codec="mpeg4")
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    assert not page.is_visible("#unplayed")
    page.check('#videos input[value="video"]', force=True)
    there.until("document.querySelector('#unplayed').textContent.includes('cannot play these')")
    assert page.is_visible(".cards li:first-child canvas")
    page.click(".cards button >> nth=0")
    page.wait_for_selector("#compare .unplayed:visible")
    assert page.is_visible("#compare canvas[data-film='1']")
    page.keyboard.press("Escape")
    page.check('#videos input[value="skeleton"]', force=True)
    assert not page.is_visible("#unplayed")
    there.open("/dictionary")
    page.click(".sign summary >> nth=0")
    page.wait_for_selector(".player .unplayed:visible")


def test_the_owners_video_goes_in_step_with_the_recording(fake: Any, visit: Begin) -> None:
    fake.mood(videos=True, codec="libx264")
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    page.check('#videos input[value="video"]', force=True)
    page.click(".cards button >> nth=1")
    there.until("document.querySelector('#compare video')?.readyState >= 2")
    if text(page, "#compare [data-play]") == "Pause":
        page.click("#compare [data-play]")
    times = []
    for ms in (300, 1000, 1700):
        page.locator("#compare [data-time]").fill(str(ms))
        there.until("!document.querySelector('#compare video').seeking")
        page.wait_for_timeout(200)
        share = float(page.locator("#compare .now").get_attribute("x2") or -1) / 100
        now = page.evaluate("document.querySelector('#compare video').currentTime")
        frames = page.evaluate(
            "fetch('/api/v1/film?clip_id=apple-0').then((answer) => answer.json())"
            ".then(({ frames }) => frames)"
        )
        times.append((now, 0.4 + share * (frames - 1) / 25))
    assert [now for now, _ in times] == pytest.approx([due for _, due in times], abs=0.05)
    assert page.evaluate("document.querySelector('#compare video').paused")
    assert times[0][0] < times[1][0] < times[2][0]
