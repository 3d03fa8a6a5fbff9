"""The page serves people as they are: by keyboard, screen reader, small screen, dark, at rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

Begin = Callable[..., Any]
SMALL = (360, 740)
SLIM = 24
"""Pixels that a target has at least, each way (WCAG 2.2, 2.5.8)."""


def _ask(there: Any, fake: Any) -> None:
    there.open()


def _no_camera(there: Any, fake: Any) -> None:
    there.page.add_init_script("delete MediaDevices.prototype.getUserMedia")
    there.open().page.click(".record")
    there.page.wait_for_selector('[data-state="problem"]')


def _recording(there: Any, fake: Any) -> None:
    fake.mood(hints=["cut_off"], keeps_queries=True)
    there.open().page.click(".record")
    there.page.wait_for_selector(".hint:visible")


def _sending(there: Any, fake: Any) -> None:
    fake.mood(video_s=60)
    there.open().page.set_input_files(
        "#file input", {"name": "sign.mp4", "mimeType": "video/mp4", "buffer": b"0"}
    )
    there.page.wait_for_selector(".sending.looking")


def _refused(there: Any, fake: Any) -> None:
    fake.mood(refused="This video cannot be read.")
    there.open().upload()
    there.page.wait_for_selector("#alarm p")


def _long(there: Any, fake: Any) -> None:
    fake.mood(remarks=["long"], seconds=12)
    there.open().upload()
    there.page.wait_for_selector(".take .remarks li")


def _answer(there: Any, fake: Any) -> None:
    there.open().upload().answer()
    there.page.click("#filter summary")


def _unknown_of_two(there: Any, fake: Any) -> None:
    fake.mood(unknown=True, remarks=["few_hands"])
    there.open().upload().answer()
    there.page.go_back()
    there.upload().answer()
    there.page.click("#add summary")


def _compared(there: Any, fake: Any) -> None:
    there.open().upload().answer()
    there.page.click(".cards button >> nth=3")
    there.page.wait_for_selector("#compare[open]")


def _adding(there: Any, fake: Any) -> None:
    there.open("/#add=blue").upload()
    there.page.wait_for_selector("#add form:visible")


def _dictionary(there: Any, fake: Any) -> None:
    there.open("/dictionary").page.click(".sign summary >> nth=3")
    there.page.wait_for_selector(".films canvas")
    there.page.fill("#map input", "chair")
    there.page.wait_for_selector(".picked canvas")


def _confirming(there: Any, fake: Any) -> None:
    there.open("/dictionary").page.click(".sign summary >> nth=3")
    there.page.click(".films .link >> nth=0")


def _both(there: Any, fake: Any) -> None:
    there.open("/dictionary").page.click("#confusions button >> nth=0")
    there.page.wait_for_selector("#both canvas")


STATES = [
    _ask, _no_camera, _recording, _sending, _refused, _long, _answer, _unknown_of_two, _compared,
    _adding, _dictionary, _confirming, _both,
]  # fmt: skip


def test_an_address_that_is_none_leads_back(fake: Any, visit: Begin) -> None:
    there = visit(fake.url, still=True)
    there.page.goto(f"{fake.url}/nowhere")
    assert there.page.inner_text("h1") == "There is nothing at this address."
    assert violations(there.page) == []
    there.page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    assert there.width_left_over() == 0
    assert violations(there.page) == []
    there.page.click("main a")
    there.page.wait_for_selector("html[data-ready] #camera")


@pytest.fixture(params=STATES, ids=lambda state: state.__name__.strip("_"))
def at(request: pytest.FixtureRequest, fake: Any, visit: Begin) -> Callable[..., Any]:
    """Begin a visit, and come into a state."""

    def come(**how: Any) -> Any:
        there = visit(fake.url, **how)
        request.param(there, fake)
        return there

    return come


def violations(page: Page, **options: Any) -> list[str]:
    found = Axe().run(page, options=options or None).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def test_no_state_keeps_anybody_out(at: Callable[..., Any]) -> None:
    there = at(still=True)  # colours that change slowly would be measured half way
    assert violations(there.page) == []
    there.page.emulate_media(color_scheme="dark")
    assert violations(there.page, runOnly=["color-contrast"]) == []
    there.page.emulate_media(color_scheme="light")
    there.page.set_viewport_size({"width": SMALL[0], "height": SMALL[1]})
    assert there.width_left_over() == 0
    assert there.page.evaluate(TOO_SLIM, SLIM) == []


TOO_SLIM = """slim => {
    const open = document.querySelector("dialog[open]") ?? document;
    // Words in a line of text, and boxes that lie over a larger label, are as large as that.
    return [...open.querySelectorAll("button, a, input, select, summary")]
        .filter((target) => target.checkVisibility() && !target.closest(".skip, footer"))
        .map((target) => [target, (target.closest("label") ?? target).getBoundingClientRect()])
        .filter(([, box]) => box.width < slim || box.height < slim)
        .map(([target, box]) => `${target.outerHTML.slice(0, 90)} ${box.width}x${box.height}`);
}"""


def test_all_by_keyboard(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    page = there.page
    press = page.keyboard.press

    def tab_to(selector: str) -> None:
        for _ in range(60):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                assert page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                    " || document.activeElement.closest('label, .card') !== null"
                ), "the focus is seen"
                return
            press("Tab")
        raise AssertionError(f"no way to {selector}")

    press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    press("Enter")
    tab_to(".record")
    press("Enter")
    page.wait_for_selector('[data-state="recording"]')
    page.wait_for_timeout(700)
    press("Space")
    there.answer()
    tab_to("[data-play]")
    press("Space")
    assert page.locator("#stage > .controls [data-play]").inner_text() == "Play"
    tab_to("[data-speed]")
    press("ArrowRight")
    assert page.evaluate("document.activeElement.value") == "0.5"
    tab_to(".timeline .start")
    press("ArrowRight")
    assert page.is_visible("#find")
    tab_to("#filter summary")
    press("Enter")
    tab_to('#filter input[value="one"]')
    press("Space")
    there.until("document.querySelector('#filter-now').textContent === '1 choice'")
    there.answer()
    tab_to(".cards li:nth-child(2) button")
    press("Enter")
    page.wait_for_selector("#compare[open]")
    tab_to("#compare [data-by='1']")
    press("Enter")
    press("Escape")
    there.until("document.activeElement.matches('.cards li:nth-child(3) button')")
    page.go_back()
    page.wait_for_selector('body[data-view="ask"]')


@pytest.mark.slow
@pytest.mark.parametrize("key", ["Escape", "Enter", " "])
def test_any_of_three_keys_stops(key: str, fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.record(0.6, stop=key)
    assert there.answer()


def test_who_wants_less_motion_gets_it(fake: Any, visit: Begin) -> None:
    there = visit(fake.url, still=True).open()
    there.upload().answer()
    page = there.page
    assert page.locator("#stage > .controls [data-play]").inner_text() == "Play"
    clock = page.locator("#stage > .controls output").inner_text()
    page.wait_for_timeout(400)
    assert page.locator("#stage > .controls output").inner_text() == clock
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) == 0


def test_a_screen_reader_is_told(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    page = there.page
    heard: list[str] = []
    page.expose_function("heard", lambda words: heard.append(words))
    page.evaluate("""() => {
        for (const place of document.querySelectorAll("[role=status], [role=alert]"))
            new MutationObserver(() => place.textContent && heard(place.textContent))
                .observe(place, { childList: true, characterData: true, subtree: true });
    }""")
    there.record(0.5)
    there.answer()
    there.until("document.querySelector('#said').textContent.startsWith('Very')")
    page.wait_for_timeout(100)
    assert heard[0] == "Recording starts in 3 seconds"
    assert "Recording" in heard
    assert heard[-1] == "Very likely: black. 12 signs are shown."
    names = page.locator("main").aria_snapshot()
    assert 'button "apple: compare with your recording"' in names
    assert 'meter "How sure: black"' in names


def test_on_a_phone_signs_stand_in_two_columns(fake: Any, visit: Begin) -> None:
    there = visit(fake.url, size=SMALL).open()
    there.upload().answer()
    boxes = [card.bounding_box() for card in there.page.locator(".cards li:visible").all()]
    assert len({round(box["x"]) for box in boxes}) == 2
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[1]["y"] < SMALL[1] / 2


def test_letters_twice_as_large_still_fit(fake: Any, visit: Begin) -> None:
    there = visit(fake.url, size=(640, 400)).open()  # 1280 × 800 at 200 %
    there.upload().answer()
    assert there.width_left_over() == 0
    there.open("/dictionary")
    assert there.width_left_over() == 0
