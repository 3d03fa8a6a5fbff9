"""The driver's eye on a sweep: what Tune reports goes to the journal, to people, and to MLflow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ray.tune import Callback
from ray.tune.schedulers import TrialScheduler

from raysign.sweep.journal import Entry, key_of
from raysign.sweep.results import INTERRUPTED, Outcome, reported_name
from raysign.sweep.sampling import LOSSES
from raysign.sweep.states import WORKERS, drop_cut, folder_of, keep_cut, last_state, thin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ray.tune.experiment import Trial

    from raysign.sweep.deliver import Delivery
    from raysign.sweep.journal import Journal

FOREVER = -1
"""Tune's word for failures that it does not count."""
NODE_LOST = "its node has died"
"""Ray's words for an actor that was not to blame."""


class Recorder(Callback):
    """Tune calls it in the driver, so the driver alone writes to the journal and to MLflow."""

    def __init__(
        self,
        journal: Journal,
        delivery: Delivery,
        folder: Path,
        objective: tuple[str, ...],
        trials: int,
        say: Callable[[str], None],
        budget_ms: float | None = None,
    ) -> None:
        self.journal, self.delivery, self.folder, self.say = journal, delivery, folder, say
        self.objective, self.trials, self.budget_ms = objective, trials, budget_ms
        self.losses: Counter[str] = Counter()
        """Of processes, since the last epoch."""
        self.cut = False
        """Has the time budget ended the search?"""
        self._kept: dict[str, Path] = {}
        """By key, the states of trainings that it has cut, as they were then."""
        self.told: set[str] = {e.key for e in journal.entries.values() if e.ended}
        """Whose end people know."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves callbacks with the experiment; connections and functions cannot go along."""
        return {"objective": self.objective, "trials": self.trials}

    @property
    def outcomes(self) -> list[Outcome]:
        """Every trial, in the order in which they were drawn; not those with another seed."""
        return [self.outcome(e) for e in self.journal.entries.values() if e.seed is None]

    def outcome(self, entry: Entry) -> Outcome:
        """What came out of a training."""
        last = entry.results[-1] if entry.results else {}
        error = entry.error
        if error is None:
            error = "" if self.cut else INTERRUPTED
        run = self.delivery.runs.get(entry.key)
        slow = self.budget_ms is not None and last.get("latency_ms", 0.0) > self.budget_ms
        return Outcome.of(
            entry.number,
            entry.values,
            last,
            error=error,
            too_slow=slow,
            state=str(self._kept.get(entry.key, self._folder(entry))),
            run_id=run.run_id if run else "",
        )

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self.delivery.push()

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        if "error" in result:
            return
        entry = self._entry(trial)
        if self._take(entry, result, stopped=bool(result.get("done"))):
            # An epoch more: it may be lost as often again.
            self.losses[entry.key], trial.max_failures = 0, FOREVER

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._ended(trial)

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._ended(trial)

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Its process or node was lost, and it is begun again where it was."""
        entry = self._entry(trial)
        what = "node" if NODE_LOST in _why(trial) else "process"
        if what == "process":  # a node that is taken away is no failure of the trial's
            self.losses[entry.key] += 1
            if self.losses[entry.key] >= LOSSES:
                trial.max_failures = trial.num_failures
        self.say(
            f"note: {self._named(entry)} lost its {what}; it goes on after epoch {entry.epoch}"
        )

    def time_is_up(self, scheduler: TrialScheduler) -> None:
        """What the trials have measured counts, although the time budget stopped them. A sweep that
        goes on with more time goes on with them.

        Their states are further than the journal: Tune leaves out what was on its way to it.
        """
        self.cut = True
        for entry in self.journal.entries.values():
            folder = self._folder(entry)
            if entry.ended or entry.seed is not None or (state := last_state(folder)) is None:
                continue
            self._kept[entry.key] = keep_cut(state, folder)
            left = [r for r in state.get("reported", ()) if r["epoch"] > entry.epoch]
            trial: Any = SimpleNamespace(config={"number": entry.number})
            told = [scheduler.on_trial_result(_no_controller, trial, result) for result in left]
            for result in left:
                # All of them stand behind the state, also those after which it was to be stopped.
                stopped = result is left[-1] and TrialScheduler.STOP in told
                self._take(entry, result, stopped=stopped)

    def chosen(self) -> None:
        """What was kept for the choice is not needed any more."""
        for folder in self._kept.values():
            drop_cut(folder.parent)
        self._kept = {}

    def _take(self, entry: Entry, result: Mapping[str, Any], *, stopped: bool) -> bool:
        """An epoch, to the journal and from there; False where it is known."""
        metrics = {name: float(value) for name, value in result.items() if _measured(name)}
        if not self.journal.result(entry.key, metrics, stopped=stopped):
            return False
        self.delivery.push()
        first = self.objective[0]
        slow = self.budget_ms is not None and metrics["latency_ms"] > self.budget_ms
        self.say(
            f"[{self.journal.elapsed_s:4.0f} s] {self._named(entry)}  epoch {entry.epoch:>3}  "
            f"loss {metrics['train/loss']:.3f}  best {first} {metrics[reported_name(first)]:.3f}"
            + (f"  too slow: {metrics['latency_ms']:.1f} ms" if slow else "")
        )
        return True

    def _ended(self, trial: Trial) -> None:
        entry = self._entry(trial)
        if entry.key in self.told:
            return  # Tune calls again where the first call failed
        self.told.add(entry.key)
        if entry.error:
            self.say(f"trial {entry.number} failed: {entry.error}")
        elif not (folder := self._folder(entry) / WORKERS).exists():
            # Those of several workers may be writing still: they are thinned at the end.
            thin(folder.parent)
        self.delivery.push()

    def _entry(self, trial: Trial) -> Entry:
        return self.journal.entries[key_of(trial.config["number"], trial.config["seed"])]

    def _folder(self, entry: Entry) -> Path:
        return folder_of(self.folder, entry.number, entry.seed)

    def _named(self, entry: Entry) -> str:
        again = "" if entry.seed is None else f" seed {entry.seed}"
        return f"trial {entry.number}/{self.trials}{again}"


_no_controller: Any = None


def _measured(name: str) -> bool:
    return ("/" in name and not name.startswith("config/")) or name in _NUMBERS


_NUMBERS = ("epoch", "epoch_s", "trial_s", "latency_ms", "parameters")


def _why(trial: Trial) -> str:
    """What Ray wrote about the last loss."""
    try:
        with open(trial.error_file or "", encoding="utf-8") as file:
            return file.read().rpartition("Failure # ")[2]
    except OSError:
        return ""
