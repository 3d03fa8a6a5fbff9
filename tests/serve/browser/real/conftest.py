"""The real server with a dictionary of WLASL100, and films of real clips for the camera.

``pizza`` was taken out of the dictionary. The clips that ask are of WLASL100's val split; the
dictionary has its train split.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from PIL import Image, ImageOps

RAYSIGN = (sys.executable, "-c", "from raysign.cli import main; main()")
MISSING = "pizza"
REST_S = 6.0
"""Before the sign, while the camera opens and somebody counts down; and after it."""
FPS = 25


def raysign(*words: str | Path) -> None:
    command = [*RAYSIGN, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def gallery(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dictionary") / "wlasl100"
    raysign("index", "default", "--clips", f"{real_data / 'wlasl100'}:train", "--out", folder)
    raysign("index", folder, "--remove-sign", MISSING)
    raysign("calibrate", folder, "--queries", f"{real_data / 'wlasl100'}:val")
    return folder


@pytest.fixture(scope="session")
def videos(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos; browsers can play one of them, but not WLASL's own MPEG-4."""
    folder = tmp_path_factory.mktemp("videos")
    join(folder / "06486.mp4", real_data / "videos" / "06472.mp4")
    for other in (real_data / "videos").glob("*.mp4"):
        (folder / other.name).write_bytes(other.read_bytes())
    return folder


@pytest.fixture(scope="session")
def url(
    gallery: Path, videos: Path, real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """``raysign serve`` of it, with videos and how its signs are made."""
    said = tmp_path_factory.mktemp("said") / "log"
    command = [*RAYSIGN, "serve", str(gallery), "--port", "0", "--videos", str(videos)]
    command += ["--phonology", str(real_data / "asl_lex" / "phonology.csv")]
    with (
        said.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found, said.read_text()
        yield found[0]
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert "Traceback" not in said.read_text()


@pytest.fixture(scope="session")
def clip(real_data: Path) -> Callable[[str], Path]:
    """A real video by its name."""
    return lambda name: real_data / "videos" / f"{name}.mp4"


@pytest.fixture(scope="session")
def filmed(
    clip: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[Path, float]]:
    """A clip as a camera shows it, at rest before and after; and how long the sign takes, in s."""
    folder = tmp_path_factory.mktemp("films")

    def film(name: str, *, mirror: bool = False) -> tuple[Path, float]:
        path = folder / f"{name}{'-mirrored' * mirror}.mjpeg"
        with av.open(clip(name)) as video:
            frames = [frame.to_image() for frame in video.decode(video=0)]
        if mirror:
            frames = [ImageOps.mirror(frame) for frame in frames]
        rest = round(REST_S * FPS)
        with path.open("wb") as out:
            for frame in [*frames[:1] * rest, *frames, *frames[-1:] * rest]:
                large = frame.resize((512, 512), Image.Resampling.BICUBIC)
                large.save(out, "JPEG", quality=92)
        return path, REST_S + len(frames) / FPS

    return film


@pytest.fixture(scope="session")
def joined() -> Callable[..., list[float]]:
    """``join``."""
    return join


def join(path: Path, *videos: Path) -> list[float]:
    """One video after the other, and where each ends, in s."""
    ends: list[float] = []
    count = 0
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"
        for video in videos:
            with av.open(str(video)) as source:
                for frame in source.decode(video=0):
                    out.mux(stream.encode(av.VideoFrame.from_image(frame.to_image())))
                    count += 1
            ends.append(count / FPS)
        out.mux(stream.encode())
    return ends
