"""What a sweep's journal says, brought to MLflow: every trial a run, every metric once.

MLflow may be away for a while, or take something and fail to say so. So nothing is sent on trust:
after a failure, and where a sweep goes on, what the server has is looked up first, by the trial's
key among the parent's runs and by the epochs among a run's metrics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.engine.loop import LOSS
from raysign.errors import ConfigError, TrackingError
from raysign.tracking import Away, impatient, recorded_children, recorded_steps
from raysign.trees import leaves

if TYPE_CHECKING:
    from raysign.sweep.journal import Entry, Journal
    from raysign.sweep.space import Space
    from raysign.tracking import Tracker

DURATION = "duration_s"
PATIENCE_S = 600.0
"""How long a sweep that has ended waits for MLflow."""


@dataclass
class Delivered:
    """How far a training's run in MLflow is."""

    run_id: str
    epoch: int = 0
    """The last one that it has."""
    judged: int = 0
    """The last one whose best figures it has."""
    ended: bool = False


class Delivery:
    """Brings MLflow up to a journal. Called by the driver alone; it never raises but in ``settle``.

    Args:
        tracker, parent: where, and under which run.
        journal: what.
        space: gives the whole config of a trial's values.
        say: is told once that MLflow is away, and once that it is back.
    """

    def __init__(
        self,
        tracker: Tracker,
        parent: str,
        journal: Journal,
        space: Space,
        say: Callable[[str], None],
    ) -> None:
        self.tracker, self.parent, self.journal = tracker, parent, journal
        self.space, self.say = space, say
        self.runs: dict[str, Delivered] = {}
        """By key."""
        self._sure = not journal.entries
        self._doubted = False
        self._away = Away(say)

    def push(self) -> bool:
        """Bring what is new; True where MLflow has it all now."""
        if self._away.wait_s:
            return False
        try:
            with impatient():
                self._push()
        except TrackingError as error:
            self._away.went(f"MLflow does not take the trials, they are kept meanwhile: {error}")
            self._sure, self._doubted = False, True
            return False
        self._away.answered("MLflow is back, and has all of the trials")
        return True

    def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until MLflow has it all; ``TrackingError`` where it does not come back."""
        until = time.monotonic() + patience_s
        if self._doubted:
            self._sure = False  # what was sent before an answer was lost may have come since
        while not self.push():
            wait_s = self._away.wait_s
            if time.monotonic() + wait_s > until:
                raise TrackingError(
                    f"MLflow at {self.tracker.uri} has been away for {patience_s:.0f} s and lacks "
                    "some of the trials; start it, and type the same command with --resume and the "
                    "sweep's name"
                )
            time.sleep(wait_s)

    def leave(self, *, cut: bool = False) -> None:
        """Mark the runs of trainings that did not end, since nobody works on them now.

        ``cut``: the time budget has ended them, and what they measured counts, if they did.
        """
        try:
            with impatient():
                for key, run in self.runs.items():
                    entry = self.journal.entries[key]
                    if entry.ended or run.ended:
                        continue
                    counts = cut and bool(entry.results)
                    if counts:
                        self._judge(entry, run)
                    self.tracker.finish(run.run_id, "FINISHED" if counts else "KILLED")
                    run.ended = True
        except TrackingError as error:
            self.say(f"note: runs of unfinished trials are not marked as killed: {error}")

    def _push(self) -> None:
        if not self._sure:
            self._look_up()
            self._sure = True
        for entry in list(self.journal.entries.values()):
            done = self.runs.get(entry.key)
            if done is None:
                done = self.runs[entry.key] = self._begin(entry)
            if not done.ended:
                self._bring(entry, done)

    def _look_up(self) -> None:
        """What the server has."""
        self.runs = {}
        for run in recorded_children(self.tracker, self.parent):
            entry = self.journal.entries.get(run.tags.get("trial", ""))
            if entry is None:
                continue
            if entry.key in self.runs:
                self.tracker.discard(run.run_id)  # begun twice, as an answer was lost
                continue
            found = self.runs[entry.key] = Delivered(run.run_id)
            found.epoch = self._last_step(run.run_id, LOSS)
            found.judged = self._last_step(run.run_id, DURATION)
            # A time budget may have ended the run, and the training has gone on since.
            whole = min(found.epoch, found.judged) >= entry.epoch
            found.ended = entry.ended and whole and run.status in ("FINISHED", "FAILED")
            if not found.ended:
                if run.status != "RUNNING":
                    self.tracker.reopen(run.run_id)
                params = dict(leaves(self._params(entry)))
                missing = {path: params[path] for path in params.keys() - run.params.keys()}
                self.tracker.log_params(run.run_id, missing)

    def _last_step(self, run_id: str, metric: str) -> int:
        return max(recorded_steps(self.tracker, run_id, metric), default=0)

    def _begin(self, entry: Entry) -> Delivered:
        run_id = self.tracker.start_run(
            f"trial-{entry.key}",
            parent=self.parent,
            tags={
                "kind": "trial" if entry.seed is None else "again",
                "trial": entry.key,
                "searched": ", ".join(entry.values),
            },
        )
        self.tracker.log_params(run_id, self._params(entry))
        return Delivered(run_id)

    def _bring(self, entry: Entry, done: Delivered) -> None:
        for result, at_ms in zip(entry.results, entry.times_ms, strict=True):
            if result["epoch"] > done.epoch:
                epoch = int(result["epoch"])
                self.tracker.log_metrics(done.run_id, _logged(result), epoch, at_ms)
                done.epoch = epoch
        if not entry.ended:
            return
        self._judge(entry, done)
        if entry.error:
            self.tracker.set_tags(done.run_id, {"error": entry.error})
        self.tracker.finish(done.run_id, "FAILED" if entry.error else "FINISHED")
        done.ended = True

    def _judge(self, entry: Entry, done: Delivered) -> None:
        """Its best epoch's figures."""
        if entry.epoch <= done.judged:
            return
        last = entry.results[-1]
        best = {n: v for n, v in last.items() if n.startswith("best/") or n in _COSTS}
        best = {n if n.startswith("best/") else f"best/{n}": v for n, v in best.items()}
        best[DURATION] = last["trial_s"]
        self.tracker.log_metrics(done.run_id, best, entry.epoch, entry.times_ms[-1])
        done.judged = entry.epoch

    def _params(self, entry: Entry) -> dict[str, Any]:
        """The whole config; the values alone where they make none, and the trial will fail."""
        again = {} if entry.seed is None else {"seed": entry.seed}
        try:
            return self.space.config(entry.values).model_dump(mode="json") | again
        except ConfigError:
            return {**entry.values, **again}


_COSTS = ("latency_ms", "parameters")


def _logged(result: Mapping[str, float]) -> dict[str, float]:
    names = {*_COSTS, "epoch_s", LOSS}
    return {n: v for n, v in result.items() if n in names or n.startswith("val/")}
