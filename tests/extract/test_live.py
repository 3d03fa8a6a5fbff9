"""A camera's pictures, looked at while they are taken."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from raysign.config import ExtractConfig
from raysign.errors import DataError, ExtractionError, VideoError
from raysign.extract import Extractor, LiveExtractor, Seen, clip_of
from raysign.extract.live_child import decoded
from raysign.manifest import VideoClip
from raysign.video import open_video

STAND_IN = '''
"""The real child, with a landmarker that goes by the picture's shade instead of MediaPipe."""

import os, sys, time
import numpy as np
from raysign.errors import ExtractionError
from raysign.extract import Landmarks, child, live_child


class Seer:
    pictures = 0

    def landmarks(self, rgb):
        assert rgb.flags.c_contiguous and not rgb.flags.writeable
        shade = round(float(rgb.mean()))
        if shade > 250:
            os.abort()
        if shade > 240:
            time.sleep(60)
        if 230 < shade <= 240:
            hoard = [np.ones(10_000_000) for _ in range(100)]
        self.pictures += 1
        xyz = np.full((75, 3), shade / 1000, np.float32)
        xyz[1] = self.pictures
        xyz[2] = np.nan if shade < 100 else 1e6
        return Landmarks(xyz, np.ones(75, np.float32))

    def reset(self):
        self.pictures = 0

    close = reset


def open_landmarker(config):
    if config.model == "refuses":
        raise ExtractionError("no model; get one")
    return Seer()


live_child.open_landmarker = open_landmarker
if __name__ == "__main__":
    child.main(sys.argv[1:], live_child.serve)
'''

Opening = Callable[..., LiveExtractor]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opening]:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "stand_in_live_child.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(folder)
    made: list[LiveExtractor] = []

    def make(config: ExtractConfig | None = None, **options: Any) -> LiveExtractor:
        told = config or ExtractConfig()
        made.append(LiveExtractor(told, child="stand_in_live_child", **options))
        return made[-1]

    yield make
    for extractor in made:
        extractor.close()


def jpeg(shade: int | np.ndarray, size: tuple[int, int] = (48, 32), **options: Any) -> bytes:
    """A picture, all of one shade."""
    told = io.BytesIO()
    rgb = np.full((*size[::-1], 3), shade, np.uint8) if isinstance(shade, int) else shade
    Image.fromarray(rgb).save(told, "JPEG", **{"quality": 95, **options})
    return told.getvalue()


def test_a_picture_is_seen_as_a_clip_has_it(opened: Opening) -> None:
    seen = opened().look(jpeg(120))
    assert seen.xyz.dtype == seen.confidence.dtype == np.float16
    assert (seen.width, seen.height) == (48, 32)
    assert seen.xyz[0, 0] == np.float16(0.12)
    assert np.isnan(seen.xyz[2]).all(), "what no float16 holds is not seen"
    assert seen.brightness == pytest.approx(120 / 255, abs=0.01)
    assert seen.landmark_s >= 0
    assert seen.decode_s > 0


def test_brightness_is_of_the_brightest_tenth(opened: Opening) -> None:
    picture = np.full((80, 160, 3), 10, np.uint8)
    picture[:, :32] = 200
    assert opened().look(jpeg(picture)).brightness == pytest.approx(200 / 255, abs=0.02)
    picture[:, 8:] = 10
    assert opened().look(jpeg(picture)).brightness == pytest.approx(10 / 255, abs=0.02)


def test_the_next_recording_begins_anew(opened: Opening) -> None:
    extractor = opened()
    assert [extractor.look(jpeg(50)).xyz[1, 0] for _ in range(3)] == [1, 2, 3]
    extractor.reset()
    assert extractor.look(jpeg(50)).xyz[1, 0] == 1
    extractor.reset()
    extractor.reset()
    assert extractor.look(jpeg(50)).xyz[1, 0] == 1


def test_nobody_waits_for_resets_that_nobody_reads(opened: Opening) -> None:
    extractor = opened()
    extractor.look(jpeg(50))
    resetting = threading.Thread(
        target=lambda: [extractor.reset() for _ in range(1_000)], daemon=True
    )
    resetting.start()
    resetting.join(20)
    assert not resetting.is_alive()
    assert extractor.look(jpeg(50)).xyz[1, 0] == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"no picture at all", id="text"),
        pytest.param(jpeg(50, size=(200, 200))[:300], id="cut off"),
        pytest.param(jpeg(50, size=(101, 100)), id="too large"),
    ],
)
def test_what_is_no_picture_costs_nothing_else(opened: Opening, content: bytes) -> None:
    extractor = opened(ExtractConfig(max_pixels=10_000))
    extractor.look(jpeg(50))
    with pytest.raises(VideoError, match="a picture cannot be read"):
        extractor.look(content)
    assert extractor.look(jpeg(50)).xyz[1, 0] == 2


def test_only_jpeg_is_read_and_not_before_its_size_is_known() -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    with pytest.raises(OSError, match="cannot identify"):
        decoded(png.getvalue(), None)
    huge = bytearray(jpeg(50))
    place = huge.index(b"\xff\xc0") + 5
    huge[place : place + 4] = b"\xff\xff\xff\xff"  # 65,535 pixels high and wide
    with pytest.raises(ValueError, match=r"it has 4,294,836,225 pixels, more than 8,294,400"):
        decoded(bytes(huge), 3840 * 2160)


def test_a_picture_says_which_side_is_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :10] = 200
    upright = decoded(jpeg(picture, exif=exif.tobytes()), None)
    assert upright.shape == (60, 40, 3)
    assert upright[:5].mean() > 180 > 20 > upright[15:].mean()


@pytest.mark.parametrize(("shade", "why"), [(255, "SIGABRT"), (245, "timeout_s=1")])
def test_a_crash_or_a_hang_costs_the_recording(opened: Opening, shade: int, why: str) -> None:
    extractor = opened()
    extractor.look(jpeg(50))
    patience = extractor.config
    extractor.config = ExtractConfig(timeout_s=1)  # with the bad picture alone
    began_s = time.monotonic()
    with pytest.raises(ExtractionError, match=why):
        extractor.look(jpeg(shade))
    extractor.config = patience
    assert time.monotonic() - began_s < 20
    with pytest.raises(ExtractionError, match="this recording is lost"):
        extractor.look(jpeg(50))
    extractor.reset()
    assert extractor.look(jpeg(50)).xyz[1, 0] == 1


def test_a_child_has_so_much_memory_and_no_more(opened: Opening) -> None:
    extractor = opened(memory_bytes=2_000_000_000)
    extractor.look(jpeg(50))
    began_s = time.monotonic()
    with pytest.raises(ExtractionError):
        extractor.look(jpeg(235))  # wants 8 GB
    assert time.monotonic() - began_s < 60


def test_a_child_that_is_killed_between_recordings_costs_none(opened: Opening) -> None:
    extractor = opened()
    extractor.look(jpeg(50))
    assert extractor.pid is not None
    extractor.reset()
    os.kill(extractor.pid, signal.SIGKILL)
    time.sleep(0.5)
    assert extractor.look(jpeg(50)).xyz[1, 0] == 1


def test_whoever_waits_is_told_that_it_ends(opened: Opening) -> None:
    extractor = opened()
    extractor.look(jpeg(50))
    extractor.stop()
    with pytest.raises(ExtractionError):
        extractor.look(jpeg(50))
    extractor.close()
    with pytest.raises(ExtractionError, match="no picture is looked at any more"):
        extractor.reset()


def test_what_keeps_it_from_starting_is_said(opened: Opening) -> None:
    with pytest.raises(ExtractionError, match=r"^no model; get one$"):
        opened(ExtractConfig(model="refuses"))
    waits = opened(ExtractConfig(model="refuses"), wait=False)
    with pytest.raises(ExtractionError, match=r"^no model; get one$"):
        waits.look(jpeg(50))


def seen(number: int, width: int = 4) -> Seen:
    xyz = np.full((75, 3), number, np.float16)
    return Seen(xyz, np.ones(75, np.float16), width, 3, 0.5, 0.0, 0.0)


def test_pictures_at_a_steady_rate_are_the_clip(opened: Opening) -> None:
    times = [10 + n / 25 + 0.004 * (-1) ** n for n in range(6)]
    clip = clip_of("c", times, [seen(n) for n in range(6)])
    assert clip.fps == pytest.approx(25, rel=0.05)
    assert clip.xyz[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert clip.confidence is not None
    assert clip.confidence.shape == (6, 75)
    assert (clip.layout, clip.width, clip.height) == ("holistic75", 4, 3)


def test_pictures_that_are_missing_are_stood_for_by_those_before() -> None:
    """As in a video of varying rate: at each tick the picture that is on the screen."""
    places = [0, 1, 2, 5, 6, 7, 8, 9]
    clip = clip_of("c", [n / 20 for n in places], [seen(n) for n in places])
    assert clip.fps == 20
    assert clip.xyz[:, 0, 0].tolist() == [0, 1, 2, 2, 2, 5, 6, 7, 8, 9]


def test_what_cannot_be_a_clip() -> None:
    with pytest.raises(DataError, match="without a picture"):
        clip_of("c", [], [])
    wild = [0.0, 0.005, 0.01, 0.015, 30.0]
    with pytest.raises(DataError, match=r"5 pictures stand for 6,00[12] frames, over 1,800"):
        clip_of("c", wild, [seen(n) for n in range(5)], most_frames=1_800)
    with pytest.raises(VideoError, match="changes its size, 4×3 and 5×3"):
        clip_of("c", [0.0, 0.1], [seen(0), seen(1, width=5)])
    with pytest.raises(VideoError, match="timestamps are damaged"):
        clip_of("c", [0.0, 0.1, 0.2, 1e6], [seen(n) for n in range(4)])


@pytest.mark.real
def test_nearly_the_landmarks_of_the_file(real_data: Path) -> None:
    """WLASL100's pictures, of 256 × 256 pixels: a JPEG moves joints by a thousandth of them."""
    video = real_data / "videos" / "06472.mp4"
    config = ExtractConfig(min_frames=1)
    with Extractor(config) as extractor:
        of_file = extractor.extract(VideoClip("c", str(video))).clip
    assert of_file is not None
    with LiveExtractor(config) as live, open_video(video) as frames:
        told, times = [], []
        for frame in frames:
            told.append(live.look(jpeg(frame.rgb, subsampling="4:4:4")))
            times.append(frame.time_s)
    clip = clip_of("c", times, told)
    assert (clip.fps, clip.xyz.shape) == (of_file.fps, of_file.xyz.shape)
    apart = np.linalg.norm((clip.xyz - of_file.xyz).astype(np.float32)[:, :, :2], axis=-1)
    upper = [*range(25), *range(33, 75)]
    assert np.nanmedian(apart[:, upper]) < 0.005
    assert (np.isnan(clip.xyz) == np.isnan(of_file.xyz)).mean() > 0.9
