"""``raysign sweep`` and ``jobs/sweep.py``: the main job."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from raysign.cli.door import door, json_option
from raysign.cli.planned import dry_run_option, tell_plan
from raysign.cli.runs import look, run_folder, run_options
from raysign.errors import ConfigError
from raysign.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
SPACES = {"signs": "sweep.yaml", "keywords": "keywords_sweep.yaml"}
"""Whose space is searched when none is given, for each task."""
_RUN_ID = re.compile("[0-9a-f]{32}")
SECOND = {"signs": ("R@1", "val/recall_at_1"), "keywords": ("maxF1", "val/max_f1")}
"""What is told of the best trial beside its mAP."""


def sweep_options(function: F) -> F:
    """What every sweep is told beside where it runs."""
    options = [
        click.option("--trials", type=click.IntRange(1), help="Configs to try."),
        click.option(
            "--time-budget",
            "time_budget_s",
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Stop after so long.",
        ),
        click.option(
            "--max-concurrent",
            type=click.IntRange(1),
            help="Trials at a time (placement.trials_at_once).",
        ),
        click.option("--seed", type=click.IntRange(0), help="Of the sampler and the trials."),
        click.option(
            "--resume",
            metavar="RUN",
            help="Go on with a sweep that was stopped or killed, by its name, its folder or its id "
            "in MLflow. --trials, --time-budget, `placement` and `selection` may be others.",
        ),
        dry_run_option,
        json_option,
    ]
    for option in reversed(options):
        function = option(function)
    return function


@door(
    example="raysign sweep --trials 8\n"
    "raysign sweep --data stores/wlasl100 --time-budget 3600 "
    "train.optim.epochs=40\n"
    "raysign sweep --resume sweep-20261122-000359",
    overrides="a setting of the sweep, and `train.KEY=VALUE` one of every trial",
    kind="sweep",
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
    dry_run: bool,
    max_concurrent: int | None,
    resume: str | None,
    only: str | None = None,
    **options: Any,
) -> None:
    """Sweep as the options of a door say.

    ``only`` is the task that this door is for; ``ConfigError`` where the file has another.
    """
    from raysign import sweep as flow
    from raysign import tracking
    from raysign.config import SweepConfig, load_config
    from raysign.config.load import setting
    from raysign.train import figure

    options["placement.trials_at_once"] = max_concurrent
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    if data:
        given.append(setting("train.data.store", data))
    begun = None if resume is None else _begun(resume, out, name, file)
    own = None if begun is None else begun / flow.SETTINGS
    file_of_it = own or file or space_file(only or "signs")
    config = load_config(SweepConfig, file_of_it, (*given, *overrides))
    if only is not None and config.task != only:
        raise ConfigError(
            f"{str(file_of_it)!r} has task={config.task}; type raysign sweep "
            + (f"--resume {resume}" if resume else f"--config {file}")
        )
    folder = begun or run_folder(out, name, "sweep")
    config, fixed = flow.without(config, _given_for_all(overrides))
    flow.space_of(config)  # before anything is asked of MLflow
    flow.check_same(folder, config, resumed=begun is not None)  # before a plan, too

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    if fixed:
        say(f"note: not searched, as it is given or waits for what is not: {', '.join(fixed)}")
    tracking.check()  # its file is made only when the clips are known to be good
    if dry_run:
        tell_plan(flow.plan_sweep(flow.what_is_left(config, folder), say), as_json)
        return

    done = flow.sweep(config, connect=tracking.connect, folder=folder, say=say)
    best, baseline, selection = done.selection.run, done.baseline, done.selection
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
                    "selection": selection.as_json(),
                    "front": [*selection.front.trials] if selection.front else [best.number],
                    "failed": [outcome.number for outcome in done.outcomes if outcome.error],
                    "interrupted": done.interrupted,
                    "seconds": round(done.seconds, 1),
                },
                default=str,
            )
        )
    else:
        click.echo()
        table = done.outcomes, config.objective, baseline, config.task, selection.front
        click.echo(flow.leaderboard(*table))
        click.echo()
        words, second = SECOND[config.task]
        click.echo(f"selection: {selection.words}")
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
        again = folder.name if run_folder(out, folder.name, "") == folder else folder
        say(
            f"stopped after {len(done.outcomes)} of {config.trials} trials; "
            f"raysign sweep --resume {again} goes on"
        )
        raise KeyboardInterrupt


def _begun(run: str, out: str, name: str | None, file: str | None) -> Path:
    """The folder of the sweep to resume."""
    from raysign import sweep as flow
    from raysign import tracking

    if name is not None or file is not None:
        raise ConfigError(
            f"--resume {run} takes the name and the settings that the sweep has; leave "
            f"{'--name' if name is not None else '--config'} out"
        )
    runs = run_folder(out, run, "sweep").parent
    for folder in (Path(run).absolute(), run_folder(out, run, "sweep")):
        if flow.is_sweep(folder):
            return folder
    if _RUN_ID.fullmatch(run):
        return flow.folder_of_run(tracking.connect(create=False), run)
    there = sorted(p.name for p in runs.glob("*") if flow.is_sweep(p))
    known = f"there {'is' if len(there) == 1 else 'are'} {', '.join(there[-5:])}" if there else ""
    raise ConfigError(
        f"--resume {run}: no sweep is called so in {str(runs)!r}"
        + (f"; {known}" if known else "; give its folder, or --out where it was kept")
    )


def _given_for_all(overrides: tuple[str, ...]) -> set[str]:
    """Settings that were given for every trial: the space that also has them gives way."""
    from raysign.config.load import overridden

    given = dict(leaves(overridden({}, overrides)))
    return {path.removeprefix("train.") for path in given if path.startswith("train.")}


def space_file(task: str) -> Path:
    """The space that is searched when none is given; wheels carry a copy beside the package."""
    here = Path(__file__)
    own, packaged = (here.parents[up] / "tune_configs" / SPACES[task] for up in (2, 1))
    return own if own.exists() else packaged
