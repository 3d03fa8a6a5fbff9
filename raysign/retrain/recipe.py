"""What is trained again: the settings behind a model in the registry, a run, or a folder."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from raysign.bundle import Bundle, load_any
from raysign.bundle.form import FORMS
from raysign.config import EnsembleConfig, TrainConfig, resolve
from raysign.errors import BundleError, ConfigError, TrackingError
from raysign.tracking import recorded_run, recorded_text, version_of, version_of_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.bundle import AnyBundle
    from raysign.config import RetrainConfig
    from raysign.tracking import Tracker

RECIPE = "recipe.json"
"""Where a run of ``raysign retrain`` keeps its recipe among its artifacts."""
RUN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Recipe:
    """One training, but for its seed."""

    of: str
    """Where it is from, in words."""
    config: TrainConfig


def read_recipe(source: str, config: RetrainConfig, tracker: Tracker | None) -> Recipe:
    """The recipe that SOURCE names, with the changes of ``config``.

    Args:
        source: ``models:/NAME@ALIAS``; the folder of a bundle, or of a run or sweep that has one;
            or the id of a run in MLflow that registered a model.
        config: ``train``, ``workers`` and ``epoch`` change the recipe.
        tracker: the registry; None where there is none yet.

    Raises:
        BundleError, TrackingError: SOURCE names no model.
        ConfigError: it cannot be trained again, or the changes do not fit it.
    """
    of, bundle, run_id = _bundle(source, tracker)
    if not isinstance(bundle, Bundle):
        raise ConfigError(
            f"{source!r} is a keyword model, and raysign retrain is for encoders of signs; "
            "type raysign keywords train"
        )
    settings: Mapping[str, Any] = bundle.config.model_dump(mode="json")
    if isinstance(bundle.config.encoder, EnsembleConfig):
        settings = _of_its_seeds(source, bundle, run_id, tracker)
    elif bundle.card.get("made_of"):
        raise ConfigError(
            f"{source!r} is a soup, the mean of trained models; give one of its members"
        )
    tree = merged(settings, config.train)
    if config.workers is not None:
        tree["workers"] = config.workers
    tree["seed"] = config.seeds[0]
    try:
        made = resolve(TrainConfig, tree)
    except ConfigError as error:
        raise ConfigError(f"train: {error}") from None
    return Recipe(of, _measured(made, config.epoch))


def _of_its_seeds(
    source: str, bundle: Bundle, run_id: str, tracker: Tracker | None
) -> dict[str, Any]:
    """The settings of the training whose seeds an ensemble puts together.

    ``ConfigError`` where no re-training made it: its members may differ in anything.
    """
    if run_id and tracker is not None:
        try:
            found: dict[str, Any] = json.loads(recorded_text(tracker, run_id, RECIPE))
            return found
        except (TrackingError, ValueError):
            pass  # another kind of run
    made_of = bundle.card.get("made_of")
    members = made_of.get("members", ()) if isinstance(made_of, dict) else ()
    places = [Path(source).parent / str(member["name"]) for member in members]
    there = [place for place in places if place.is_dir()]
    names = ", ".join(str(member["name"]) for member in members)
    raise ConfigError(
        f"{source!r} is an ensemble, which is not trained but put together"
        + (f" (of {names})" if names else "")
        + "; give the folder of one of its members: raysign retrain "
        + (quote(str(there[0])) if there else "FOLDER")
        + " choose=ensemble makes an ensemble of its seeds"
    )


def _measured(made: TrainConfig, epoch: str) -> TrainConfig:
    """Where the last epoch is kept, no other is measured: nothing is chosen by the queries."""
    every = made.evaluate.every
    if epoch == "last":
        every = made.optim.epochs
    elif every >= made.optim.epochs:  # as a re-training that kept the last epoch left it
        every = 1
    measured = made.evaluate.model_copy(update={"every": every})
    return made.model_copy(update={"evaluate": measured})


def merged(tree: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A nested config with changes; a section of another ``kind`` is replaced as a whole."""
    found = dict(tree)
    for key, value in changes.items():
        old = found.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            same_kind = value.get("kind", old.get("kind")) == old.get("kind")
            found[key] = merged(old, value) if same_kind else value
        else:
            found[key] = value
    return found


def _bundle(source: str, tracker: Tracker | None) -> tuple[str, AnyBundle, str]:
    """Where it is from, itself, and the run that registered it, '' where nobody did."""
    if source.startswith("models:/"):
        bundle = _registered(source, tracker)
        called, run_id = _called(source, tracker)
        return called, bundle, run_id
    folder = Path(source)
    for place in (folder, folder / "bundle"):
        if any((place / form.manifest).is_file() for form in FORMS):
            return str(folder), load_any(place), ""
    if folder.exists():
        raise BundleError(
            f"{source!r} holds no bundle, nor has it a folder `bundle`; give the folder of a "
            "sweep or a run that has ended"
        )
    if RUN.fullmatch(source) and tracker is not None:
        version = version_of_run(tracker, source)
        if version is None:
            run = recorded_run(tracker, source)
            raise TrackingError(
                f"run {source!r} ({run.name}) has registered no model; give that of a sweep, or of "
                "a training, that has ended"
            )
        of = f"{version.name} version {version.number}, of run {source}"
        return of, _registered(version.uri, tracker), source
    raise BundleError(
        f"{source!r} is no folder, no model in the registry and no run in MLflow; give "
        "models:/raysign-encoder@champion, the folder of a sweep, or its run's id"
    )


def _called(uri: str, tracker: Tracker | None) -> tuple[str, str]:
    """With the number of the version, as an alias moves; and its run."""
    name, _, which = re.sub("[@/]", " ", uri.removeprefix("models:/")).partition(" ")
    if tracker is None or not which:
        return uri, ""
    version = version_of(tracker, name, which)
    return f"{name} version {version.number}", version.run_id


def _registered(uri: str, tracker: Tracker | None) -> AnyBundle:
    if tracker is None:
        raise BundleError(
            f"no model {uri!r}: there is no MLflow file here; run this where it was trained, or "
            "set MLFLOW_TRACKING_URI"
        )
    with tempfile.TemporaryDirectory() as folder:
        return load_any(tracker.fetch_bundle(uri, Path(folder) / "bundle"))
