"""Questions and their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import FailFast, Field

from raysign.serve.words.base import Given, Remark, Share, Words
from raysign.serve.words.takes import MOST_TAKES, Film, Part

# Lists that come in end at their first mistake: a million of them would be a million mistakes.
Text = Annotated[str, Field(max_length=1000)]
MOST_SIGNS = 100
MOST_VALUES = 100
"""Of one feature in a filter."""


class Filter(Given):
    """Only signs with one of the values in each list that is not empty."""

    handshape: Annotated[tuple[Text, ...], Field(max_length=MOST_VALUES), FailFast()] = ()
    location: Annotated[tuple[Text, ...], Field(max_length=MOST_VALUES), FailFast()] = ()
    hands: Annotated[tuple[Literal["one", "two"], ...], Field(max_length=2), FailFast()] = ()


class Landmarks(Given):
    """A clip as numbers, for programs that look at videos themselves."""

    layout: Literal["holistic75", "hands42"]
    fps: Annotated[float, Field(gt=0, le=1000)]
    width: Annotated[int, Field(ge=1, le=16384)]
    height: Annotated[int, Field(ge=1, le=16384)]
    frames: Annotated[int, Field(ge=1, le=100_000)]
    xyz: str
    """Base64 of little-endian float16 [frame joint axis]; x and y in units of width and height,
    NaN where not detected, joints in the layout's order.
    """


class SearchTakes(Given):
    """Ask with recordings that the server has looked at."""

    takes: Annotated[tuple[Part, ...], Field(min_length=1, max_length=MOST_TAKES), FailFast()]
    """Recordings of one sign; several ask together."""
    count: Annotated[int, Field(ge=1, le=MOST_SIGNS)] = 12
    """How many signs to find; all, where the dictionary has fewer."""
    filter: Filter = Filter()
    keep: bool = False
    """Whether the person agrees that the landmarks are kept; only where the owner asked for it."""


class SearchLandmarks(Given):
    """Ask with landmarks."""

    clips: Annotated[tuple[Landmarks, ...], Field(min_length=1, max_length=MOST_TAKES), FailFast()]
    count: Annotated[int, Field(ge=1, le=MOST_SIGNS)] = 12
    filter: Filter = Filter()


class Phonology(Words):
    """How a sign is made, where the dictionary knows; words of the source, '' where unknown."""

    handshape: str
    location: str
    movement: str
    hands: Literal["one", "two", ""]


class Found(Words):
    """A sign of an answer."""

    sign: str
    confidence: Share | None
    """Probability that it is the sign asked for; None where not calibrated."""
    words: str
    """The same in words, such as `very likely`; '' where not calibrated."""
    score: float
    cosine: float
    """Of the nearest clip, in -1–1."""
    clips: int
    """Of this sign in the dictionary."""
    clip_id: str
    """The nearest of them,"""
    signer: str
    """by whom."""
    phonology: Phonology | None
    film: Film | None
    """The nearest clip; None where the gallery keeps no landmarks."""
    warp: tuple[float, ...] | None
    """For each frame of the first take's film, the frame of ``film`` that it stands beside."""
    mirrored: bool
    """Whether ``film`` is shown as in a mirror: it was signed with the other hand."""
    distance: float | None
    """Of the alignment: 0 = the same movement."""
    video: bool
    """Whether ``GET /api/v1/video`` has the clip,"""
    film_from_s: float | None = None
    """and at which second of that ``film`` begins; None where there is only one of the two."""


class Asked(Words):
    """A take as it asked: cut to its span."""

    id: str
    """'' of landmarks."""
    film: Film
    warp: tuple[float, ...] | None
    """Beside the first take; None of the first."""
    seconds: float


class Answer(Words):
    """Ranked signs, and how sure that is."""

    id: str
    verdict: str
    """In a few words: the first sign, or that it is not in this dictionary."""
    signs: tuple[Found, ...]
    none_of_these: Share | None
    """Probability that the dictionary does not have the sign; None where not calibrated."""
    unknown: bool
    """Whether that is above the dictionary's threshold."""
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...]
    """What to bear in mind of this answer."""
    asked: tuple[Asked, ...]
    stages_ms: dict[str, float]
    """Milliseconds by stage, in the order in which they ran; ``landmarks`` is the time after the
    recording's end.
    """
    total_ms: float
    of_signs: int
    """Signs that the filter left to choose from."""
    kept: bool
    """Whether the landmarks were kept."""
