"""``raysign train`` and ``jobs/train.py``."""

from __future__ import annotations

import json

import click

from raysign.cli.door import door, json_option
from raysign.cli.runs import run_folder, run_options


@door(
    example="raysign train --config tune_configs/wlasl100.yaml --data stores/wlasl100 "
    "--name wlasl100\n"
    "raysign train workers=2 optim.epochs=5",
    overrides="a setting of the run",
)
@run_options(
    config="YAML with the settings of the run.",
    name="Name of the run; give it again to go on where it was stopped.",
)
@click.option("--local", is_flag=True, help="Run the loop in this process, without Ray.")
@click.option(
    "--register/--no-register",
    default=True,
    show_default=True,
    help="Put the best epoch into the model registry.",
)
@json_option
def train(
    overrides: tuple[str, ...],
    file: str | None,
    data: str | None,
    name: str | None,
    out: str,
    local: bool,
    register: bool,
    as_json: bool,
) -> None:
    """Train one encoder: on Ray, on 1 to N workers, resumable, recorded in MLflow."""
    from raysign import tracking
    from raysign import train as flow
    from raysign.config import TrainConfig, load_config

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    store = (f"data.store={json.dumps(data)}",) if data else ()
    config = load_config(TrainConfig, file, (*store, *overrides))
    folder = run_folder(out, name, "train")
    tracking.check()  # MLflow's file is made only when the clips are known to be good

    done = flow.train(
        config,
        connect=tracking.connect,
        folder=folder,
        say=say,
        register=register,
        on_ray=not local,
    )
    if as_json:
        click.echo(
            json.dumps(
                {
                    "bundle": str(done.bundle),
                    "model": done.model,
                    "run_id": done.run_id,
                    "best_epoch": done.best_epoch,
                    "seconds": round(done.seconds, 1),
                    **done.metrics,
                    **done.baseline,
                    "card": done.protocol,
                }
            )
        )
        return
    best, untrained = done.metrics, done.baseline
    click.echo(
        f"best: epoch {done.best_epoch}, val mAP {flow.figure(best, 'val/map')}, "
        f"R@1 {flow.figure(best, 'val/recall_at_1')} "
        f"(untrained {flow.figure(untrained, 'untrained/map')}, "
        f"{flow.figure(untrained, 'untrained/recall_at_1')}), after {done.seconds / 60:.1f} min"
    )
    click.echo(f"measured: {done.protocol}")
    click.echo(f"bundle: {done.bundle}")
    if done.registered:
        click.echo(f"registered: {done.registered}")
    click.echo(f"MLflow: {done.tracker.uri}, run {done.run_id}")
