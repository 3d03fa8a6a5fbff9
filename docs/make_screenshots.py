"""Photograph the pages of ``raysign serve``: ``python docs/make_screenshots.py [FOLDER]``.

Searches real recordings of the folder RAYSIGN_DATA in a dictionary of WLASL100 from which one sign
was taken out. No picture shows a person: what the camera sees is left out of them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image
from playwright.sync_api import Page, sync_playwright

RAYSIGN = (sys.executable, "-c", "from raysign.cli import main; main()")
ASKED, MISSING = "62254", "42962"
"""Recordings of `want`, and of a sign that is taken out."""
MISSING_SIGN = "pizza"
REST_S, FPS = 6.0, 25
"""What the camera shows before the sign, while it opens and somebody counts down."""
LARGE = {"viewport": {"width": 1280, "height": 800}}
SMALL = {"viewport": {"width": 360, "height": 800}, "device_scale_factor": 2}
FLAGS = ("--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream")
PATIENCE_MS = 120_000


def main(out: Path, data: Path) -> None:
    """Write all pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, served(Path(folder), data) as url:
        film = Path(folder) / "film.mjpeg"
        end_s = write_film(film, data / "videos" / f"{ASKED}.mp4")
        camera = f"--use-file-for-fake-video-capture={film}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("RAYSIGN_CHROMIUM") or shutil.which("chromium"),
                args=[*FLAGS, "--use-fake-device-for-media-stream", camera],
            )
            for name, screen in (("1280", LARGE), ("360", SMALL)):
                for scheme in ("light", "dark"):
                    context = browser.new_context(**screen, color_scheme=scheme)
                    page = context.new_page()
                    page.set_default_timeout(PATIENCE_MS)
                    photograph(page, url, out, f"{name}-{scheme}", end_s, data)
                    context.close()
            browser.close()


def photograph(page: Page, url: str, out: Path, name: str, end_s: float, data: Path) -> None:
    """A visit on one screen."""

    def shoot(what: str) -> None:
        path = out / f"{what}-{name}.png"
        page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)

    def answered() -> None:
        page.wait_for_selector('body[data-view="answer"]:not(.asking)')
        page.wait_for_selector("#times[data-ms]", state="attached")
        page.wait_for_timeout(1500)

    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    shoot("ask")
    page.evaluate("document.querySelector('#camera video').style.visibility = 'hidden'")
    page.click(".record")
    page.wait_for_selector('[data-state="recording"]')
    camera_at(page, end_s - 2.2)
    shoot("recording")
    camera_at(page, end_s + 0.2)
    page.click(".record")
    answered()
    shoot("answer")
    page.click(".cards button >> nth=0")
    page.wait_for_timeout(1200)
    shoot("compare")
    page.keyboard.press("Escape")
    page.click("#anew")
    page.set_input_files("#file input", data / "videos" / f"{MISSING}.mp4")
    answered()
    shoot("none")
    page.goto(f"{url}/dictionary")
    page.wait_for_selector("html[data-ready]")
    page.click(".sign summary >> nth=0")
    page.wait_for_selector(".films canvas")
    page.wait_for_timeout(1200)
    shoot("dictionary")
    page.click(".sign summary >> nth=0")
    page.fill("#map input", "want")
    page.wait_for_selector(".picked canvas")
    page.locator("#map").scroll_into_view_if_needed()
    page.wait_for_timeout(1200)
    shoot("map")


def camera_at(page: Page, film_s: float) -> None:
    """Wait until the camera's film is there."""
    while page.evaluate("document.querySelector('#camera video').currentTime") < film_s:
        page.wait_for_timeout(20)


def write_film(path: Path, video: Path) -> float:
    """A clip as a camera shows it, at rest before and after; when it ends, in s."""
    with av.open(str(video)) as source:
        frames = [frame.to_image().resize((512, 512)) for frame in source.decode(video=0)]
    rest = round(REST_S * FPS)
    with path.open("wb") as out:
        for frame in [*frames[:1] * rest, *frames, *frames[-1:] * rest]:
            frame.save(out, "JPEG", quality=92)
    return REST_S + len(frames) / FPS


@contextmanager
def served(folder: Path, data: Path) -> Iterator[str]:
    """``raysign serve`` of a dictionary without one sign; its address."""
    store, gallery = data / "wlasl100", folder / "wlasl100"
    for words in (
        ("index", "default", "--clips", f"{store}:train", "--out", gallery),
        ("index", gallery, "--remove-sign", MISSING_SIGN),
        ("calibrate", gallery, "--queries", f"{store}:val"),
    ):
        subprocess.run([*RAYSIGN, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    phonology = str(data / "asl_lex" / "phonology.csv")
    log = folder / "log"
    command = [*RAYSIGN, "serve", str(gallery), "--port", "0", "--phonology", phonology]
    with log.open("w") as stderr:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert server.stdout is not None
    said = next((line for line in iter(server.stdout.readline, "") if "http://" in line), "")
    address = re.search(r"http://[\d.:]+", said or log.read_text())
    if address is None:
        raise SystemExit(f"error: the server did not start: {log.read_text()}")
    try:
        yield address[0]
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


if __name__ == "__main__":
    if "RAYSIGN_DATA" not in os.environ:
        raise SystemExit("error: RAYSIGN_DATA has to name the folder with the real data")
    here = Path(__file__).with_name("pictures")
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else here, Path(os.environ["RAYSIGN_DATA"]))
