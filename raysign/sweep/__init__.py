"""Ray Tune + Optuna over training configs: a YAML space → the best encoder, trials in MLflow."""

from raysign.sweep.dry_run import plan_sweep, plan_training
from raysign.sweep.plan import Plan
from raysign.sweep.plan_text import lines_of
from raysign.sweep.ready import space_of
from raysign.sweep.results import leaderboard
from raysign.sweep.resume import SETTINGS, begun, check_same, folder_of_run, is_sweep, what_is_left
from raysign.sweep.run import Swept, sweep
from raysign.sweep.space import Space, without

__all__ = [
    "SETTINGS",
    "Plan",
    "Space",
    "Swept",
    "begun",
    "check_same",
    "folder_of_run",
    "is_sweep",
    "leaderboard",
    "lines_of",
    "plan_sweep",
    "plan_training",
    "space_of",
    "sweep",
    "what_is_left",
    "without",
]
