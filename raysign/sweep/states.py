"""What trials leave in a sweep's folder: a state to go on from, then only their best epoch."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

from raysign.sweep.journal import key_of
from raysign.train.checkpoint import FILE, PART, furthest, goes_on, load_state, save_state

TRIALS, CUT = "trials", "cut"
WORKERS = "workers"
"""Where a trainer over several workers keeps its checkpoints, in the trial's folder."""
NEEDED_LATER = (
    *("config", "epoch", "best_map", "best_epoch"),
    *("best_metrics", "best_weights", "best_evidence", "start"),
)


def folder_of(storage: str | Path, number: int, seed: int | None = None) -> Path:
    """Where a training of a sweep keeps its state."""
    return Path(storage) / TRIALS / key_of(number, seed)


def last_state(folder: Path) -> dict[str, Any] | None:
    """The last state of a training, on one worker or on several; None where it left none."""
    there = [*folder.glob(f"{WORKERS}/checkpoint_*/{FILE}"), *folder.glob(FILE)]
    return furthest(*(_whole(file.parent) for file in there))


def _whole(folder: Path) -> dict[str, Any] | None:
    """A state; None where it is only half there: a worker was stopped while it copied it.

    ``OSError`` where it may be whole, and the disk or the network does not give it now.
    """
    try:
        return load_state(folder)
    except (FileNotFoundError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None


def keep_cut(state: dict[str, Any], folder: Path) -> Path:
    """Keep the best epoch of a training as it was when its time was up; returns where.

    Those of several workers may be writing still, and what is chosen from must not change.
    """
    save_state(_of_best(state), folder / CUT)
    return folder / CUT


def drop_cut(folder: Path) -> None:
    """Remove it, since the choice was made."""
    shutil.rmtree(folder / CUT, ignore_errors=True)


def thin(folder: Path) -> None:
    """Keep of a training that has ended what its best epoch needs; the rest is most of its size.

    Nothing is removed before that is written: where it cannot be, all stays.
    """
    try:
        state = last_state(folder)
        if state is None:
            return
        if goes_on(state):
            save_state(_of_best(state), folder)
    except OSError:
        return
    shutil.rmtree(folder / WORKERS, ignore_errors=True)
    drop_cut(folder)
    for draft in folder.glob(f".{FILE}.*{PART}"):
        draft.unlink(missing_ok=True)


def _of_best(state: dict[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in NEEDED_LATER if name in state}
