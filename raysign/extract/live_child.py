"""The process in which a camera's pictures are looked at.

``python -m raysign.extract.live_child FD PARENT CPU BYTES``, like :mod:`raysign.extract.child`. It
speaks with a :class:`~raysign.extract.live.LiveExtractor`: it gets the config, and answers each
picture, a ``bytes`` of JPEG, with a ``Seen``, or an ``Unreadable`` where there is none in it. At
``RESET`` it forgets the pictures before.
"""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from raysign.errors import ExtractionError
from raysign.extract.child import READY, main
from raysign.extract.clip import rounded
from raysign.extract.landmarker import Landmarker, open_landmarker
from raysign.extract.seen import RESET, Seen, Unreadable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from raysign.config.extract import ExtractConfig

LUMA = np.asarray([0.299, 0.587, 0.114])
"""Of red, green and blue in what an eye takes for brightness (ITU-R BT.601, as JPEG has it)."""
GLANCE = 8
"""Every so many pixels one is enough to say how bright a picture is."""
BRIGHTEST = 0.9
"""Share of the picture that is darker."""


def serve(parent_end: Connection) -> None:
    """Answer a config, then pictures."""
    config: ExtractConfig = parent_end.recv()
    try:
        landmarker = open_landmarker(config)
    except ExtractionError as error:
        parent_end.send(str(error))
        return
    while True:
        landmarker.reset()  # while the parent deals with the recording before
        parent_end.send(READY)
        while (jpeg := parent_end.recv()) != RESET:
            parent_end.send(look(jpeg, landmarker, config))


def look(jpeg: bytes, landmarker: Landmarker, config: ExtractConfig) -> Seen | Unreadable:
    """The next picture of a recording."""
    began_s = time.perf_counter()
    try:
        rgb = decoded(jpeg, config.max_pixels)
    except Exception as error:  # whatever comes of bytes that somebody sent
        reason = next(iter(str(error).splitlines()), "")[:200]
        return Unreadable(reason or type(error).__name__)
    decoded_s = time.perf_counter()
    found = landmarker.landmarks(rgb)
    return Seen(
        xyz=rounded(found.xyz),
        confidence=found.confidence.astype(np.float16),
        width=rgb.shape[1],
        height=rgb.shape[0],
        brightness=float(np.quantile(rgb[::GLANCE, ::GLANCE] @ LUMA, BRIGHTEST) / 255),
        decode_s=decoded_s - began_s,
        landmark_s=time.perf_counter() - decoded_s,
    )


def decoded(jpeg: bytes, max_pixels: int | None) -> np.ndarray:
    """RGB, [height width rgb], contiguous and read-only; upright, where it says which side is up.

    ``ValueError`` where it has more pixels than ``max_pixels``: nothing of it is decoded.
    """
    Image.MAX_IMAGE_PIXELS = None  # ours counts
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        pixels = image.width * image.height
        if max_pixels is not None and pixels > max_pixels:
            raise ValueError(f"it has {pixels:,} pixels, more than {max_pixels:,}")
        upright = ImageOps.exif_transpose(image).convert("RGB")
    rgb = np.ascontiguousarray(upright)
    rgb.flags.writeable = False
    return rgb


if __name__ == "__main__":
    main(sys.argv[1:], serve)
