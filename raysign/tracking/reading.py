"""Reading back what a run left in MLflow."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raysign.errors import TrackingError
from raysign.tracking.quiet import mlflow_calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.tracking.tracker import Tracker


@dataclass(frozen=True)
class RecordedRun:
    """One run; ``params`` are texts under dotted paths, ``metrics`` the last value of each."""

    run_id: str
    name: str
    status: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    @classmethod
    def _of(cls, run: Any) -> RecordedRun:
        return cls(
            str(run.info.run_id),
            str(run.info.run_name),
            str(run.info.status),
            dict(run.data.tags),
            dict(run.data.params),
            dict(run.data.metrics),
        )


def recorded_run(tracker: Tracker, run_id: str) -> RecordedRun:
    """The run of that id; ``TrackingError`` where there is none."""
    with mlflow_calls(f"no run {run_id!r} in MLflow at {tracker.uri}; give a run's id"):
        return RecordedRun._of(tracker.client.get_run(run_id))


def recorded_children(tracker: Tracker, run_id: str) -> tuple[RecordedRun, ...]:
    """The runs under a run, by name."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not list the runs under {run_id!r}"):
        experiment = tracker.client.get_run(run_id).info.experiment_id
        found: list[Any] = []
        token: str | None = None
        while token is None or token:
            part = tracker.client.search_runs(
                [experiment], f"tags.`mlflow.parentRunId` = '{run_id}'", page_token=token
            )
            found.extend(part)
            token = part.token or ""
    return tuple(sorted(map(RecordedRun._of, found), key=lambda run: run.name))


def recorded_steps(tracker: Tracker, run_id: str, metric: str) -> list[int]:
    """The steps at which a run has a metric."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not give {metric} of run {run_id!r}"):
        return [found.step for found in tracker.client.get_metric_history(run_id, metric)]


def tagged_runs(tracker: Tracker, name: str, value: str) -> tuple[RecordedRun, ...]:
    """The experiment's runs with that value of a tag, newest first; a thousand at most."""
    with mlflow_calls(f"MLflow at {tracker.uri} does not list runs by {name}"):
        found = tracker.client.search_runs(
            [tracker.experiment_id], f"tags.`{name}` = '{value}'", max_results=1000
        )
    return tuple(map(RecordedRun._of, found))


def recorded_text(tracker: Tracker, run_id: str, path: str) -> str:
    """A text artifact of a run; ``TrackingError`` where it has none of that path."""
    what = f"run {run_id!r} in MLflow at {tracker.uri} has no {path!r}"
    with tempfile.TemporaryDirectory() as folder:
        with mlflow_calls(what):
            file = tracker.client.download_artifacts(run_id, path, folder)
        try:
            return Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TrackingError(f"{what}: {error}") from None
