"""Whether a sweep that was disturbed has what it would have had in peace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from raysign.bundle import load_bundle
from raysign.config import KeywordConfig
from raysign.engine import build_training
from raysign.errors import TrainingError
from raysign.sweep import begun, space_of
from raysign.sweep.journal import Journal
from raysign.tracking import connect, recorded_children, tagged_runs, versions_of
from raysign.train.material import read_material

if TYPE_CHECKING:
    from local_cluster.folder import Folder
    from raysign.sweep.journal import Entry

MEASURED = ("train/loss", "val/map", "val/mrr", "val/recall_at_1")


def check(folder: Folder, sweep: Path, trials: int) -> Iterator[str]:
    """What was looked at, a line each; ``TrainingError`` where something was lost or doubled."""
    journal = Journal.open(sweep)
    journal.close()
    entries = [entry for entry in journal.entries.values() if entry.seed is None]
    _must(len(entries) == trials, f"{len(entries)} trials instead of {trials}")
    for entry in entries:
        _must(entry.error == "", f"trial {entry.number}: {entry.error}")
    yield f"{trials} of {trials} trials ended, none failed"

    tracker = connect(folder.exports()["MLFLOW_TRACKING_URI"])
    (parent,) = tagged_runs(tracker, "sweep", str(journal.about["sweep"]))
    children = recorded_children(tracker, parent.run_id)
    names = [run.name for run in children]
    _must(names == sorted(f"trial-{e.key}" for e in journal.entries.values()), f"runs {names}")
    for run in (parent, *children):
        _must(run.status == "FINISHED", f"run {run.name} is {run.status}")
    epochs = 0
    for run in children:
        entry = journal.entries[run.tags["trial"]]
        for name in MEASURED:
            found = tracker.client.get_metric_history(run.run_id, name)
            told = {(m.step, m.value) for m in found}
            mine = {(int(result["epoch"]), result[name]) for result in entry.results}
            _must(len(found) == len(told), f"{name} of {run.name} twice")
            _must(told == mine, f"{name} of {run.name} differs from the journal")
        epochs += len(entry.results)
    runs = f"1 + {len(children)} runs, all FINISHED"
    yield f"MLflow: {runs}; {epochs} epochs, each metric of each once"

    made = [
        v
        for v in versions_of(tracker, "raysign-encoder")
        if v.run_id in {run.run_id for run in (parent, *children)}
    ]
    _must(len(made) == 1, f"{len(made)} registered versions")
    with tempfile.TemporaryDirectory() as place:
        bundle = load_bundle(tracker.fetch_bundle(made[0].uri, Path(place) / "bundle"))
    best = max(entry.results[-1]["best/val/map"] for entry in entries)
    yield (
        f"registry: one version, whole; its val mAP is {bundle.metrics['val/map']:.3f} "
        f"(highest of all trials {best:.3f})"
    )
    same = sum(_again(entry, sweep) for entry in entries)
    _must(same == trials, f"{same} of {trials} trials have the metrics of an undisturbed training")
    yield f"{same} of {trials} trials have the metrics of the same training undisturbed, to the bit"


def _again(entry: Entry, sweep: Path) -> bool:
    """Train once more in this process, as far as the trial came."""
    config = space_of(begun(sweep)).config(entry.values)
    assert not isinstance(config, KeywordConfig)
    torch.set_num_threads(1)
    training = build_training(
        config.model_copy(update={"device": "cpu"}), read_material(config, lambda line: None).data
    )
    told: list[dict[str, float]] = []
    training.run(lambda epoch: told.append({"epoch": epoch.number, **epoch.metrics()}))
    first = told[: len(entry.results)]
    return all(
        mine[name] == theirs[name]
        for mine, theirs in zip(entry.results, first, strict=True)
        for name in MEASURED
    )


def _must(held: bool, what: str) -> None:
    if not held:
        raise TrainingError(f"not as it would have been in peace: {what}")
