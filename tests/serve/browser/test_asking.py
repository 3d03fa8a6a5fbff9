"""Asking with a file or a part of it, and all that can go wrong, on a made-up dictionary."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

Begin = Callable[..., Any]
NO_CAMERA = """navigator.mediaDevices.getUserMedia = () =>
    Promise.reject(new DOMException("", "{name}"))"""


def text(page: Page, selector: str) -> str:
    return page.locator(selector).inner_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "may not use the camera"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "another program"),
    ],
)
def test_without_a_camera_there_is_the_file(name: str, words: str, fake: Any, visit: Begin) -> None:
    there = visit(fake.url)
    there.page.add_init_script(NO_CAMERA.format(name=name))
    there.open()
    there.page.click(".record")
    there.page.wait_for_selector('[data-state="problem"]')
    assert words in text(there.page, "#camera .keys")
    assert text(there.page, ".record") == "Record"
    assert there.upload().answer()


def test_all_cameras_places_taken(fake: Any, visit: Begin) -> None:
    fake.mood(busy=True)
    there = visit(fake.url).open()
    there.page.click(".record")
    there.page.wait_for_selector('[data-state="problem"]')
    assert "places for cameras are taken" in text(there.page, "#camera .keys")


def test_a_refused_video_says_why(fake: Any, visit: Begin) -> None:
    fake.mood(refused="This video cannot be read; please try another, such as an MP4.")
    there = visit(fake.url).open()
    there.upload()
    assert "cannot be read" in text(there.page, "#alarm")
    assert there.page.get_attribute("body", "data-view") == "ask"


def test_a_file_that_is_too_large_is_not_sent(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    sent: list[str] = []
    there.page.on("request", lambda request: sent.append(request.url))
    there.upload({"name": "long.mp4", "mimeType": "video/mp4", "buffer": bytes(3_000_000)})
    assert "long.mp4 has 3 MB, and 2 MB are the most" in text(there.page, "#alarm")
    assert sent == []


def test_a_file_can_be_dropped_anywhere(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["0"], "dropped.mp4", { type: "video/mp4" }));
        for (const name of ["dragenter", "dragover", "drop"])
            document.querySelector("h1").dispatchEvent(
                new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
    }""")
    there.answer()
    assert text(there.page, ".take .name") == "dropped.mp4"


def test_sending_can_be_called_off(fake: Any, visit: Begin) -> None:
    fake.mood(video_s=30)
    there = visit(fake.url).open()
    page = there.page
    page.set_input_files(
        "#file input", {"name": "sign.mp4", "mimeType": "video/mp4", "buffer": b"0"}
    )
    page.wait_for_selector("text=Looking at sign.mp4")
    page.click(".sending button")
    page.wait_for_selector(".sending", state="hidden")
    assert page.get_attribute("body", "data-view") == "ask"
    assert page.locator("#alarm p").count() == 0


def test_a_lost_recording_sends_back(fake: Any, visit: Begin) -> None:
    fake.mood(gone=True)
    there = visit(fake.url).open()
    there.upload()
    there.page.wait_for_selector("#alarm p")
    assert "please record again" in text(there.page, "#alarm")
    assert not there.page.is_visible("#takes")
    assert there.page.get_attribute("body", "data-view") == "ask"


def test_a_dead_server_is_said_to_be_one(fake: Any, visit: Begin) -> None:
    there = visit(fake.url).open()
    there.page.route("**/api/v1/search", lambda route: route.abort())
    there.upload()
    there.page.wait_for_selector("#alarm p")
    assert "does not answer" in text(there.page, "#alarm")
    there.page.unroute("**/api/v1/search")
    there.said[:] = [line for line in there.said if "ERR_FAILED" not in line]
    there.page.click("#find")
    assert there.answer()


def test_of_a_long_video_a_part_asks(fake: Any, visit: Begin) -> None:
    fake.mood(remarks=["long"], seconds=12)
    there = visit(fake.url).open()
    there.upload()
    page = there.page
    assert page.get_attribute("body", "data-view") == "ask"
    assert "give the part" in text(page, ".take .remarks")
    there.until("document.activeElement.className === 'start'")
    end = page.locator(".timeline .end")
    before = float(end.input_value())
    end.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    assert float(end.input_value()) == pytest.approx(before - 0.1, abs=0.011)
    assert end.get_attribute("aria-valuetext") == f"{float(end.input_value()):.1f} seconds"
    page.click("#find")
    there.answer()
    part = fake.told()["searches"][0]["takes"][0]
    assert part["end_s"] == pytest.approx(float(end.input_value()))
    assert 0 < part["start_s"] < part["end_s"] < 12


def test_a_part_is_chosen_by_dragging(fake: Any, visit: Begin) -> None:
    fake.mood(seconds=12)
    there = visit(fake.url).open()
    there.upload().answer()
    page = there.page
    svg = page.locator(".timeline svg").bounding_box()
    middle = svg["y"] + svg["height"] / 2
    page.mouse.move(svg["x"] + 0.1 * svg["width"], middle)
    page.mouse.down()
    page.mouse.move(svg["x"] + 0.25 * svg["width"], middle)
    page.mouse.up()
    assert page.is_visible("canvas.preview")
    assert not page.is_visible("canvas.shown")
    assert text(page, ".span output") == "1.8 of 12.0 s chosen"
    page.click("#find")
    there.until("document.querySelector('#find').hidden")
    there.answer()
    assert page.is_visible("canvas.shown")
    part = fake.told()["searches"][-1]["takes"][0]
    assert (part["start_s"], part["end_s"]) == pytest.approx((1.2, 3.0), abs=0.1)
    page.click(".whole")
    assert text(page, ".span output") == "12.0 of 12.0 s chosen"
