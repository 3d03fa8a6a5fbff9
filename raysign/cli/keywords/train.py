"""``raysign keywords train`` and ``jobs/keywords.py``."""

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
    example="raysign keywords train --config tune_configs/keywords_cpu.yaml --data stores/phoenix "
    "--name gloss\n"
    "raysign keywords train --data stores/phoenix data.words=translation workers=2",
    overrides="a setting of the run",
    kind="keywords",
)
@run_options(
    config="YAML with the settings of the run.",
    name="Name of the run; give it again to go on where it was stopped.",
    data="Store of sentences to learn from; needed, unless --config names one.",
)
@click.option("--local", is_flag=True, help="Run the loop in this process, without Ray.")
@click.option(
    "--register/--no-register",
    default=True,
    show_default=True,
    help="Put the best epoch into the model registry, as raysign-keywords.",
)
@dry_run_option
@json_option
def train(**asked: Unpack[Asked]) -> None:
    """Train a model that finds words in sentences: on Ray, on 1 to N workers, resumable.

    Recorded in MLflow. It learns from sentences and their words alone, and gets its context models
    at the end.
    """
    from raysign.config import KeywordConfig

    train_as_asked(KeywordConfig, asked, called="keywords", figures=_figures)


def _figures(done: Trained) -> str:
    from raysign.train import figure

    best, floor = done.metrics, done.baseline
    return (
        f"val mAP {figure(best, 'val/map')}, maxF1 {figure(best, 'val/max_f1')} "
        f"(knowing nothing {figure(floor, 'floor/map')}, {figure(floor, 'floor/max_f1')})"
    )
