"""A sweep's folder: what it began with, and how it is taken up again.

sweep.yaml       its settings
journal.jsonl    every trial drawn, each result, each end (see ``journal``)
trials/KEY/      the state of each training, then its best epoch; error.txt where it failed
bundle/          the winner's, at the end
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raysign.config import SweepConfig, resolve
from raysign.config.load import read_yaml, write_yaml
from raysign.errors import ConfigError, TrainingError
from raysign.sweep.journal import JOURNAL, Journal
from raysign.tracking import recorded_run, tagged_runs
from raysign.trees import changes, leaves
from raysign.whole import whole_file

if TYPE_CHECKING:
    from raysign.tracking import Tracker

SETTINGS = "sweep.yaml"
MAY_CHANGE = frozenset({"trials", "time_budget_s", "placement", "selection"})
"""How long it goes on, where, and how its winner is chosen."""


def startup_trials(trials: int) -> int:
    """Random trials before TPE begins to learn: a third, 3–10 (10 is Optuna's default)."""
    return min(10, max(3, trials // 3))


def is_sweep(folder: Path) -> bool:
    """Has a sweep begun there?"""
    return (folder / SETTINGS).exists() and (folder / JOURNAL).exists()


def what_is_left(config: SweepConfig, folder: Path) -> SweepConfig:
    """A sweep less the trials and the time that it has had."""
    if not is_sweep(folder):
        return config
    journal = Journal.open(folder)
    journal.close()
    ended = sum(entry.ended for entry in journal.entries.values() if entry.seed is None)
    left: dict[str, float] = {"trials": max(1, config.trials - ended)}
    if config.time_budget_s is not None:
        left["time_budget_s"] = max(1.0, config.time_budget_s - journal.elapsed_s)
    return config.model_copy(update=left)


def begun(folder: Path) -> SweepConfig:
    """The settings that the sweep in a folder began with; ``ConfigError`` where there is none."""
    if not is_sweep(folder):
        raise ConfigError(
            f"there is no sweep to resume in {str(folder)!r}; give the name or the folder that "
            "`raysign sweep` printed in its first lines, and --out where that is not `runs`"
        )
    return resolve(SweepConfig, read_yaml(str(folder / SETTINGS)))


def check_same(folder: Path, config: SweepConfig, *, resumed: bool = False) -> None:
    """``ConfigError`` where the folder holds something else than this sweep.

    ``resumed``: it was asked for as one to go on with.
    """
    if not folder.exists() or not {*os.listdir(folder)} - {JOURNAL}:
        return
    name, where = folder.name, str(folder.parent)
    if not (folder / SETTINGS).exists():
        raise ConfigError(f"there is a run {name!r} in {where!r} already; give another --name")
    changed = changes(*(_settled(c) for c in (begun(folder), config)))
    if changed and resumed:
        raise ConfigError(
            f"sweep {name!r} began with {'; '.join(changed[:3])}, and keeps what it began with: "
            "leave that out; --trials, --time-budget, `placement` and `selection` may be others"
        )
    if changed:
        raise ConfigError(
            f"there is a sweep {name!r} in {where!r} already, and it began with "
            f"{'; '.join(changed[:3])}; give another --name, or type raysign sweep --resume {name} "
            "to go on with that one"
        )


def open_journal(folder: Path, config: SweepConfig, *, data: str, commit: str) -> Journal:
    """The journal of a sweep, which begins or goes on.

    Raises:
        TrainingError: another process has it, or it was begun with other clips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal.open(folder)
    try:
        check_same(folder, config)  # another may have begun one of that name meanwhile
    except ConfigError:
        journal.close()
        raise
    # What may change is kept, for who resumes it after this.
    with whole_file(folder / SETTINGS) as draft:
        # In its own order, in which the sampler draws.
        text = write_yaml(config.model_dump(mode="json", exclude_none=True))
        draft.write_text(text, encoding="utf-8")
    if not journal.about:
        # The sampler's first trials are random ones: how many, must not change with --trials.
        startup = startup_trials(config.trials)
        journal.begin(sweep=uuid.uuid4().hex, data=data, commit=commit, startup=startup)
    elif journal.about["data"] != data:
        journal.close()
        raise TrainingError(
            f"sweep {folder.name!r} began with clips {journal.about['data']}, these are {data}: "
            "trials are compared on the same clips; give another --name"
        )
    return journal


def parent_run(tracker: Tracker, folder: Path, config: SweepConfig, journal: Journal) -> str:
    """The sweep's own run in MLflow: the one that it had, or a new one."""
    about = journal.about
    for run in tagged_runs(tracker, "sweep", about["sweep"]):
        if run.status != "RUNNING":
            tracker.reopen(run.run_id)
        _add_params(tracker, run.run_id, config)
        return run.run_id
    tags = {"kind": "sweep", "sweep": about["sweep"], "folder": str(folder)}
    tags |= {"commit": about["commit"], "data": about["data"]}
    run_id = tracker.start_run(folder.name, tags=tags)
    _add_params(tracker, run_id, config)
    return run_id


def where(folder: Path, journal: Journal, trials: int) -> str:
    """Where a sweep of so many trials is kept, and how far it is, for people."""
    known = len(journal.entries)
    if not known:
        return (
            f"run {folder.name}, kept in {folder}; Ctrl-C ends it and keeps the best trial so far"
        )
    ended = sum(entry.ended for entry in journal.entries.values())
    if ended == known and sum(e.seed is None for e in journal.entries.values()) >= trials:
        return (
            f"run {folder.name}, kept in {folder}: all of its trials have ended, nothing is left "
            "to train but what the selection asks for; --trials with a larger number goes on"
        )
    return (
        f"run {folder.name}, kept in {folder}, goes on after {journal.elapsed_s:.0f} s: "
        f"{ended} of {known} trials that were begun have ended"
    )


def folder_of_run(tracker: Tracker, run_id: str) -> Path:
    """Where the sweep of an MLflow run is kept; ``ConfigError`` where that is no sweep."""
    folder = recorded_run(tracker, run_id).tags.get("folder")
    if folder is None:
        raise ConfigError(f"run {run_id!r} is no sweep that can be resumed")
    return Path(folder)


def _add_params(tracker: Tracker, run_id: str, config: SweepConfig) -> None:
    """Those that the run lacks: MLflow takes no other value for one that it has."""
    known = recorded_run(tracker, run_id).params
    mine = {"sweep": config.model_dump(mode="json", exclude={"space", "train"})}
    tracker.log_params(run_id, {k: v for k, v in leaves(mine) if k not in known})


def _settled(config: SweepConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude=set(MAY_CHANGE))
