"""A video that lies on the disk picture by picture, named by a pattern such as images%04d.png."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from raysign.errors import VideoError

_PATTERN = re.compile(r"(?:[^%]|%%)*%(?:0\d+)?d(?:[^%]|%%)*")


@dataclass(frozen=True)
class Sequence:
    """The pictures of a pattern, in their order. FFmpeg shows 25 of them a second."""

    pattern: str
    first: int
    pictures: tuple[Path, ...]


def is_sequence(path: str | Path) -> bool:
    """Whether a path is a pattern (FFmpeg's, ``%%`` for a percent sign), and not a file's name."""
    text = os.fspath(path)
    return _PATTERN.fullmatch(text) is not None and not os.path.exists(text)


def sequence(path: str | Path) -> Sequence:
    """The pictures of a pattern; ``VideoError`` where there are none, or one between is missing."""
    text = os.fspath(path)
    folder, _, name = text.rpartition("/")
    where = Path(folder.replace("%%", "%") or ".")
    pieces = re.split(r"%(?:0\d+)?d", name)
    if len(pieces) != 2:
        raise VideoError("only the pictures' names may be numbered, not their folder")
    before, after = (re.escape(piece.replace("%%", "%")) for piece in pieces)
    numbered = re.compile(f"{before}(\\d+){after}")
    try:
        found = {
            int(match[1]): where / entry
            for entry in os.listdir(where)
            if (match := numbered.fullmatch(entry))
        }
    except OSError as error:
        raise VideoError(f"cannot be read: {error.strerror}") from None
    if not found:
        raise VideoError("no such pictures")
    numbers = sorted(found)
    if missing := set(range(numbers[0], numbers[-1])) - found.keys():
        raise VideoError(f"picture {min(missing)} of {numbers[0]}–{numbers[-1]} is missing")
    return Sequence(text, numbers[0], tuple(found[number] for number in numbers))
