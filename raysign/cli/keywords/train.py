"""``raysign keywords train`` and ``jobs/keywords.py``."""

from __future__ import annotations

import json
import math

import click

from raysign.cli.door import door, json_option
from raysign.cli.runs import run_folder, run_options


@door(
    example="raysign keywords train --config tune_configs/keywords_cpu.yaml --data stores/phoenix "
    "--name gloss\n"
    "raysign keywords train --data stores/phoenix data.words=translation workers=2",
    overrides="a setting of the run",
    kind="keywords",
)
@run_options(
    config="YAML with the settings of the run.",
    name="Name of the run; give it again to go on where it was stopped.",
    data="Store of sentences to learn from.",
)
@click.option("--local", is_flag=True, help="Run the loop in this process, without Ray.")
@click.option(
    "--register/--no-register",
    default=True,
    show_default=True,
    help="Put the best epoch into the model registry, as raysign-keywords.",
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
    """Train a model that finds words in sentences: on Ray, on 1 to N workers, resumable.

    Recorded in MLflow. It learns from sentences and their words alone, and gets its context models
    at the end.
    """
    from raysign import tracking
    from raysign import train as flow
    from raysign.config import KeywordConfig, load_config

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    store = (f"data.store={json.dumps(data)}",) if data else ()
    config = load_config(KeywordConfig, file, (*store, *overrides))
    folder = run_folder(out, name, "keywords")
    tracking.check()  # MLflow's file is made only when the sentences are known to be good

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
                    **{
                        name: value if math.isfinite(value) else None
                        for name, value in (done.metrics | done.baseline).items()
                    },
                    "card": done.protocol,
                },
                allow_nan=False,
            )
        )
        return
    best, floor = done.metrics, done.baseline
    click.echo(
        f"best: epoch {done.best_epoch}, val mAP {flow.figure(best, 'val/map')}, "
        f"maxF1 {flow.figure(best, 'val/max_f1')} "
        f"(knowing nothing {flow.figure(floor, 'floor/map')}, "
        f"{flow.figure(floor, 'floor/max_f1')}), after {done.seconds / 60:.1f} min"
    )
    click.echo(f"measured: {done.protocol}")
    click.echo(f"bundle: {done.bundle}")
    if done.registered:
        click.echo(f"registered: {done.registered}")
    click.echo(f"MLflow: {done.tracker.uri}, run {done.run_id}")
