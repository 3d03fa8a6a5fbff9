"""What the owner adds and sees."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from raysign.serve.words.base import Given, Share, Words
from raysign.serve.words.takes import Part


class NewClip(Given):
    """A take that becomes an exemplar."""

    take: Part
    sign: Annotated[str, Field(min_length=1, max_length=200)]
    signer: Annotated[str, Field(max_length=200)] = ""
    clip_id: Annotated[str, Field(max_length=200)] = ""
    """'' = one is made."""


class MapPoint(Words):
    """A sign on the map."""

    sign: str
    x: float
    y: float
    clips: int


class SignMap(Words):
    """Signs that look alike stand near each other."""

    points: tuple[MapPoint, ...]
    how: str
    """The method, in one sentence."""


class Confusion(Words):
    """Two signs that are taken for each other."""

    sign: str
    other: str
    times: int
    """Clips of ``sign`` whose nearest clip of another signer, or else of any, is of ``other``."""
    of: int
    """Clips of ``sign`` that were asked."""


class Quality(Words):
    """How good a dictionary's exemplars are."""

    clips_a_sign: dict[str, int]
    """How many signs have so many clips: `1`, `2`, …, `10+`."""
    one_signer: int
    """Signs by one signer only."""
    hands_seen: tuple[int, ...]
    """How many clips show a hand in 0–10 %, …, 90–100 % of their frames; () where unknown."""
    found: Share | None
    """Share of clips whose nearest other clip is of their own sign; None of signs with one clip.
    Where the encoder learned from these very clips, recordings of strangers are found less often.
    """
    learned: int | None
    """Signs of the dictionary that the encoder learned; None where that is not known."""
    measured: str | None
    """How the dictionary answered recordings whose sign is known, in one sentence; None where
    nobody calibrated it.
    """
    confusions: tuple[Confusion, ...]
    """The most frequent first."""
