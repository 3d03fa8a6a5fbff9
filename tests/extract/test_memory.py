from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysign.config import ExtractConfig
from raysign.extract import Extractor
from raysign.manifest import VideoClip

pytest.importorskip("mediapipe.python.solutions", reason="needs MediaPipe's Holistic graph")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_memory_does_not_grow_over_a_thousand_clips(made: Any, tmp_path: Path) -> None:
    """It rises over the first hundred or so, by what MediaPipe's arenas have asked for at once."""
    path = made.film(tmp_path / "a.mp4", made.person(3))
    memory = []
    with Extractor(ExtractConfig()) as extractor:
        for number in range(1000):
            found = extractor.extract(VideoClip(str(number), path))
            assert found.outcome.outcome == "ok"
            memory.append(found.memory_bytes / 2**20)
    settled, last = max(memory[100:300]), max(memory[800:])
    assert last < 1.15 * settled, f"{settled:.0f} MiB, then {last:.0f} MiB"
    assert last < 800
