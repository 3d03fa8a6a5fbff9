"""What is searched: its limits, its signs and their exemplars."""

from __future__ import annotations

from typing import Literal

from raysign.serve.words.base import Share, Words
from raysign.serve.words.search import Phonology
from raysign.serve.words.takes import MOST_TAKES


class Limits(Words):
    """What is refused beyond."""

    upload_bytes: int
    picture_bytes: int
    pixels: int
    """Of one picture or video frame."""
    seconds: float
    """Of an uploaded video; ``Recording.longest_s`` says how long a recording may be."""
    takes: int = MOST_TAKES


class ModelWords(Words):
    """Which encoder answers."""

    name: str
    layout: str
    licence: str
    weights_sha256: str


class Skeleton(Words):
    """How a camera's landmarks are drawn over its picture."""

    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    sides: tuple[Literal["left", "right", "body"], ...]
    """Of each joint."""


class Dictionary(Words):
    """What is searched."""

    name: str
    signs: int
    clips: int
    signers: int
    calibrated: bool
    keeps_landmarks: bool
    keeps_queries: bool
    """Whether the owner asks to keep what people search with."""
    owner: bool
    """Whether who asks may change it."""
    synthetic: bool
    """Whether it is the made-up one, for a first look."""
    handshapes: tuple[str, ...]
    locations: tuple[str, ...]
    """Values that ``Filter`` can take; none without phonology."""
    phonology_of: int
    """Signs whose phonology is known."""
    model: ModelWords
    sources: tuple[str, ...]
    limits: Limits
    skeleton: Skeleton
    drawing: dict[str, object]
    """How films are drawn; see :func:`raysign.draw.player.drawing`."""
    inks: dict[str, tuple[str, str]]
    """Colours of the left and right hand, on a light and on a dark page."""
    notes: tuple[str, ...]


class SignEntry(Words):
    """A sign of the dictionary."""

    sign: str
    clips: int
    signers: int
    phonology: Phonology | None


class Signs(Words):
    """A page of the list of signs."""

    total: int
    signs: tuple[SignEntry, ...]


class ClipEntry(Words):
    """An exemplar."""

    clip_id: str
    sign: str
    signer: str
    source: str
    """Name of the store or file that it came from, without folders."""
    seconds: float | None
    hands_seen: Share | None
    """Share of frames between the first and last hand; None where no landmarks are kept."""
    video: bool


class Clips(Words):
    """The exemplars of a sign."""

    clips: tuple[ClipEntry, ...]
