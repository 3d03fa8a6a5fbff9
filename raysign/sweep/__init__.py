"""Ray Tune + Optuna over training configs: a YAML space → the best encoder, every trial in MLflow."""

from raysign.sweep.results import leaderboard
from raysign.sweep.run import Swept, sweep
from raysign.sweep.space import Space

__all__ = ["Space", "Swept", "leaderboard", "sweep"]
