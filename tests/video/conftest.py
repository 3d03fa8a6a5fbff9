"""Films whose every picture says its own number, so that a test sees which frames it got."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

BITS = 10
H264 = "libx264" if "libx264" in av.codecs_available else "mpeg4"
VP8 = "libvpx"


def picture(number: int, width: int = 80, height: int = 48) -> NDArray[np.uint8]:
    """``number`` in black and white columns, the lowest bit on the left."""
    column = np.arange(width) * BITS // width
    row = np.where((number >> column) & 1, 235, 16).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def number(rgb: NDArray[np.uint8]) -> int:
    """What :func:`picture` wrote."""
    centres = (np.arange(BITS) * 2 + 1) * rgb.shape[1] // (2 * BITS)
    bright = rgb[rgb.shape[0] // 2, centres].mean(axis=1) > 128
    return int((bright << np.arange(BITS)).sum())


def film(
    path: Path,
    count: int = 50,
    *,
    size: tuple[int, int] = (80, 48),
    rate: float = 25,
    codec: str = H264,
    times_ms: Sequence[int] | None = None,
    container: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    gop: int = 12,
    pixel_aspect: Fraction | None = None,
    dropped: Collection[int] = (),
    draw: Callable[[int, int, int], NDArray[np.uint8]] = picture,
) -> Path:
    """Write ``count`` numbered pictures, at ``rate`` or at the times given, but those dropped."""
    with av.open(str(path), "w", options=container or {}) as out:
        stream: Any = out.add_stream(codec, rate=Fraction(rate), options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = gop
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index in range(count):
            if index in dropped:
                continue
            frame = av.VideoFrame.from_ndarray(draw(index, *size), format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[index], Fraction(1, 1000)
            elif dropped:
                frame.pts, frame.time_base = index, 1 / Fraction(rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def cut_tail(path: Path, share: float) -> Path:
    """Keep the first ``share`` of a file's bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def turned(path: Path, matrix: tuple[int, int, int, int] = (0, 1, -1, 0)) -> Path:
    """Say in an MP4's track header how it is to be shown: a quarter turned clockwise, say.

    With (a, b, c, d) what is at (x, y) is shown at (a x + c y, b x + d y), moved into the picture.
    """
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    a, b, c, d = (0x10000 * number for number in matrix)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(content)
    return path


def sound(path: Path) -> Path:
    """One second of silence."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("aac", rate=44_100)
        for _ in range(43):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 44_100
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def films() -> ModuleType:
    """This file: ``film``, ``picture``, ``number`` …"""
    return sys.modules[__name__]
