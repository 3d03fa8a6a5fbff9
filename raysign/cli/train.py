"""``raysign train`` and ``jobs/train.py``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from raysign.cli.door import door, json_option


@door(
    example="raysign train --config tune_configs/wlasl100.yaml --data stores/wlasl100\n"
    "raysign train workers=2 optim.epochs=5",
    overrides="a setting of the run",
)
@click.option("--config", "file", metavar="FILE", help="YAML with the settings of the run.")
@click.option(
    "--data",
    metavar="STORE",
    envvar="RAYSIGN_STORE",
    help="Store to learn from (default: the synthetic world).",
)
@click.option("--name", help="Name of the run; give it again to go on where it was stopped.")
@click.option(
    "--out",
    default="runs",
    show_default=True,
    metavar="FOLDER",
    help="Where runs are kept; on a cluster, storage that every node reaches.",
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

    store = (f"data.store={json.dumps(data)}",) if data else ()
    config = load_config(TrainConfig, file, (*store, *overrides))
    folder = Path(out).absolute() / (name or time.strftime("train-%Y%m%d-%H%M%S"))
    tracker = tracking.connect()

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    done = flow.train(
        config, tracker=tracker, folder=folder, say=say, register=register, on_ray=not local
    )
    if as_json:
        click.echo(
            json.dumps(
                {
                    "bundle": str(done.bundle),
                    "model": done.registered.uri if done.registered else None,
                    "run_id": done.run_id,
                    "best_epoch": done.best_epoch,
                    "seconds": round(done.seconds, 1),
                    **done.metrics,
                    **done.baseline,
                }
            )
        )
        return
    click.echo(
        f"best: epoch {done.best_epoch}, val mAP {done.metrics['val/map']:.3f}, "
        f"R@1 {done.metrics['val/recall_at_1']:.3f} "
        f"(untrained {done.baseline['untrained/map']:.3f}, "
        f"{done.baseline['untrained/recall_at_1']:.3f}), after {done.seconds / 60:.1f} min"
    )
    click.echo(f"bundle: {done.bundle}")
    if done.registered:
        click.echo(f"registered: {done.registered.uri}, version {done.registered.version}")
    click.echo(f"MLflow: {tracker.uri}, run {done.run_id}")
