"""Recording with a camera: what is sent, what is drawn, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Begin = Callable[..., Any]


def test_pictures_are_sent_in_order_and_their_points_drawn(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    page = there.page
    page.click(".record")
    page.wait_for_selector('[data-state="counting"]')
    assert page.inner_text(".count") == "3"
    page.wait_for_selector('[data-state="recording"]')
    there.until(INKED)
    assert "mirror" in (page.get_attribute("#camera .picture", "class") or "")
    page.wait_for_timeout(1500)
    page.click(".record")
    there.answer()
    told = fake.told()
    (times,) = told["pictures"].values()
    assert min(times) == 0
    assert (np.diff(times) < 0).mean() < 0.1, "requests seldom overtake each other,"
    assert sorted(told["requests"]) == list(range(len(told["requests"]))), "and say it if they do"
    assert np.diff(sorted(times)).min() >= 15
    assert len(times) > 10, "a busy machine still takes pictures"
    assert {max(size) for size in told["sizes"]} == {640}
    assert page.evaluate("document.querySelector('#camera video').srcObject") is None, "it is off"


INKED = """(() => {
    const canvas = document.querySelector("canvas.live");
    const { width, height } = canvas;
    if (!width || !height) return false;
    // Of a copy: a browser complains of a canvas that is read again and again.
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    return data.some((value) => value > 0);
})()"""


def test_a_slow_server_gets_fewer_pictures(fake: Any, visit: Begin) -> None:
    """Less than it looks at in a second is left when the recording ends."""
    fake.mood(picture_s=0.12)
    there = visit(fake.url).open()
    there.record(3)
    there.answer()
    told = fake.told()
    (times,) = told["pictures"].values()
    assert len(times) < 0.9 * 25 * times[-1] / 1000
    assert int(there.page.get_attribute("#times", "data-ms") or 0) < 5_000


@pytest.mark.parametrize(
    ("kind", "words"),
    [("no_hands", "No hand is in the picture"), ("something_new", "(something_new)")],
)
def test_hints_are_large(kind: str, words: str, fake: Any, visit: Begin) -> None:
    fake.mood(hints=[kind])
    there = visit(fake.url).open()
    page = there.page
    page.click(".record")
    page.wait_for_selector(".hint:visible")
    assert page.inner_text(".hint") == words
    size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.hint')).fontSize)")
    assert size >= 24
    page.click(".record")
    page.wait_for_selector(".hint", state="hidden")


@pytest.mark.slow
def test_it_ends_by_itself(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.record(0, stop="itself")
    there.answer()
    (times,) = fake.told()["pictures"].values()
    assert 5_000 < times[-1] <= 6_000


def test_the_count_down_can_be_called_off(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    page = there.page
    for call_off in (lambda: page.click(".record"), lambda: page.keyboard.press("Escape")):
        page.click(".record")
        page.wait_for_selector('[data-state="counting"]')
        call_off()
        page.wait_for_selector('[data-state="off"]')
    there.until("document.querySelector('#camera video').srcObject === null")
    there.until("true")
    assert fake.told()["pictures"] == {}, "what was begun is called off"
    assert page.inner_text(".record") == "Record"


@pytest.mark.slow
def test_again_and_both_ask(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.record(0.5)
    there.answer()
    there.page.click("#again")
    there.page.wait_for_selector('[data-state="recording"]')
    there.page.keyboard.press("Escape")
    there.answer()
    assert [len(search["takes"]) for search in fake.told()["searches"]] == [1, 2]
    assert there.page.inner_text("#takes-title") == "Your 2 recordings"


@pytest.mark.slow
def test_a_recording_that_breaks_off_says_so(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    page = there.page
    page.route("**/frames", lambda route: route.fulfill(status=500, body="<html>proxy</html>"))
    page.click(".record")
    page.wait_for_selector('[data-state="problem"]')
    assert "went wrong on the server" in page.inner_text("#camera .keys")
    page.unroute("**/frames")
    there.record(0.5)
    assert there.answer()


PACE = """async () => {
    const { Pace } = await import("/web/js/pace.js");
    const run = (server_fps, seconds) => {
        const [pace, waiting] = [new Pace(), []];
        let [taken, busy] = [[], 0];
        for (let now = 0; now < 1000 * seconds; now += 1000 / 60) {
            while (waiting.length && Math.max(busy, waiting[0]) + 1000 / server_fps <= now) {
                busy = Math.max(busy, waiting.shift()) + 1000 / server_fps;
                pace.looked(1, now);
            }
            if (pace.due(now)) { pace.took(now); taken.push(now); waiting.push(now); }
        }
        return { taken, left_s: waiting.length / server_fps };
    };
    return [100, 22, 14, 6].map((fps) => run(fps, 4));
}"""


def test_the_pace_follows_the_server(fake: Any, visit: Begin) -> None:
    quick, usual, slow, slowest = visit(fake.url).open().page.evaluate(PACE)
    assert 95 <= len(quick["taken"]) <= 105, "never more than 25 a second"
    assert quick["left_s"] < 0.05
    for run, fps in ((usual, 22), (slow, 14)):
        assert run["left_s"] <= 0.5
        assert 4 * fps * 0.9 <= len(run["taken"]) <= 4 * fps + 10
    assert 4 * 12 <= len(slowest["taken"]) <= 4 * 12 + 10, "fewer would lose quick movements"
    for run in (quick, usual, slow, slowest):
        assert np.diff(run["taken"]).max() < 110
