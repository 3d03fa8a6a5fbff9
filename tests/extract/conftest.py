"""Films of a person, and a landmarker that needs no MediaPipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pytest
from PIL import Image

from raysign.extract import Landmarks
from raysign.video import write_mp4

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray


def person(count: int, size: int = 192) -> list[NDArray[np.uint8]]:
    """Rear Admiral Grace Hopper, moving through the picture."""
    photo = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    with Image.open(photo) as image:
        whole = np.asarray(image.convert("RGB").resize((size + 64, size + 64)))
    return [whole[n : n + size, 2 * n : 2 * n + size].copy() for n in range(count)]


def nobody(count: int, size: int = 64) -> list[NDArray[np.uint8]]:
    return [np.full((size, size, 3), 10 + 8 * n, np.uint8) for n in range(count)]


def film(path: Path, pictures: list[NDArray[np.uint8]], fps: float = 25.0) -> str:
    write_mp4(path, pictures, fps)
    return str(path)


class Seer:
    """Sees a body in every picture, and hands as told; the nose is where the brightness says."""

    def __init__(self, left: float = 0.25, right: float = np.nan) -> None:
        self.left, self.right = left, right
        self.log: list[str] = []

    def landmarks(self, rgb: NDArray[np.uint8]) -> Landmarks:
        self.log.append("look")
        xyz = np.full((75, 3), 0.5, np.float32)
        xyz[0, 0] = rgb.mean() / 1000
        xyz[33:54], xyz[54:75] = self.left, self.right
        confidence = np.where(np.isnan(xyz[:, 0]), 0, 0.75).astype(np.float32)
        return Landmarks(xyz, confidence)

    def reset(self) -> None:
        self.log.append("reset")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """This file: ``person``, ``nobody``, ``film`` and ``Seer``."""
    return sys.modules[__name__]
