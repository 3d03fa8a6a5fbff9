"""Draw the pictures of the documentation: ``python docs/make_pictures.py``."""

from __future__ import annotations

from pathlib import Path

from raysign.show import find_clip, render

SIGNING = "syn1-000230-s05"


def signing(path: Path) -> None:
    """A strip of frames of one synthetic sign, as ``raysign show synthetic`` draws it."""
    render(find_clip("synthetic", SIGNING), path, size_px=320)


if __name__ == "__main__":
    signing(Path(__file__).with_name("signing.png"))
