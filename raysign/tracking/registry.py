"""Models in MLflow's registry: a bundle folder inside a pyfunc model, no pickle anywhere."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from raysign.errors import BundleError
from raysign.tracking.entry import MANIFESTS, Entry, entry_of
from raysign.tracking.quiet import one_line
from raysign.tracking.tracker import RegisteredVersion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import RegisteredModel

PAGE_CHARS = 5000
"""Longest page that a registry on MySQL or PostgreSQL takes."""
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


def register(
    client: MlflowClient,
    uri: str,
    experiment_id: str,
    folder: str | Path,
    run_id: str,
    name: str | None,
) -> RegisteredVersion:
    """See ``Tracker.register``."""
    entry = entry_of(folder)
    name = name or entry.name
    model = _log_model(client, entry, Path(folder), experiment_id, run_id, name)
    registered = _registered(client, name)
    source = (
        f"models:/{model.model_id}"  # not its files: the page links to the logged model by this
    )
    with _process_uri(client.tracking_uri):
        created = client.create_model_version(
            name, source, run_id, tags=entry.tags, model_id=model.model_id
        )
    version = str(created.version)
    page = _page(entry, uri, f"models:/{name}/{version}")
    client.update_model_version(name, version, page)
    alias: Literal["champion", "candidate"]
    alias = "candidate" if "champion" in registered.aliases else "champion"
    client.set_registered_model_alias(name, alias, version)
    # Whoever made it champion, the model's own page shows the one that is.
    champion = str(registered.aliases.get("champion", version))
    if champion != version:
        page = client.get_model_version(name, champion).description or ""
    client.update_registered_model(name, _model_page(page, uri, name, champion))
    return RegisteredVersion(name, version, alias, champion)


def download(client: MlflowClient, uri: str, model_uri: str, destination: str | Path) -> Path:
    """See ``Tracker.fetch_bundle``."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    destination = Path(destination)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise BundleError(f"{str(destination)!r} is not empty; give a new folder")
    if not re.fullmatch(r"models:/[^/@]+([/@][^/@]+)?", model_uri):
        raise BundleError(f"{model_uri!r} names no registered model; type models:/NAME@ALIAS")
    destination.parent.mkdir(parents=True, exist_ok=True)
    draft = tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent)
    try:
        with _process_uri(client.tracking_uri):
            download_artifacts(model_uri, dst_path=draft)
        found = sorted(file for name in MANIFESTS for file in Path(draft).rglob(name))
        if len(found) != 1:
            raise BundleError(f"{model_uri!r} was not registered by raysign: it holds no bundle")
        os.replace(found[0].parent, destination)
    except MlflowException as error:
        if error.error_code not in NOT_FOUND:
            raise
        raise BundleError(
            f"no model {model_uri!r} at {uri}: {one_line(error).rstrip('.')}"
            f"{_aliases(client, model_uri)}; `raysign sweep` registers one"
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return destination


def _aliases(client: MlflowClient, model_uri: str) -> str:
    """Those that the model of ``models:/NAME@ALIAS`` has, in words; '' where it is another uri."""
    from mlflow.exceptions import MlflowException

    name, at, _ = model_uri.removeprefix("models:/").partition("@")
    try:
        aliases = client.get_registered_model(name).aliases if at else {}
    except MlflowException:  # there is no such model either
        return ""
    return f"; {name} has {', '.join(f'@{alias}' for alias in sorted(aliases))}" if aliases else ""


def _log_model(
    client: MlflowClient,
    entry: Entry,
    folder: Path,
    experiment_id: str,
    run_id: str,
    name: str,
) -> LoggedModel:
    """The steps of ``mlflow.pyfunc.log_model`` without its global run and server."""
    from mlflow.entities import LoggedModelOutput, Metric
    from mlflow.models import Model

    metrics = {key: value for key, value in entry.metrics.items() if np.isfinite(value)}
    step, now = int(entry.card.get("epoch") or 0), int(time.time() * 1000)
    model = client.create_logged_model(
        experiment_id, name=name, source_run_id=run_id, tags=entry.tags
    )
    with tempfile.TemporaryDirectory() as scratch:
        data, packed = Path(scratch, "bundle"), Path(scratch, "model")
        shutil.copytree(folder, data)
        entry.pack(
            packed,
            data,
            Model(
                artifact_path=model.artifact_location,
                model_uuid=model.model_id,
                model_id=model.model_id,
                run_id=run_id,
            ),
        )
        client.log_model_artifacts(model.model_id, str(packed))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=step)])
    if metrics:
        # MLflow shows a model's metrics on its run too, where the plain names are each epoch's.
        rows = [
            Metric(f"best/{k}", v, now, step, model_id=model.model_id) for k, v in metrics.items()
        ]
        client.log_batch(run_id, metrics=rows)
    return model


def _registered(client: MlflowClient, name: str) -> RegisteredModel:
    from mlflow.exceptions import MlflowException

    try:
        return client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return client.get_registered_model(name)


@contextmanager
def _process_uri(uri: str) -> Iterator[None]:
    """Where mlflow asks the process's server instead of the client's, let it be the same."""
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type] # reads the variable again
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _page(entry: Entry, uri: str, model_uri: str) -> str:
    return _cut(entry.page(uri, model_uri), PAGE_CHARS - 500)


def _model_page(page: str, uri: str, name: str, version: str) -> str:
    """The registered model's page: the champion's, called by its alias."""
    page = page.replace(f"models:/{name}/{version}", f"models:/{name}@champion")
    return _cut(
        f"The champion is version {version}; each newly registered one is the `candidate`. "
        f"To make version N the champion: `mlflow.MlflowClient().set_registered_model_alias("
        f'"{name}", "champion", N)`.\n\n{page}',
        PAGE_CHARS,
    )


def _cut(page: str, chars: int) -> str:
    """The config stands last, and stands in the bundle too: it may be cut."""
    if len(page) <= chars:
        return page
    head = page[: chars - 60].rpartition("\n")[0]
    fence = "\n```" if head.count("```") % 2 else ""
    return f"{head}{fence}\n\n… the rest stands in the bundle's README.md\n"
