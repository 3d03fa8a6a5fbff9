"""How the winner of a sweep is chosen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from raysign.config.base import Config


class SelectionConfig(Config):
    """What counts as better, what decides where nothing does, and how much is trained for it."""

    mode: Literal["noise", "none"] = "noise"
    """`noise`: trials that are within noise of the best are tied with it, and what they cost
    decides. `none`: the best one wins, by however little.
    """
    prefer: Literal["parameters", "latency_ms"] = "parameters"
    """The cost that decides a tie: numbers in the model, the same wherever it runs, or milliseconds
    a query, which vary with what else runs: take those where trials differ in more than their
    encoder, as in a second stage.
    """
    saving: float = Field(default=0.1, ge=0, lt=1)
    """A tied trial is taken for its cost only where that is lower by more than this share."""
    level: float = Field(default=0.95, ge=0.5, lt=1)
    """How sure a difference has to be, on two sides and over all trials together."""
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 1000
    """Draws of the val signs behind it."""
    contenders: int = Field(default=4, ge=2)
    """So many trials are trained again from other seeds: the one that would win without, and the
    best others.
    """
    seeds: int = Field(default=1, ge=1)
    """Up to so many seeds a contender, its trial's own among them: one more a round, for those
    alone that are still within noise, and none once `time_budget_s` is over. 1 = none is trained
    again, and the noise is that of the val signs alone. A sweep that has ended takes more with
    `--resume RUN selection.seeds=3`.
    """
