"""Recordings: what a camera or a file shows, and the part of it that asks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from raysign.serve.words.base import Given, Remark, Share, Words

MOST_TAKES = 5


class Film(Words):
    """A clip as ``draw/player.js`` plays it; see :class:`raysign.draw.player.Film`."""

    fps: float
    frames: int
    places: str
    """Base64 of little-endian 16-bit numbers [frame point axis]."""


class Activity(Words):
    """Where hands move in a recording: what its timeline shows."""

    step_s: float
    """Between two values; the first belongs to second 0."""
    hands: tuple[int, ...]
    """Hands seen there: 0, 1 or 2."""
    motion: tuple[Share, ...]
    """How much they move, against the most in this recording."""


class Take(Words):
    """One recording, looked at; the server keeps its landmarks for a while, and no picture."""

    id: str
    kind: Literal["camera", "file"]
    name: str
    """The file's name as it was given, without folders; '' of a camera."""
    seconds: float
    fps: float
    frames: int
    width: int
    height: int
    """Pixels of the video."""
    film: Film
    activity: Activity
    signing: tuple[float, float]
    """From the first frame with a hand to the last: the span that the page proposes."""
    remarks: tuple[Remark, ...]
    landmarks_ms: float
    """From the end of the recording (of the upload) to the last landmark."""
    expires_s: float
    """Until it is forgotten, if nobody asks with it."""


class Recording(Words):
    """A camera's recording that has begun."""

    id: str
    longest_s: float
    """It ends by itself after so long."""


class LiveFrame(Words):
    """What one picture of a camera shows."""

    time_ms: float
    """As it was sent."""
    points: tuple[tuple[float, float] | None, ...]
    """Joints of the layout ``holistic75`` in units of picture width and height, origin top left;
    None where not seen. The order is that of ``Dictionary.skeleton.joints``.
    """


class Live(Words):
    """What the server saw in the pictures of one request."""

    frames: tuple[LiveFrame, ...]
    hints: tuple[Remark, ...]
    """What the person can mend now: ``no_person``, ``no_hands``, ``cut_off``, ``far``, ``dark``."""
    behind: int
    """Pictures that were sent and not looked at yet, of all requests."""


class Part(Given):
    """A take, or a part of it, that asks."""

    id: Annotated[str, Field(max_length=64)]
    start_s: Annotated[float, Field(ge=0)] | None = None
    end_s: Annotated[float, Field(gt=0)] | None = None
