"""A training's run in MLflow: one, however often it goes on, with every epoch once.

MLflow may be away for a while, and whoever trains may be killed. So the figures of each epoch are
first added to a file in the run's folder, before the state is saved from which the training goes
on, and MLflow is brought up to that file. Of an epoch that is trained again, since its state was
lost, the first figures count.

epochs.jsonl   a line per epoch: ``epoch``, ``at_ms`` (since 1970) and ``metrics``
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from raysign.engine.loop import LOSS
from raysign.errors import TrackingError
from raysign.tracking import Away, impatient, recorded_steps, tagged_runs
from raysign.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from raysign.tracking import Tracker

EPOCHS = "epochs.jsonl"
KEY = "training"
"""The tag by which a run's folder finds its run in MLflow."""


def note(folder: Path, epoch: int, metrics: Mapping[str, float]) -> None:
    """Add an epoch to a run's folder."""
    figures = {name: float(value) for name, value in metrics.items()}
    line = json.dumps({"epoch": epoch, "at_ms": int(time.time() * 1000), "metrics": figures})
    with (folder / EPOCHS).open("ab", buffering=0) as file:
        # On a line of its own, also after one that a killed process left unfinished.
        file.write(f"\n{line}\n".encode())
        os.fsync(file.fileno())


class Recorder:
    """Brings a run in MLflow up to the epochs in its folder.

    Args:
        tracker, run_id: what is written to.
        folder: the training's.
        say: is told once that MLflow is away, and once that it is back.
        recorded: the epochs that the run has already.
    """

    def __init__(
        self,
        tracker: Tracker,
        run_id: str,
        folder: Path,
        say: Callable[[str], None],
        recorded: Collection[int] = (),
    ) -> None:
        self.tracker, self.run_id, self.say = tracker, run_id, say
        self.last_ms: int | None = None
        """When the last epoch was noted; what comes of all epochs is sent with this time too, so
        that MLflow keeps it once.
        """
        self._file, self._read_bytes = folder / EPOCHS, 0
        self._recorded = set(recorded)
        self._waiting: dict[int, Mapping[str, Any]] = {}
        self._away = Away(say)

    @classmethod
    def begin(
        cls,
        tracker: Tracker,
        folder: Path,
        key: str,
        say: Callable[[str], None],
        *,
        parent: str | None,
        tags: Mapping[str, Any],
        params: Mapping[str, Any],
    ) -> Recorder:
        """With the run that the training of that key had, or a new one."""
        found = tagged_runs(tracker, KEY, key)
        if not found:
            tags = {**tags, KEY: key}
            run_id = tracker.start_run(folder.name, parent=parent, tags=tags, params=params)
            return cls(tracker, run_id, folder, say)
        run = found[0]
        if run.status != "RUNNING":
            tracker.reopen(run.run_id)
        missing = {k: value for k, value in leaves(params) if k not in run.params}
        tracker.log_params(run.run_id, missing)
        recorded = recorded_steps(tracker, run.run_id, LOSS)
        return cls(tracker, run.run_id, folder, say, recorded)

    def push(self) -> None:
        """Bring what is new, if MLflow takes it now; it is kept else."""
        self._read()
        if not self._waiting or self._away.wait_s:
            return
        try:
            with impatient():
                self._bring()
        except TrackingError as error:
            kept = f"epoch {min(self._waiting)} is not recorded yet, but kept"
            self._away.went(f"{kept}: {error}")
            return
        self._away.answered("MLflow is back, and has all epochs")

    def settle(self) -> None:
        """Bring all; ``TrackingError`` where MLflow does not take it."""
        self._read()
        self._bring()

    def _bring(self) -> None:
        for epoch in sorted(self._waiting):
            line = self._waiting[epoch]
            self.tracker.log_metrics(self.run_id, line["metrics"], epoch, line["at_ms"])
            del self._waiting[epoch]

    def _read(self) -> None:
        """The lines that have come, but for one that is not whole."""
        try:
            with self._file.open("rb") as file:
                file.seek(self._read_bytes)
                whole = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return
        self._read_bytes += len(whole[0]) + len(whole[1])
        for text in whole[0].split(b"\n"):
            try:
                line = json.loads(text)
            except ValueError:
                continue  # empty, or of a process that was killed
            self.last_ms = line["at_ms"]
            if line["epoch"] not in self._recorded:
                self._recorded.add(line["epoch"])
                self._waiting[line["epoch"]] = line
