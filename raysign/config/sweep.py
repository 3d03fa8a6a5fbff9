"""A search over training configs."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from raysign.config.base import Config
from raysign.config.placement import PlacementConfig
from raysign.config.selection import SelectionConfig

Objective = Literal[
    "val/map", "val/mrr", "val/recall_at_1", "val/max_f1", "latency_ms", "parameters"
]
FOREIGN: dict[str, frozenset[str]] = {
    "signs": frozenset({"val/max_f1"}),
    "keywords": frozenset({"val/mrr", "val/recall_at_1"}),
}
"""Objectives that the trials of a task do not have."""
MINIMISED: frozenset[str] = frozenset({"latency_ms", "parameters"})
MOST_NUMBERS = 512
"""So many whole numbers of one dimension are checked before a sweep starts."""


class Dimension(Config):
    """One dimension of the search: exactly one distribution, and when it applies."""

    choice: tuple[Any, ...] | None = Field(default=None, min_length=1)
    """One of these values."""
    uniform: tuple[float, float] | None = None
    """A number between two bounds."""
    log_uniform: tuple[float, float] | None = None
    """A number between two positive bounds, uniform in its logarithm."""
    int_uniform: tuple[int, int] | None = None
    """A whole number between two bounds, both included."""
    when: dict[str, Any] = Field(default_factory=dict)
    """Config path → the value, or list of values, with which this dimension applies; all must hold.
    """

    @field_validator("choice", mode="before")
    @classmethod
    def _hashable(cls, value: Any) -> Any:
        """Optuna's categorical choices must be hashable: a list is read as a tuple."""
        if not isinstance(value, list | tuple):
            return value
        return tuple(tuple(v) if isinstance(v, list) else v for v in value)

    @model_validator(mode="after")
    def _one_distribution(self) -> Self:
        names = ("choice", "uniform", "log_uniform", "int_uniform")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(names)}; got {given or 'none'}")
        for name in names[1:]:
            bounds = getattr(self, name)
            if bounds is not None and not bounds[0] < bounds[1]:
                raise ValueError(f"{name}: the lower bound must be below the upper, got {bounds}")
        if self.log_uniform is not None and self.log_uniform[0] <= 0:
            raise ValueError(f"log_uniform: bounds must be positive, got {self.log_uniform}")
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """All choices, or both bounds. Where a setting is only limited to a range, every drawn
        value fits if these do; what also has to divide another needs ``checked``.
        """
        return self.choice or self.uniform or self.log_uniform or self.int_uniform or ()

    @property
    def checked(self) -> tuple[Any, ...]:
        """``ends``, and of whole numbers all between; in a range of more than ``MOST_NUMBERS``, so
        many of them, evenly spread.
        """
        if self.int_uniform is None:
            return self.ends
        low, high = self.int_uniform
        if high - low < MOST_NUMBERS:
            return tuple(range(low, high + 1))
        strides = MOST_NUMBERS - 2
        spread = {low + (high - low) * i // strides for i in range(strides + 1)}
        # Equal strides may all be multiples of what a number has to divide by; this one is not.
        return tuple(sorted(spread | {low + 1}))


class SweepConfig(Config):
    """What is searched, for what, and for how long."""

    LISTED: ClassVar[str] = "raysign config --kind sweep"

    task: Literal["signs", "keywords"] = "signs"
    """What a trial trains: an encoder of `signs` as `raysign train` does, or a model of `keywords`
    as `raysign keywords train` does.
    """
    train: dict[str, Any] = Field(default_factory=dict)
    """What every trial shares: the settings of such a training, as far as they differ from the
    defaults.
    """
    space: dict[str, Dimension] = Field(min_length=1)
    """Config path of a training run → distribution."""
    objective: tuple[Objective, ...] = Field(default=("val/map",), min_length=1)
    """What is optimised. Several give a Pareto front, and no trial is stopped early."""
    trials: int = Field(default=8, ge=1)
    """Configs tried."""
    time_budget_s: float | None = Field(default=None, gt=0)
    """No trial starts, and running ones are stopped, after this many seconds."""
    latency_budget_ms: float | None = Field(default=None, gt=0)
    """No trial whose `latency_ms` is above this can be the best; it ends when it was measured once,
    and Optuna samples elsewhere. Milliseconds that a query takes, embedding and second stage
    (`train.evaluate.rerank`), or that a sentence takes, on this machine and with what else runs on
    it.
    """
    placement: PlacementConfig = PlacementConfig()
    selection: SelectionConfig = SelectionConfig()
    sampler: Literal["tpe", "random"] = "tpe"
    """How configs are drawn: `tpe` learns from the trials before, and finds the best sooner;
    `random` draws all alike, for a sweep that is to say which choice matters.
    """
    grace_epochs: int = Field(default=3, ge=1)
    """ASHA stops no trial before it has trained so many epochs; none at all where trials have no
    more.
    """
    reduction_factor: int = Field(default=3, ge=2)
    """ASHA lets one in so many go on at each rung."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The sampler's seed, and every trial's training seed unless the space varies it. Optuna takes
    no larger one.
    """

    @property
    def shared(self) -> dict[str, Any]:
        """What every trial has, and the space may vary: with the sweep's seed unless told."""
        return {"seed": self.seed, "workers": self.placement.workers} | self.train

    @model_validator(mode="after")
    def _objectives_of_the_task(self) -> Self:
        for name in self.objective:
            if name in FOREIGN[self.task]:
                raise ValueError(f"objective={name} is none of task={self.task}; take val/map")
        return self

    @model_validator(mode="after")
    def _workers_are_placed(self) -> Self:
        if "workers" in self.train:
            raise ValueError(
                f"train.workers={self.train['workers']} says where a trial runs; type "
                f"placement.workers={self.train['workers']}"
            )
        return self

    @field_validator("objective", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value
