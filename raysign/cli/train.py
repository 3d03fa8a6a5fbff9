"""``raysign train`` and ``jobs/train.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from raysign.cli.door import door, json_option
from raysign.cli.planned import dry_run_option
from raysign.cli.runs import run_options
from raysign.cli.trained import Asked, train_as_asked

if TYPE_CHECKING:
    from raysign.train import Trained


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
@dry_run_option
@json_option
def train(**asked: Unpack[Asked]) -> None:
    """Train one encoder: on Ray, on 1 to N workers, resumable, recorded in MLflow."""
    from raysign.config import TrainConfig

    train_as_asked(TrainConfig, asked, called="train", figures=_figures)


def _figures(done: Trained) -> str:
    from raysign.train import figure

    best, untrained = done.metrics, done.baseline
    return (
        f"val mAP {figure(best, 'val/map')}, R@1 {figure(best, 'val/recall_at_1')} "
        f"(untrained {figure(untrained, 'untrained/map')}, "
        f"{figure(untrained, 'untrained/recall_at_1')})"
    )
