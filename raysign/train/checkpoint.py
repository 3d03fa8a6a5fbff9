"""A run's folder: what it began with, and how far it is.

run.lock                  open in the process that trains, so that no other does
run.json                  config, data and key; a run of that name takes no other; at the end, its
                          model
epochs.jsonl              the figures of each epoch
checkpoints/training.pt   the state after the last epoch, of a run without Ray or one that ended
ray/checkpoint_…/         the same while it runs on Ray
bundle/                   the best epoch, at the end
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from raysign.config import KeywordConfig, TrainConfig
from raysign.engine.loop import NOWHERE
from raysign.errors import TrainingError
from raysign.trees import changes
from raysign.whole import settle, settle_names, whole_file

FILE = "training.pt"
PART = ".part"
CHECKPOINTS = "checkpoints"
RAY = "ray"
BEGAN, LOCK = "run.json", "run.lock"
WHEN_A_DISK_IS_FULL = ("PytorchStreamWriter", "unexpected pos", "inline_container")
"""In the words of torch, which has no error of its own for it."""


def claim(folder: Path, config: TrainConfig | KeywordConfig, data: str) -> str:
    """Make the folder this run's; ``TrainingError`` where it is another's already.

    Returns:
        Its key, by which its run in MLflow is found again.
    """
    if check_claim(folder, config, data):
        began = json.loads((folder / BEGAN).read_text(encoding="utf-8"))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        began = _identity(config, data)
    if "key" not in began:
        began["key"] = uuid.uuid4().hex
        with whole_file(folder / BEGAN) as draft:
            draft.write_text(json.dumps(began, indent=1), encoding="utf-8")
    return str(began["key"])


def check_claim(folder: Path, config: TrainConfig | KeywordConfig, data: str | None = None) -> bool:
    """True where the folder is this run's, False where it is nobody's, else ``TrainingError``.

    ``data`` None: it is not known yet, and not compared.
    """
    ours = _identity(config, data)
    try:
        began = json.loads((folder / BEGAN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Of a process that was killed.
        left = {folder / LOCK, *folder.glob(f".{BEGAN}.*.part")}
        if folder.exists() and {*folder.iterdir()} - left:
            raise TrainingError(
                f"{str(folder)!r} holds something else than a training run; give another --name"
            ) from None
        return False
    changed = changes(began["config"], ours["config"])
    if not changed and data is not None and began["data"] != data:
        changed = [f"data {began['data']}, now {data}"]
    if changed:
        raise TrainingError(
            f"run {folder.name!r} began with {'; '.join(changed)}: give another --name, or the "
            "settings that it began with"
        )
    return True


@dataclass(frozen=True)
class Finished:
    """What a run that came to its end is known by."""

    run_id: str
    """MLflow's."""
    model: str | None
    """The registered version, ``models:/NAME/VERSION``; None where it is in no registry."""
    seconds: float


def mark_finished(folder: Path, done: Finished) -> None:
    """Note that all is done: the bundle is written, and registered where it should be."""
    began = json.loads((folder / BEGAN).read_text(encoding="utf-8"))
    with whole_file(folder / BEGAN) as draft:
        draft.write_text(json.dumps(began | {"finished": asdict(done)}, indent=1), "utf-8")


def finished(folder: Path) -> Finished | None:
    """How the run of a folder ended; None where it has not, or where its bundle is gone."""
    if not (folder / BEGAN).exists() or not (folder / "bundle").is_dir():
        return None
    done = json.loads((folder / BEGAN).read_text(encoding="utf-8")).get("finished")
    return None if done is None else Finished(**done)


def _identity(config: TrainConfig | KeywordConfig, data: str | None) -> dict[str, Any]:
    return {"data": data, "config": config.model_dump(mode="json", exclude=NOWHERE)}


def save_state(state: dict[str, Any], folder: str | Path) -> None:
    """Write a state; the file appears whole or not at all.

    ``OSError`` where the disk does not take it.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # A name of its own: a process on a node that was cut off may still be writing.
    draft = folder / f".{FILE}.{uuid.uuid4().hex[:8]}{PART}"
    try:
        try:
            torch.save(state, draft)
        except RuntimeError as error:
            if not any(said in str(error) for said in WHEN_A_DISK_IS_FULL):
                raise
            raise OSError(errno.ENOSPC, "the disk took only a part of it", str(draft)) from error
        settle(draft)
        os.replace(draft, folder / FILE)
        settle_names(folder)
    finally:
        draft.unlink(missing_ok=True)


def load_state(folder: str | Path) -> dict[str, Any]:
    """Read a state; tensors and plain values only, so nothing in it can run."""
    state: dict[str, Any] = torch.load(Path(folder) / FILE, map_location="cpu", weights_only=True)
    return state


def goes_on(state: dict[str, Any]) -> bool:
    """Can a training go on from a state, or does it hold its best epoch alone?"""
    return "optimizer" in state


def has_state(folder: Path) -> bool:
    """Whether a run's folder holds a state to go on from, with or without Ray."""
    return bool(_states(folder))


def last_state(folder: Path) -> dict[str, Any] | None:
    """The newest state in a run's folder, with or without Ray; None where it has not begun."""
    newest = max(_states(folder), key=lambda file: file.stat().st_mtime, default=None)
    return None if newest is None else load_state(newest.parent)


def _states(folder: Path) -> list[Path]:
    return [*(folder / CHECKPOINTS).glob(FILE), *(folder / RAY).glob(f"checkpoint_*/{FILE}")]


def furthest(*states: dict[str, Any] | None) -> dict[str, Any] | None:
    """The state of the latest epoch; None where there is none."""
    return max((s for s in states if s is not None), key=lambda s: s["epoch"], default=None)


def kept_state(folder: Path) -> dict[str, Any] | None:
    """What a run without Ray, or one that ended, left in a run's folder; None where none did."""
    there = (folder / CHECKPOINTS / FILE).exists()
    return load_state(folder / CHECKPOINTS) if there else None
