"""``raysign keywords sweep``."""

from __future__ import annotations

from typing import Any

from raysign.cli.door import door
from raysign.cli.runs import run_options
from raysign.cli.sweep import run_sweep, sweep_options


@door(
    example="raysign keywords sweep --data stores/phoenix --trials 8\n"
    "raysign keywords sweep --data stores/phoenix objective=val/max_f1 train.optim.epochs=12",
    overrides="a setting of the sweep, and `train.KEY=VALUE` one of every trial",
    kind="sweep",
)
@run_options(
    config="YAML with the space (default: tune_configs/keywords_sweep.yaml).",
    name="Name of the sweep.",
    data="Store of sentences to learn from; needed, unless --config names one.",
)
@sweep_options
def sweep(**given: Any) -> None:
    """Search for the best model that finds words: Ray Tune and Optuna try configs.

    MLflow keeps every trial; the best one gets its context models and is registered.
    """
    run_sweep(only="keywords", **given)
