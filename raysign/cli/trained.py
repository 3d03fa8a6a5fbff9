"""What the doors of training do alike, whatever they train."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, TypedDict

import click

from raysign.cli.planned import tell_plan
from raysign.cli.runs import run_folder
from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from raysign.config import KeywordConfig, TrainConfig
    from raysign.train import Trained


class Asked(TypedDict):
    """What both doors are told."""

    overrides: Sequence[str]
    file: str | None
    data: str | None
    name: str | None
    out: str
    local: bool
    register: bool
    dry_run: bool
    as_json: bool


def train_as_asked(
    kind: type[TrainConfig] | type[KeywordConfig],
    asked: Asked,
    *,
    called: str,
    figures: Callable[[Trained], str],
) -> None:
    """Train what the config's class says, and print what came of it.

    Args:
        kind: of config.
        asked: the door's options.
        called: what a run's name begins with where none is given.
        figures: the best epoch's, in words, with those of the floor.
    """
    from raysign import tracking
    from raysign import train as flow
    from raysign.config import load_config
    from raysign.config.load import setting

    def say(line: str) -> None:
        click.echo(line, err=asked["as_json"])

    store = (setting("data.store", asked["data"]),) if asked["data"] else ()
    config = load_config(kind, asked["file"], (*store, *asked["overrides"]))
    folder = run_folder(asked["out"], asked["name"], called)
    tracking.check()  # MLflow's file is made only when the data are known to be good
    if asked["dry_run"]:
        if asked["local"]:
            raise ConfigError("--dry-run looks at the cluster that --local does without; give one")
        from raysign.sweep import plan_training
        from raysign.train.checkpoint import check_claim

        check_claim(folder, config)
        tell_plan(plan_training(config, say), asked["as_json"])
        return

    done = flow.train(
        config,
        connect=tracking.connect,
        folder=folder,
        say=say,
        register=asked["register"],
        on_ray=not asked["local"],
    )
    if asked["as_json"]:
        click.echo(json.dumps(_as_json(done), allow_nan=False))
        return
    click.echo(f"best: epoch {done.best_epoch}, {figures(done)}, after {done.seconds / 60:.1f} min")
    click.echo(f"measured: {done.protocol}")
    click.echo(f"bundle: {done.bundle}")
    if done.registered:
        click.echo(f"registered: {done.registered}")
    click.echo(f"MLflow: {done.tracker.uri}, run {done.run_id}")


def _as_json(done: Trained) -> dict[str, str | int | float | None]:
    """A figure that is not finite is null: JSON has no NaN."""
    return {
        "bundle": str(done.bundle),
        "model": done.model,
        "run_id": done.run_id,
        "best_epoch": done.best_epoch,
        "seconds": round(done.seconds, 1),
        **{
            name: value if math.isfinite(value) else None
            for name, value in (done.metrics | done.baseline).items()
        },
        "card": done.protocol,
    }
