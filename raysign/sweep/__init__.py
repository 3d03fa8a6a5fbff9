"""Ray Tune + Optuna over training configs: a YAML space → the best encoder, trials in MLflow."""

from raysign.sweep.results import leaderboard
from raysign.sweep.run import Swept, space_of, sweep
from raysign.sweep.space import Space

__all__ = ["Space", "Swept", "leaderboard", "space_of", "sweep"]
