"""What is said beside the numbers."""

from __future__ import annotations

from raysign.train.progress import warn_below


def test_an_encoder_below_the_floor_is_told() -> None:
    lines: list[str] = []
    warn_below(0.16, 0.161, lines.append)
    assert not lines
    warn_below(0.16, 0.087, lines.append)
    (line,) = lines
    assert line.startswith("note: val mAP 0.087 is not above the untrained")
