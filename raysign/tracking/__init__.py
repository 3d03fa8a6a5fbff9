"""MLflow remembers: runs, metrics, and the registry of models. Only a run's driver writes to it.

The one room that imports mlflow, and only when it is asked to: importing the room does nothing.
"""

from raysign.tracking.model import DEFAULT, load_keywords, load_model
from raysign.tracking.reading import (
    RecordedRun,
    recorded_children,
    recorded_run,
    recorded_text,
)
from raysign.tracking.server import check, connect, default_uri
from raysign.tracking.tracker import RegisteredVersion, Tracker, fetch_bundle

__all__ = [
    "DEFAULT",
    "RecordedRun",
    "RegisteredVersion",
    "Tracker",
    "check",
    "connect",
    "default_uri",
    "fetch_bundle",
    "load_keywords",
    "load_model",
    "recorded_children",
    "recorded_run",
    "recorded_text",
]
