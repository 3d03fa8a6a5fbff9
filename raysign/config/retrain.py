"""Training a champion again, and who may take its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, ValidationError, field_validator, model_validator

from raysign.config.base import Config, Seed
from raysign.config.mistakes import KINDS, kind_of, mistake
from raysign.config.train import TrainConfig

DRAW = ("draws", "signer_disjoint_draws", "one_shot", "k_shot")
"""Protocols in which chance chooses, so that they have draws and shots."""
OF_THE_RECIPE = ("value_error", "missing")
"""Mistakes, as pydantic names them, that the rest of the settings can put right."""
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

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        for name in ("draws", "shots"):
            if (number := getattr(self, name)) is not None and self.protocol not in DRAW:
                raise ValueError(
                    f"{name}={number} is of the protocols that draw, got protocol={self.protocol}; "
                    f"leave it out, or give protocol={', '.join(DRAW[:-1])} or {DRAW[-1]}"
                )
        if self.protocol == "one_shot" and self.shots not in (None, 1):
            raise ValueError(
                f"protocol=one_shot has 1 gallery clip a sign, got shots={self.shots}; give "
                "protocol=k_shot"
            )
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

    @field_validator("train")
    @classmethod
    def _can_be_trained(cls, train: dict[str, Any]) -> dict[str, Any]:
        if found := _mistakes(train):
            raise ValueError("; ".join(found))
        return train

    @model_validator(mode="after")
    def _all_is_read(self) -> Self:
        if "seed" in self.train:
            raise ValueError(
                f"train.seed={self.train['seed']} is not read, each training has one of seeds; "
                f"type seeds=[{self.train['seed']}]"
            )
        evaluate = self.train.get("evaluate")
        if self.epoch == "last" and isinstance(evaluate, Mapping) and "every" in evaluate:
            raise ValueError(
                f"train.evaluate.every={evaluate['every']} is not read with epoch=last, which "
                "measures the last epoch alone; leave it out, or type epoch=best"
            )
        return self

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


def _mistakes(train: Mapping[str, Any]) -> list[str]:
    """What no training can have, whatever else is in the recipe that ``train`` changes.

    A section of several kinds that names none is as in the recipe: any kind's settings will do.
    """
    for section in KINDS:
        given = train.get(section)
        if not isinstance(given, Mapping) or "kind" in given:
            continue
        for each in get_args(TrainConfig.model_fields[section].annotation):
            tried = {section: {**given, "kind": kind_of(each)}}
            if not _found(tried):
                train = {**train, **tried}
                break
    return _found(train)


def _found(train: Mapping[str, Any]) -> list[str]:
    try:
        TrainConfig.model_validate(train)
    except ValidationError as error:
        found = (one for one in error.errors() if one["type"] not in OF_THE_RECIPE)
        return [mistake(TrainConfig, one) for one in found]
    return []
