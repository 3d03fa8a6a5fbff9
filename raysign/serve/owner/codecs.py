"""Whether browsers play the owner's videos."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from shlex import quote

import numpy as np

from raysign.datasets.found import files_in
from raysign.errors import DataError, VideoError
from raysign.video import codec_of

PLAYED = frozenset({"h264", "vp8", "vp9", "av1"})
"""Codecs that every usual browser plays; see
https://developer.mozilla.org/en-US/docs/Web/Media/Guides/Formats/Video_codecs."""
SAMPLE = 24
"""Videos that are looked at, of a folder that may hold a million."""
OUT = "playable"


def unplayed(folder: Path) -> str:
    """What to tell the owner of a folder's videos that browsers do not play; '' where they do.

    It is one line, with the command that makes others of them.
    """
    try:
        files = list(files_in(folder).values())
    except DataError:  # whoever opens the folder says so
        return ""
    if not files:
        return ""
    some = np.unique(np.linspace(0, len(files) - 1, min(SAMPLE, len(files))).round().astype(int))
    codecs = Counter(_codec(files[place]) for place in some.tolist())
    count = sum(number for codec, number in codecs.items() if codec not in PLAYED)
    if not count:
        return ""
    names = ", ".join(sorted(set(codecs) - PLAYED))
    how_many = f"{count} of {len(some)}" + (f" (of {len(files):,})" * (len(some) < len(files)))
    return (
        f"browsers do not play {how_many} videos in {str(folder)!r} ({names}), which stay "
        f"skeletons on the page; to mend it: mkdir {OUT} && for f in {quote(str(folder))}/*; do "
        f'ffmpeg -i "$f" -c:v libx264 -pix_fmt yuv420p -vf "crop=trunc(iw/2)*2:trunc(ih/2)*2" '
        f'-an "{OUT}/$(basename "${{f%.*}}").mp4"; done, and then --videos {OUT}'
    )


def _codec(path: Path) -> str:
    try:
        return codec_of(path)
    except VideoError:
        return "not readable"
