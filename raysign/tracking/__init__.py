"""MLflow remembers: runs, metrics, and the registry of models. Only a run's driver writes to it.

The one room that imports mlflow, and only when it is asked to: importing the room does nothing.
"""

from raysign.tracking.away import Away
from raysign.tracking.champions import Move
from raysign.tracking.model import DEFAULT, load_keywords, load_model
from raysign.tracking.openings import Count, Opening, all_openings
from raysign.tracking.promotion import promote, rollback
from raysign.tracking.reading import (
    RecordedRun,
    recorded_children,
    recorded_run,
    recorded_steps,
    recorded_text,
    tagged_runs,
)
from raysign.tracking.sealed import Opened, open_test
from raysign.tracking.server import check, connect, default_uri, exists, impatient
from raysign.tracking.tracker import RegisteredVersion, Tracker, fetch_bundle
from raysign.tracking.versions import (
    Version,
    champion_version,
    decide,
    model_names,
    moves_of,
    version_of,
    version_of_run,
    versions_of,
)

__all__ = [
    "DEFAULT",
    "Away",
    "Count",
    "Move",
    "Opened",
    "Opening",
    "RecordedRun",
    "RegisteredVersion",
    "Tracker",
    "Version",
    "all_openings",
    "champion_version",
    "check",
    "connect",
    "decide",
    "default_uri",
    "exists",
    "fetch_bundle",
    "impatient",
    "load_keywords",
    "load_model",
    "model_names",
    "moves_of",
    "open_test",
    "promote",
    "recorded_children",
    "recorded_run",
    "recorded_steps",
    "recorded_text",
    "rollback",
    "tagged_runs",
    "version_of",
    "version_of_run",
    "versions_of",
]
