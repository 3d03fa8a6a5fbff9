"""Against landmarks that MediaPipe 0.10.21 gave for the same videos by another program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import ExtractConfig
from raysign.extract import Extractor
from raysign.manifest import VideoClip
from raysign.store import iter_clips, read_manifest

pytestmark = pytest.mark.real
pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")


@pytest.fixture(scope="module")
def videos(real_data: Path) -> list[VideoClip]:
    return sorted(
        read_manifest(str(real_data / "videos" / "manifest.csv")), key=lambda row: row.clip_id
    )


@pytest.fixture(scope="module")
def reference(real_data: Path) -> dict[str, Clip]:
    return {clip.clip_id: clip for clip in iter_clips(real_data / "wlasl100")}


def compare(rows: list[VideoClip], reference: dict[str, Clip]) -> None:
    """Every landmark and confidence equal once rounded to float16, every frame and rate too."""
    assert rows
    with Extractor(ExtractConfig()) as extractor:
        for row in rows:
            clip, expected = extractor.extract(row).clip, reference[row.clip_id]
            assert clip is not None, row
            assert (clip.fps, clip.width, clip.height) == (25.0, 256, 256)
            assert expected.confidence is not None
            assert clip.confidence is not None
            assert np.array_equal(clip.xyz, expected.xyz, equal_nan=True), row.clip_id
            assert np.array_equal(clip.confidence, expected.confidence), row.clip_id


def test_two_short_clips(videos: list[VideoClip], reference: dict[str, Clip]) -> None:
    compare([row for row in videos if row.clip_id in ("06477", "62249")], reference)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_clips(videos: list[VideoClip], reference: dict[str, Clip]) -> None:
    assert len(videos) == 58
    compare(videos, reference)
