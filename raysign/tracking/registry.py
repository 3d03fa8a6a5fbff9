"""Models in MLflow's registry: a bundle folder inside a pyfunc model, no pickle anywhere."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from raysign.errors import BundleError
from raysign.tracking.champions import champion_of, first, move
from raysign.tracking.entry import MANIFESTS, Entry, entry_of
from raysign.tracking.openings import WEIGHTS
from raysign.tracking.pages import Page
from raysign.tracking.quiet import one_line
from raysign.tracking.tracker import RegisteredVersion
from raysign.tracking.versions import refresh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

    from raysign.tracking.tracker import Tracker

NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")


def register(
    tracker: Tracker,
    folder: str | Path,
    run_id: str,
    name: str | None,
    first_is_champion: bool,
) -> RegisteredVersion:
    """See ``Tracker.register``."""
    client, entry = tracker.client, entry_of(folder)
    name = name or entry.name
    _make_model(client, name)
    version = _registered_before(client, entry, name, run_id)
    if version is None:
        model = _log_model(client, entry, Path(folder), tracker.experiment_id, run_id, name)
        source = f"models:/{model.model_id}"  # not its files: by this the page links to the model
        with _process_uri(client.tracking_uri):
            created = client.create_model_version(
                name, source, run_id, tags=entry.tags, model_id=model.model_id
            )
        version = str(created.version)
    if not client.get_model_version(name, version).description:
        page = Page(entry.page(tracker.uri, f"models:/{name}/{version}"))
        client.update_model_version(name, version, str(page))
    champion = champion_of(client, name)
    if not champion and first_is_champion:
        moved = move(client, name, first(version))
        champion = version if moved else champion_of(client, name)
    alias: Literal["champion", "candidate", ""]
    alias = "champion" if champion == version else "candidate"
    if alias == "candidate":
        newest = int(client.get_registered_model(name).aliases.get(alias, 0))
        if newest > int(version):
            alias = ""  # registered again: another one came after it
        else:
            client.set_registered_model_alias(name, alias, version)
    refresh(tracker, name, version)
    return RegisteredVersion(name, version, alias, champion)


def _registered_before(
    client: MlflowClient, entry: Entry[Any], name: str, run_id: str
) -> str | None:
    """The version that this run made of this very bundle, before it was interrupted."""
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    mine = entry.tags[WEIGHTS]
    same = [str(each.version) for each in found if each.tags.get(WEIGHTS) == mine]
    return same[0] if same else None


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
    """The steps of ``mlflow.pyfunc.log_model`` without its global run and server.

    Steps that were done before an interruption are not done again.
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric

    step, now = int(entry.card.get("epoch") or 0), int(time.time() * 1000)
    mine = f"source_run_id = '{run_id}' and tags.{WEIGHTS} = '{entry.tags[WEIGHTS]}'"
    begun = list(client.search_logged_models([experiment_id], mine))
    model = (
        begun[0]
        if begun
        else client.create_logged_model(
            experiment_id, name=name, source_run_id=run_id, tags=entry.tags
        )
    )
    if model.status != LoggedModelStatus.READY:
        _upload(client, entry, folder, model, run_id)
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    outputs = getattr(client.get_run(run_id).outputs, "model_outputs", None) or []
    if model.model_id not in {output.model_id for output in outputs}:
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=step)])
    metrics = {key: value for key, value in entry.metrics.items() if np.isfinite(value)}
    if metrics and not client.get_logged_model(model.model_id).metrics:
        # MLflow shows a model's metrics on its run too, where the plain names are each epoch's.
        rows = [
            Metric(f"best/{k}", v, now, step, model_id=model.model_id) for k, v in metrics.items()
        ]
        client.log_batch(run_id, metrics=rows)
    return model


def _upload(
    client: MlflowClient, entry: Entry[Any], folder: Path, model: LoggedModel, run_id: str
) -> None:
    from mlflow.models import Model

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


def _make_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


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
