"""``raysign sweep`` and ``jobs/sweep.py``: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from raysign.cli.door import door, json_option
from raysign.cli.runs import look, run_folder, run_options

DEFAULT = Path(__file__).parents[2] / "tune_configs" / "sweep.yaml"
"""The space that is searched when none is given; wheels carry a copy beside the package."""
PACKAGED = Path(__file__).parents[1] / "tune_configs" / "sweep.yaml"


@door(
    example="raysign sweep --trials 8\n"
    "raysign sweep --data stores/wlasl100 --time-budget 3600 "
    "train.optim.epochs=40",
    overrides="a setting of the sweep, and `train.KEY=VALUE` one of every trial",
)
@run_options(
    config="YAML with the space (default: tune_configs/sweep.yaml).", name="Name of the sweep."
)
@click.option("--trials", type=int, help="Configs to try.")
@click.option(
    "--time-budget", "time_budget_s", type=float, metavar="SECONDS", help="Stop after so long."
)
@click.option("--max-concurrent", type=int, help="Trials at a time.")
@click.option("--seed", type=int, help="Of the sampler and the trials.")
@json_option
def sweep(
    overrides: tuple[str, ...],
    file: str | None,
    data: str | None,
    name: str | None,
    out: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Search for the best encoder: Ray Tune and Optuna try configs, MLflow keeps every trial."""
    from raysign import sweep as flow
    from raysign import tracking
    from raysign.config import SweepConfig, load_config
    from raysign.train import figure

    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    if data:
        given.append(f"train.data.store={json.dumps(data)}")
    default = DEFAULT if DEFAULT.exists() else PACKAGED
    config = load_config(SweepConfig, file or default, (*given, *overrides))
    folder = run_folder(out, name, "sweep")
    flow.space_of(config)  # before anything is asked of MLflow

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    say(f"run {folder.name}, kept in {folder}; Ctrl-C ends it and keeps the best trial so far")
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
                    "untrained": baseline,
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
        click.echo(flow.leaderboard(done.outcomes, config.objective, baseline))
        click.echo()
        click.echo(
            f"best: trial {best.number}, val mAP {figure(best.figures, 'val/map')}, "
            f"R@1 {figure(best.figures, 'val/recall_at_1')}; mAP is "
            f"{best.figures['val/map'] / baseline['val/map']:.2f} × the untrained nearest "
            f"neighbour's {figure(baseline, 'val/map')}; {done.seconds:.0f} s in all"
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
