"""``raysign sweep`` and ``jobs/sweep.py``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign.cli.door import door, json_option
from raysign.cli.runs import look, run_folder, run_options
from raysign.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
SPACES = {"signs": "sweep.yaml", "keywords": "keywords_sweep.yaml"}
"""Whose space is searched when none is given, for each task."""
SECOND = {"signs": ("R@1", "val/recall_at_1"), "keywords": ("maxF1", "val/max_f1")}
"""What is told of the best trial beside its mAP."""


def sweep_options(function: F) -> F:
    """What every sweep is told beside where it runs."""
    options = [
        click.option("--trials", type=int, help="Configs to try."),
        click.option(
            "--time-budget",
            "time_budget_s",
            type=float,
            metavar="SECONDS",
            help="Stop after so long.",
        ),
        click.option("--max-concurrent", type=int, help="Trials at a time."),
        click.option("--seed", type=int, help="Of the sampler and the trials."),
        json_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


@door(
    example="raysign sweep --trials 8\n"
    "raysign sweep --data stores/wlasl100 --time-budget 3600 "
    "train.optim.epochs=40",
    overrides="a setting of the sweep, and `train.KEY=VALUE` one of every trial",
)
@run_options(
    config="YAML with the space (default: tune_configs/sweep.yaml).", name="Name of the sweep."
)
@sweep_options
def sweep(**given: Any) -> None:
    """Search for the best encoder: Ray Tune and Optuna try configs, MLflow keeps every trial."""
    run_sweep(**given)


def run_sweep(
    overrides: tuple[str, ...],
    file: str | None,
    data: str | None,
    name: str | None,
    out: str,
    as_json: bool,
    only: str | None = None,
    **options: Any,
) -> None:
    """Sweep as the options of a door say.

    ``only`` is the task that this door is for; ``ConfigError`` where the file has another.
    """
    from raysign import sweep as flow
    from raysign import tracking
    from raysign.config import SweepConfig, load_config
    from raysign.train import figure

    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    if data:
        given.append(f"train.data.store={json.dumps(data)}")
    config = load_config(SweepConfig, file or space_file(only or "signs"), (*given, *overrides))
    if only is not None and config.task != only:
        raise ConfigError(
            f"{str(file)!r} has task={config.task}; type raysign sweep --config {file}"
        )
    folder = run_folder(out, name, "sweep")
    flow.space_of(config)  # before anything is asked of MLflow

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    tracking.check()  # its file is made only when the clips are known to be good

    done = flow.sweep(config, connect=tracking.connect, folder=folder, say=say)
    best, baseline = done.outcomes[0], done.baseline
    if as_json:
        click.echo(
            json.dumps(
                {
                    "run_id": done.run_id,
                    "model": done.registered.uri,
                    "version": done.registered.version,
                    "best": {"trial": best.number, "values": dict(best.values), **best.figures},
                    "untrained" if config.task == "signs" else "floor": baseline,
                    "card": done.protocol,
                    "front": [outcome.number for outcome in done.front],
                    "failed": [outcome.number for outcome in done.outcomes if outcome.error],
                    "interrupted": done.interrupted,
                    "seconds": round(done.seconds, 1),
                },
                default=str,
            )
        )
    else:
        click.echo()
        click.echo(flow.leaderboard(done.outcomes, config.objective, baseline, config.task))
        click.echo()
        words, second = SECOND[config.task]
        click.echo(
            f"best: trial {best.number}, val mAP {figure(best.figures, 'val/map')}, "
            f"{words} {figure(best.figures, second)}; mAP is "
            f"{best.figures['val/map'] / baseline['val/map']:.2f} × the {done.known_as}'s "
            f"{figure(baseline, 'val/map')}; {done.seconds:.0f} s in all"
        )
        click.echo(f"measured: {done.protocol}")
        click.echo(f"registered: {done.registered}")
        click.echo(f"MLflow: {done.tracker.uri}, run {done.run_id}")
        click.echo(f"look: {look(done.tracker, done.run_id)}")
    if done.interrupted:
        say(
            f"stopped after {len(done.outcomes)} of {config.trials} trials; a sweep does not go "
            "on: the same command with another --name starts anew"
        )
        raise KeyboardInterrupt


def space_file(task: str) -> Path:
    """The space that is searched when none is given; wheels carry a copy beside the package."""
    here = Path(__file__)
    own, packaged = (here.parents[up] / "tune_configs" / SPACES[task] for up in (2, 1))
    return own if own.exists() else packaged
