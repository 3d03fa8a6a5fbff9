"""What every test stands on: shapes checked, nothing phoning home, real data where given."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Before torch, Ray and MLflow are imported; Ray hands them on to its workers.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# A developer's own server must not get the tests' runs.
os.environ.pop("MLFLOW_TRACKING_URI", None)
# A shell's background jobs ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("clusters", "sweep", "train")
"""Folders of tests that wait for Ray's processes, minutes each."""
SOURCE = Path(__file__).parents[1] / "raysign"


def _modules_with_shapes() -> list[str]:
    """Every module of raysign that writes shapes into its signatures."""
    return [
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(SOURCE.rglob("*.py"))
        if "from jaxtyping import" in path.read_text(encoding="utf-8")
    ]


# Not all of raysign: beartype cannot read `Self`, nor names that only a type checker imports.
install_import_hook(_modules_with_shapes(), "beartype.beartype")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: at the end no process waits for another."""
    long = tuple(Path(__file__).parent / name for name in LONG)
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in long))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real stores (wlasl100, wlasl2000_hands); the test is skipped without it."""
    folder = os.environ.get("RAYSIGN_DATA")
    if not folder:
        pytest.skip("set RAYSIGN_DATA to the folder with the real stores to run this")
    return Path(folder)


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Open a page in Chromium: stdout is what it made of the page, stderr what it says.

    More arguments are flags of Chromium. The test is skipped where there is none.
    """
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if browser is None:
        pytest.skip("Chromium is not there to show a page")

    def show(page: Path, *flags: str) -> subprocess.CompletedProcess[str]:
        own = f"--user-data-dir={tmp_path / 'browser'}"
        usual = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", own)
        soon = "--virtual-time-budget=3000"
        command = [browser, *usual, soon, *flags, "--dump-dom", page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=100)

    return show


@pytest.fixture(scope="session")
def bomb() -> Callable[..., Path]:
    """Write a video of a few bytes a frame, however large its picture is.

    One grey key frame in VP9, and then a byte for each frame, which says to show it again.
    """

    def write(path: Path, size: tuple[int, int], count: int, rate: int = 25) -> Path:
        import av

        width, height = size
        encoder = av.CodecContext.create("libvpx-vp9", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base = Fraction(1, rate)
        encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
        grey = av.VideoFrame(width, height, "yuv420p")
        for plane in grey.planes:
            plane.update(bytes([120]) * plane.buffer_size)
        grey.pts = 0
        first, *_ = [*encoder.encode(grey), *encoder.encode(None)]
        with av.open(str(path), "w", format="mp4") as out:
            stream = out.add_stream("libvpx-vp9", rate=rate)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for number in range(count):
                packet = av.Packet(b"\x88" if number else bytes(first))
                packet.pts = packet.dts = number
                packet.time_base, packet.stream = Fraction(1, rate), stream
                packet.duration, packet.is_keyframe = 1, not number
                out.mux(packet)
        return path

    return write


@pytest.fixture(scope="session")
def below() -> Callable[[int, str], list[int]]:
    """Find the processes of that name that a process and its children started."""

    def find(ancestor: int, name: str) -> list[int]:
        table = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True
        ).stdout
        rows = [line.split(None, 2) for line in table.splitlines()]
        family = {ancestor}
        while grown := {int(pid) for pid, parent, *_ in rows if int(parent) in family} - family:
            family |= grown
        return [int(row[0]) for row in rows if int(row[0]) in family and name in row[-1]]

    return find
