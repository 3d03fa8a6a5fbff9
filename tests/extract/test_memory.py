from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysign.config import ExtractConfig
from raysign.extract import Extractor
from raysign.manifest import VideoClip

pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")

MIB = 2**20


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_peak_does_not_grow_over_a_thousand_clips(made: Any, tmp_path: Path) -> None:
    """Videos of several lengths and sizes in turn: a kilobyte lost a frame would show."""
    films = [
        made.film(tmp_path / f"{frames}.mp4", made.person(frames, size))
        for frames, size in ((2, 192), (3, 256), (5, 320), (12, 192))
    ]
    peak = []
    with Extractor(ExtractConfig()) as extractor:
        for number in range(1000):
            found = extractor.extract(VideoClip(str(number), films[number % len(films)]))
            assert found.outcome.outcome == "ok"
            peak.append(found.memory_bytes)
    # MediaPipe's arenas reach what they ask for at once within the first hundreds.
    grown, frames = peak[-1] - peak[400], 600 * 5.5
    print(f"{peak[0] / MIB:.0f}, {peak[400] / MIB:.0f}, {peak[-1] / MIB:.0f} MiB")
    assert grown < frames * 4096, f"{grown / frames:.0f} bytes a frame"
    assert peak[-1] < 800 * MIB
