"""A real browser on the pages: of a made-up dictionary, and of the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

HERE = Path(__file__).parent
PATIENCE_MS = 60_000
"""Machines that run tests are busy."""
POLL_MS = 50
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
SMALL, LARGE = (360, 740), (1280, 800)
REFUSED = "Failed to load resource: the server responded with a status of"
"""What Chromium says of every refusal; it is no fault of the page."""


class Visit:
    """A person's visit: a page, and all that it did."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.hosts: set[str] = set()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(f"thrown: {error}"))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(REFUSED):
            self.said.append(f"{kind}: {text}")

    def open(self, path: str = "/") -> Visit:
        """Go to a page, and wait until it can be used."""
        self.page.goto(self.url + path)
        self.page.wait_for_selector("html[data-ready]")
        return self

    def upload(self, *files: Path | dict[str, Any]) -> Visit:
        """Choose files, one after the other; a made-up one if none is given."""
        for file in files or ({"name": "sign.mp4", "mimeType": "video/mp4", "buffer": b"0"},):
            self.page.set_input_files("#file input", file)
            self.page.wait_for_selector("#file .sending", state="hidden")
        return self

    def answer(self) -> list[str]:
        """Wait for an answer: the signs in it, the first six."""
        self.page.wait_for_selector('body[data-view="answer"]:not(.asking)')
        self.page.wait_for_selector("#times[data-ms]", state="attached")
        return self.signs()

    def signs(self) -> list[str]:
        return self.page.locator(".cards li:visible h3").all_inner_texts()

    def until(self, expression: str) -> Visit:
        """Wait until JavaScript says so; Playwright's own way is against the page's policy."""
        for _ in range(PATIENCE_MS // POLL_MS):
            if self.page.evaluate(expression):
                return self
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(f"never: {expression}")

    def record(self, seconds: float, *, stop: str = "button") -> None:
        """Record with the camera; ``stop`` is ``button``, a key's name, or ``itself``."""
        page = self.page
        page.click(".record")
        page.wait_for_selector('[data-state="recording"]')
        if stop != "itself":
            page.wait_for_timeout(1000 * seconds)
            page.click(".record") if stop == "button" else page.keyboard.press(stop)
        page.wait_for_selector('[data-state="off"], [data-state="problem"]', state="attached")

    def width_left_over(self) -> int:
        """Pixels that the page is wider than the screen."""
        over: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return over


class FakeServer:
    """The made-up dictionary's process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def mood(self, **mood: Any) -> FakeServer:
        """Start anew in that mood: the words of ``fake.state.Mood``."""
        body = json.dumps(mood).encode()
        kind = {"Content-Type": "application/json"}
        urlopen(Request(f"{self.url}/fake/mood", body, kind), timeout=60).close()
        return self

    def told(self) -> Any:
        """What it was asked since."""
        with urlopen(f"{self.url}/fake/told", timeout=60) as reply:
            return json.load(reply)


@pytest.fixture(scope="session")
def fake_server() -> Iterator[FakeServer]:
    """It runs as long as the tests do."""
    command = [sys.executable, str(HERE / "fake" / "server.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield FakeServer(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture
def fake(fake_server: FakeServer) -> FakeServer:
    """As new."""
    return fake_server.mood()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One a module: while it runs, nothing else in this thread can run an event loop."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Iterator[Callable[..., Browser]]:
    """Start Chromium with a film in its camera, once for each film."""
    program = os.environ.get("RAYSIGN_CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.skip("Chromium is not there; set RAYSIGN_CHROMIUM to where it is")
    started: dict[Path | None, Browser] = {}

    def start(film: Path | None = None) -> Browser:
        if film not in started:
            flags = [f"--use-file-for-fake-video-capture={film}"] if film else []
            started[film] = playwright.chromium.launch(
                executable_path=program, args=[*FLAGS, *flags], timeout=PATIENCE_MS
            )
        return started[film]

    yield start
    for browser in started.values():
        browser.close()


@pytest.fixture
def visit(launch: Callable[..., Browser]) -> Iterator[Callable[..., Visit]]:
    """Begin a visit; at the test's end the page must have said nothing, and asked nobody else."""
    visits: list[Visit] = []

    def begin(
        url: str,
        *,
        size: tuple[int, int] = LARGE,
        dark: bool = False,
        still: bool = False,
        film: Path | None = None,
    ) -> Visit:
        context = launch(film).new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
        )
        visits.append(Visit(context.new_page(), url))
        return visits[-1]

    yield begin
    for done in visits:
        done.page.context.close()
        assert done.said == []
        assert done.hosts <= {done.url.split("/")[2], ""}, "a request to another host"
