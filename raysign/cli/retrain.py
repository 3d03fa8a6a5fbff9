"""``raysign retrain`` and ``jobs/retrain.py``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from raysign.cli.door import door, json_option
from raysign.cli.planned import tell_end
from raysign.cli.runs import look, run_folder, run_options

if TYPE_CHECKING:
    from raysign.config import RetrainConfig
    from raysign.retrain import Plan, Retrained
    from raysign.sweep import Plan as TrainingPlan
    from raysign.tracking import Tracker


@door(
    example="raysign retrain --dry-run\n"
    "raysign retrain --data stores/asl-2027 --name spring\n"
    "raysign retrain runs/sweep-20270301-101500 --config tune_configs/retrain.yaml\n"
    "raysign retrain models:/raysign-encoder@champion seeds=[0,1] workers=4 "
    "protocols.val.gate=not_worse --no-promote",
    overrides="what is declared, and `train.KEY=VALUE` a setting of the training",
    kind="retrain",
)
@click.argument("source", required=False)
@run_options(
    config="YAML with seeds, protocols and gates.",
    name="Name of the re-training; give it again to go on where it was stopped.",
    data="Store to learn from (default: that of what is trained again).",
)
@click.option("--local", is_flag=True, help="Train in this process, without Ray.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be done, check it, and do nothing; without --local also what it takes.",
)
@click.option(
    "--promote/--no-promote",
    "move",
    default=True,
    show_default=True,
    help="Make the candidate champion where it passes every gate. After --no-promote the same "
    "command without it does so.",
)
@json_option
def retrain(
    overrides: tuple[str, ...],
    source: str | None,
    file: str | None,
    data: str | None,
    name: str | None,
    out: str,
    local: bool,
    dry_run: bool,
    move: bool,
    as_json: bool,
) -> None:
    """Train the champion's recipe again, and promote the result if it is better beyond noise.

    SOURCE is whose settings are trained again: a model in the registry (default: its champion),
    the folder of a sweep or a run, or a run's id in MLflow. The candidate is compared with the
    champion on the same queries; it takes its place where every protocol that is a gate says so.
    """
    from raysign import retrain as flow
    from raysign import tracking
    from raysign.config import RetrainConfig, load_config
    from raysign.config.load import setting

    if source is not None and "=" in source:
        overrides, source = (source, *overrides), None

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    store = (setting("train.data.store", data),) if data else ()
    config = load_config(RetrainConfig, file, (*store, *overrides))
    source = source or f"models:/{config.model}@champion"
    if dry_run:
        plan = flow.make_plan(source, config, _reader())
        if local:
            _tell(plan, None, as_json)
            return
        from raysign.sweep import plan_training

        _tell(plan, plan_training(plan.recipe.config, say, len(config.seeds)), as_json)
        return
    folder = run_folder(out, name, "retrain")
    tracking.check()
    done = flow.retrain(
        source,
        config,
        reader=_reader,
        connect=tracking.connect,
        folder=folder,
        say=say,
        move=move,
        on_ray=not local,
    )
    if as_json:
        click.echo(json.dumps(_as_json(done, config), ensure_ascii=False))
        return
    click.echo(f"\n{done.evidence}\n")
    click.echo(done.outcome)
    click.echo(f"bundle: {done.bundle}")
    click.echo(f"the page: {done.report / 'report.html'}")
    click.echo(f"MLflow: {done.tracker.uri}, run {done.run_id}")
    click.echo(f"look: {look(done.tracker, done.run_id)}")


def _tell(plan: Plan, trainings: TrainingPlan | None, as_json: bool) -> None:
    """What would be done, and what all seeds take; None = nobody looked."""
    from raysign.sweep import lines_of

    if as_json:
        took = None if trainings is None else trainings.as_json()
        click.echo(json.dumps({**plan.as_json(), "trainings": took}, default=str))
    else:
        unmeasured = ["how long: leave out --local, and a few batches are trained to see"]
        took_lines = unmeasured if trainings is None else lines_of(trainings)
        click.echo("\n".join([*plan.lines(), *took_lines]))
    tell_end(trainings, as_json)


def _reader() -> Tracker | None:
    """The registry as it is; None where MLflow's file has yet to be made."""
    from raysign import tracking

    return tracking.connect(create=False) if tracking.exists() else None


def _as_json(done: Retrained, config: RetrainConfig) -> dict[str, object]:
    return {
        **done.decision,
        "outcome": done.outcome,
        "promoted": done.promoted,
        "model": f"models:/{config.model}/{done.version}",
        "run_id": done.run_id,
        "bundle": str(done.bundle),
        "report": str(done.report),
    }
