"""What all words share, and what the server says of itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
MOST_KEYS = 50


class Words(BaseModel):
    """Closed: a key that nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Given(Words):
    """What comes in: one mistake is reported for many keys that nobody reads, not one for each."""

    @model_validator(mode="before")
    @classmethod
    def _few_keys(cls, given: object) -> object:
        if isinstance(given, dict) and len(given) > MOST_KEYS:
            raise ValueError(f"must have at most {MOST_KEYS} keys")
        return given


class Problem(Words):
    """What every refusal is: one sentence for a person, and a word for programs."""

    kind: str
    """Stable, such as ``too_long``, ``no_person``, ``busy``, ``not_allowed``."""
    text: str
    """What was wrong, and what to do now."""


class Remark(Words):
    """Something about a recording that a person can do better, or should know."""

    kind: str
    """Stable, such as ``few_hands``, ``far``, ``cut_off``, ``dark``."""
    text: str
    level: Literal["hint", "problem"]
    take: int = 1
    """Which recording of a search, from 1."""


class Health(Words):
    """Alive, and of what version."""

    status: Literal["ok"] = "ok"
    version: str
    signs: int
    clips: int
