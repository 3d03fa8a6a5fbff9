"""Words on a picture: a title above, and a line under each of the pictures side by side."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from raysign.draw.inks import LIGHT, Inks

RGBPicture = UInt8[NDArray[np.uint8], "height width rgb=3"]

TEXT, SMALLEST_PX = 0.055, 10
"""Height of a letter by that of the pictures, and at least."""
LINE = 1.6
"""Height of a line by that of a letter."""
FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""It has Latin, Greek, Cyrillic and Arabic letters."""


def captioned(
    strip: RGBPicture, title: str, under: Sequence[str], inks: Inks = LIGHT
) -> UInt8[NDArray[np.uint8], "tall width rgb=3"]:
    """A strip of pictures of one width with a line above and a line below.

    The title stands in the middle, shortened where it is too long, and each of ``under`` in the
    middle under its picture; where they are wider than the pictures, every second or third.
    """
    height, width = strip.shape[:2]
    letter = max(SMALLEST_PX, round(TEXT * height))
    line, font = round(LINE * letter), _font(letter)
    page = Image.new("RGB", (width, height + 2 * line), inks.ground)
    page.paste(Image.fromarray(strip), (0, line))
    draw = ImageDraw.Draw(page)
    shown = title
    while len(shown) > 1 and draw.textlength(shown, font) > width:
        shown = f"{shown[:-2]}…"
    draw.text((width / 2, line / 2), shown, inks.body, font, anchor="mm")
    cell = width / max(len(under), 1)
    widest = max((draw.textlength(text, font) for text in under), default=0.0)
    every = max(1, int(np.ceil((widest + letter / 2) / cell)))
    for place, text in list(enumerate(under))[::every]:
        at = min(max((place + 0.5) * cell, widest / 2), width - widest / 2)
        draw.text((at, height + 1.5 * line), text, inks.body, font, anchor="mm")
    return np.asarray(page)


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)
