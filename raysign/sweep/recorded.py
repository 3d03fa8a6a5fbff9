"""A sweep's trials, read back from MLflow."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from raysign.config import Dimension, SweepConfig, resolve
from raysign.errors import ConfigError, TrackingError
from raysign.sweep.results import Outcome, usable
from raysign.tracking import recorded_children, recorded_run, recorded_text

if TYPE_CHECKING:
    from raysign.tracking import RecordedRun, Tracker

READ = ("task", "space", "objective")
"""What is read of a recorded sweep's config; where its trials ran says nothing about them."""
FEWEST_TRIALS = 10
"""Fewer say nothing about any choice."""


@dataclass(frozen=True)
class Trials:
    """The trials of a sweep that came to an end, as MLflow remembers them."""

    sweep: str
    config: SweepConfig
    outcomes: tuple[Outcome, ...]
    data: str = ""
    """The store that they trained on."""


def recorded_trials(tracker: Tracker, run_id: str) -> Trials:
    """The trials of the sweep whose own run that is; they are its children.

    ``TrackingError`` where there is no such run, or it is no sweep, or has fewer than
    ``FEWEST_TRIALS`` of them.
    """
    parent = recorded_run(tracker, run_id)
    if parent.tags.get("kind") != "sweep":
        raise TrackingError(
            f"run {run_id!r} ({parent.name}) is no sweep; give the run id that "
            "`raysign sweep` printed"
        )
    config = _config(recorded_text(tracker, run_id, "space.yaml"), run_id)
    # Not those that were trained once more with another seed.
    children = [c for c in recorded_children(tracker, run_id) if c.tags.get("kind") == "trial"]
    outcomes = [
        _outcome(number, child, config.space) for number, child in enumerate(children, start=1)
    ]
    good = usable(outcomes, config.objective[:1])
    check_enough(good)
    data = next(filter(None, (child.params.get("data.store") for child in children)), "")
    return Trials(parent.name, config, tuple(good), data)


def check_enough(outcomes: Sequence[Outcome], fewest: int = FEWEST_TRIALS) -> None:
    """``TrackingError`` where there are fewer than that."""
    if len(outcomes) < fewest:
        raise TrackingError(
            f"{len(outcomes)} finished trials explain nothing; run the sweep with --trials "
            f"{FEWEST_TRIALS} or more"
        )


def _config(text: str, run_id: str) -> SweepConfig:
    try:
        tree = yaml.safe_load(text)
        if isinstance(tree, dict):
            tree = {name: value for name, value in tree.items() if name in READ}
        return resolve(SweepConfig, tree)
    except (ConfigError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise TrackingError(
            f"the space of sweep {run_id!r} does not fit this raysign: {reason}"
        ) from None


def _outcome(number: int, run: RecordedRun, dimensions: Mapping[str, Dimension]) -> Outcome:
    """A trial as it was recorded: its values are those of the config at the searched paths."""
    searched = [path for path in run.tags.get("searched", "").split(", ") if path]
    values = {path: _value(run.params[path], dimensions[path]) for path in searched}
    figures = {
        name.removeprefix("best/"): value
        for name, value in run.metrics.items()
        if name.startswith("best/")
    }
    error = "" if run.status == "FINISHED" else run.tags.get("error", run.status)
    return Outcome(number, values, figures, 0, run.metrics.get("duration_s", 0.0), error=error)


def _value(text: str, dimension: Dimension) -> Any:
    """What MLflow keeps as text, as the space has it."""
    if dimension.choice is not None:
        return next((choice for choice in dimension.choice if _same(text, choice)), text)
    return int(text) if dimension.int_uniform is not None else float(text)


def _same(text: str, choice: Any) -> bool:
    if text == str(choice):
        return True
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return bool((tuple(value) if isinstance(value, list) else value) == choice)
