"""Writing to MLflow by explicit run ids: no global active run, so that only the driver writes."""

from __future__ import annotations

import getpass
import math
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from raysign.tracking.quiet import mlflow_calls, without_password
from raysign.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.figure import Figure
    from mlflow import MlflowClient

BATCH = 100
"""Parameters that MLflow takes in one call."""
VALUE_CHARS = 6000
"""Longest value of a parameter that MLflow keeps."""
TAG_CHARS = 8000
"""Longest tag."""


@dataclass(frozen=True)
class RegisteredVersion:
    """A model in the registry."""

    name: str
    version: str
    alias: Literal["champion", "candidate", ""]
    """'' where it was registered before, and the candidate is a newer one."""
    champion: str
    """The version that is the champion; '' where there is none."""

    @property
    def uri(self) -> str:
        """What to give as MODEL."""
        return f"models:/{self.name}" + (f"@{self.alias}" if self.alias else f"/{self.version}")

    def __str__(self) -> str:
        text = f"{self.uri}, version {self.version}"
        if self.champion in ("", self.version):
            return text
        return (
            f"{text} (a candidate, since there is a champion, version {self.champion}, maybe of "
            f"other data: it stays until `raysign registry promote {self.version}`)"
        )


class Tracker:
    """One MLflow server and experiment, made by ``connect``.

    ``uri`` is where it writes, absolute, without a password. Every method may raise
    ``TrackingError``.
    """

    def __init__(self, client: MlflowClient, uri: str, experiment_id: str) -> None:
        self.client = client
        self.uri = without_password(uri)
        self.experiment_id = experiment_id
        self._failed = f"MLflow at {self.uri} refused"

    def start_run(
        self,
        name: str,
        *,
        parent: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> str:
        """Start a run, under another one if ``parent`` is given; returns its id."""
        from raysign.tracking.server import impatient

        labels = {"mlflow.user": user(), "mlflow.source.name": sys.argv[0]}
        if parent:
            labels["mlflow.parentRunId"] = parent
        if tags and tags.get("commit"):
            labels["mlflow.source.git.commit"] = str(tags["commit"]).removesuffix("-dirty")
        labels.update({key: _clipped(value, TAG_CHARS) for key, value in (tags or {}).items()})
        with mlflow_calls(self._failed), impatient():  # asked again by itself, it might begin two
            run = self.client.create_run(self.experiment_id, tags=labels, run_name=name)
        run_id = str(run.info.run_id)
        if params:
            self.log_params(run_id, params)
        return run_id

    def log_params(self, run_id: str, params: Mapping[str, Any]) -> None:
        """Log a config as it is nested; keys become dotted paths, long values are cut."""
        from mlflow.entities import Param

        rows = [Param(key, _clipped(value, VALUE_CHARS)) for key, value in leaves(params)]
        with mlflow_calls(self._failed):
            for start in range(0, len(rows), BATCH):
                self.client.log_batch(run_id, params=rows[start : start + BATCH])

    def log_metrics(
        self, run_id: str, metrics: Mapping[str, float], step: int, at_ms: int | None = None
    ) -> None:
        """Log an epoch's metrics in one call; what is not finite is left out.

        MLflow keeps those of the same ``at_ms`` (milliseconds since 1970; None = now) once, however
        often they are sent.
        """
        from mlflow.entities import Metric

        now = int(time.time() * 1000) if at_ms is None else at_ms
        rows = [
            Metric(key, float(value), now, step)
            for key, value in metrics.items()
            if math.isfinite(value)
        ]
        if rows:
            with mlflow_calls(self._failed):
                self.client.log_batch(run_id, metrics=rows)

    def set_tags(self, run_id: str, tags: Mapping[str, Any]) -> None:
        """Set tags on a run."""
        from mlflow.entities import RunTag

        rows = [RunTag(key, _clipped(value, TAG_CHARS)) for key, value in tags.items()]
        with mlflow_calls(self._failed):
            self.client.log_batch(run_id, tags=rows)

    def describe(self, run_id: str, markdown: str) -> None:
        """Set the text at the top of a run's page."""
        self.set_tags(run_id, {"mlflow.note.content": markdown})

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Store a text as a run's artifact at that path."""
        with mlflow_calls(self._failed):
            self.client.log_text(run_id, text, path)

    def log_artifact(self, run_id: str, local: str | Path, folder: str | None = None) -> None:
        """Store a file, or a folder with all that is in it, among a run's artifacts."""
        with mlflow_calls(self._failed):
            self.client.log_artifact(run_id, str(local), folder)

    def log_figure(self, run_id: str, figure: Figure, path: str) -> None:
        """Store a matplotlib figure as a run's artifact; the path's ending chooses the format."""
        with mlflow_calls(self._failed):
            self.client.log_figure(run_id, figure, path)

    def finish(
        self, run_id: str, status: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED"
    ) -> None:
        """End a run."""
        with mlflow_calls(self._failed):
            self.client.set_terminated(run_id, status)

    def discard(self, run_id: str) -> None:
        """Delete a run that is one too many."""
        with mlflow_calls(self._failed):
            self.client.delete_run(run_id)

    def reopen(self, run_id: str) -> None:
        """Go on with a run that had ended."""
        with mlflow_calls(self._failed):
            self.client.update_run(run_id, status="RUNNING")

    def register(
        self,
        bundle: str | Path,
        run_id: str,
        *,
        name: str | None = None,
        first_is_champion: bool = True,
    ) -> RegisteredVersion:
        """Put a bundle folder into the registry as a model that the run made.

        Its name is ``raysign-encoder`` or ``raysign-keywords``, by what the bundle holds, unless
        another is given. Its alias is ``champion`` if the registry has none yet and
        ``first_is_champion``, else ``candidate``. What a run has registered before stays one
        version: what an interruption left undone of it is done.
        """
        from raysign.tracking.registry import register

        with mlflow_calls(f"{self._failed} the model"):
            return register(self, bundle, run_id, name, first_is_champion)

    def fetch_bundle(self, model_uri: str, destination: str | Path) -> Path:
        """Download the bundle behind ``models:/name@alias`` into a new folder; returns the folder.

        Raises:
            BundleError: there is no such model, or it holds no bundle.
        """
        from raysign.tracking.registry import download

        with mlflow_calls(f"MLflow at {self.uri} did not give {model_uri!r}"):
            return download(self.client, self.uri, model_uri, destination)


def fetch_bundle(model_uri: str, destination: str | Path, *, uri: str | None = None) -> Path:
    """Download the bundle behind ``models:/raysign-encoder@champion`` from that MLflow server.

    Args:
        model_uri: any MLflow URI of a registered encoder: ``models:/name@alias``,
            ``models:/name/3``.
        destination: folder to make; it must be missing or empty.
        uri: of the server; the default one if None. No SQLite file is made.

    Raises:
        BundleError: there is no such model, or it holds no bundle.
        TrackingError: the server cannot be reached or refuses.
    """
    from raysign.tracking.server import connect

    return connect(uri, create=False).fetch_bundle(model_uri, destination)


def _clipped(value: Any, chars: int) -> str:
    text = str(value)
    return text if len(text) <= chars else text[: chars - 1] + "…"


def user() -> str:
    """Who runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's nameless user
        return "unknown"
