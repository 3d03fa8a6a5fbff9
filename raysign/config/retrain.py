"""Training a champion again, and who may take its place."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from raysign.config.base import Config, Seed

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class ProtocolConfig(Config):
    """One comparison of candidate and champion, on the same queries of the same gallery."""

    protocol: Literal[
        "clips", "leave_one_out", "draws", "signer_disjoint_draws", "one_shot", "k_shot"
    ] = "clips"
    """Who asks whom, as `raysign evaluate --protocol`."""
    queries: str | None = None
    """`STORE:split` of the clips that ask; never test. Null: those that the training holds out."""
    gallery: str | None = None
    """`STORE:split` of the clips that are searched. Null: those that go with the held-out ones."""
    draws: int | None = Field(default=None, ge=1)
    """How often a protocol that draws does so; null = as it usually does."""
    shots: int | None = Field(default=None, ge=1)
    """Gallery clips a sign in each draw; null = as the protocol usually has."""
    metric: Literal["recall_at_1", "recall_at_5", "recall_at_10", "recall_at_50", "map", "mrr"] = (
        "map"
    )
    """What is compared."""
    gate: Literal["better", "not_worse", "none"] = "better"
    """`better`: the 95 % interval of the paired difference, candidate − champion, must lie above 0.
    `not_worse`: above −margin. `none`: measured and told, and no gate.
    """
    margin: float = Field(default=0.01, ge=0, le=1)
    """What `not_worse` may lose, in units of the metric."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.queries is None) != (self.gallery is None):
            raise ValueError("give queries and gallery, or neither of them")
        return self


class RetrainConfig(Config):
    """What is trained again, with which seeds, and what it must pass to be the champion."""

    LISTED: ClassVar[str] = "raysign config --kind retrain"

    model: str = Field(default="raysign-encoder", pattern=r"^[\w.-]+$")
    """The registered model that has the champion, and gets the candidate."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Settings of the training that differ from those of what is trained again."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1, max_length=100)] = (0, 1, 2)
    """One training each."""
    workers: int | None = Field(default=None, ge=1, le=4096)
    """Processes that train together; null = as before."""
    choose: Literal["first", "ensemble"] = "first"
    """What is registered, settled before any is measured: the `first` seed's model, or the
    `ensemble` of all, side by side. The best seed would be chosen by the gates' own queries.
    """
    epoch: Literal["last", "best"] = "last"
    """Which epoch is kept. `last`: no query has chosen it. `best`: the one with the best val mAP,
    as in `raysign train`; gates whose queries are the held-out ones are too kind to it then, and
    their evidence says so.
    """
    protocols: dict[Name, ProtocolConfig] = Field(default={"val": ProtocolConfig()}, min_length=1)
    """Comparisons by name. The champion changes only if all that are gates are passed."""
    resamples: int = Field(default=1000, ge=100, le=100_000)
    """Resamples of the signs behind each interval."""
    seed: Seed = 0
    """Of the intervals and the draws."""

    @model_validator(mode="after")
    def _seeds_differ(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must differ, got {list(self.seeds)}")
        if self.choose == "ensemble" and len(self.seeds) < 2:
            raise ValueError("choose=ensemble needs two seeds or more")
        return self

    @model_validator(mode="after")
    def _one_gate(self) -> Self:
        if all(each.gate == "none" for each in self.protocols.values()):
            raise ValueError("one of protocols must be a gate: give it gate=better or not_worse")
        return self
