"""The driver's eye on a sweep: trials become child runs in MLflow, and lines for a person."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ray.tune import Callback

from raysign.errors import ConfigError, TrackingError
from raysign.sweep.results import Outcome, reported_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ray.tune.experiment import Trial

    from raysign.sweep.space import Space
    from raysign.tracking import Tracker


class Recorder(Callback):
    """Tune calls it in the driver, so the driver alone writes to MLflow.

    ``outcomes`` has every trial that reported or failed, by number.
    """

    def __init__(
        self,
        tracker: Tracker,
        parent: str,
        space: Space,
        objective: tuple[str, ...],
        trials: int,
        say: Callable[[str], None],
        budget_ms: float | None = None,
    ) -> None:
        self.tracker, self.parent, self.space, self.say = tracker, parent, space, say
        self.objective, self.trials, self.budget_ms = objective, trials, budget_ms
        self.numbers: dict[str, int] = {}
        self.runs: dict[str, str] = {}
        """By trial; empty where MLflow did not take it."""
        self.open: dict[str, Trial] = {}
        self.told = False
        self.outcomes: dict[int, Outcome] = {}
        self.started = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves callbacks with the experiment; connections and functions cannot go along."""
        return {"objective": self.objective, "trials": self.trials}

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        if trial.trial_id in self.numbers:
            return
        self.open[trial.trial_id] = trial
        # In the order in which they were drawn, not started: it is the same for the same seed.
        number = self.numbers[trial.trial_id] = 1 + trials.index(trial)
        self.runs[trial.trial_id] = ""
        with self._going_on():
            run_id = self.runs[trial.trial_id] = self.tracker.start_run(
                f"trial-{number:03d}",
                parent=self.parent,
                tags={"kind": "trial", "searched": ", ".join(trial.config)},
            )
            self.tracker.log_params(run_id, self._params(trial.config))
        self.outcomes[number] = Outcome.of(
            number, dict(trial.config), {}, run_id=self.runs[trial.trial_id]
        )

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        number, epoch = self.numbers[trial.trial_id], int(result["epoch"])
        run_id = self.runs[trial.trial_id]
        outcome = Outcome.of(number, dict(trial.config), result, run_id=run_id)
        slow = self.budget_ms is not None and outcome.figures["latency_ms"] > self.budget_ms
        self.outcomes[number] = replace(outcome, too_slow=slow)
        if run_id:
            with self._going_on():
                self.tracker.log_metrics(run_id, _logged(result), epoch)
        first = self.objective[0]
        worth = result[reported_name(first)]
        self.say(
            f"[{time.monotonic() - self.started:4.0f} s] trial {number}/{self.trials}  "
            f"epoch {epoch:>3}  "
            f"loss {result['train/loss']:.3f}  best {first} {worth:.3f}"
            + (f"  too slow: {outcome.figures['latency_ms']:.1f} ms" if slow else "")
        )

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._end(trial, "")

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        lines = (trial.error_file and _last_line(trial.error_file)) or "no reason given"
        self._end(trial, lines)

    def time_is_up(self) -> None:
        """End the trials that the time budget stopped: what they have measured counts."""
        for trial in list(self.open.values()):
            self._end(trial, "")

    def abandon(self) -> None:
        """End the runs of trials that an interruption left open."""
        while self.open:
            trial_id, _ = self.open.popitem()
            number = self.numbers[trial_id]
            self.outcomes[number] = replace(self.outcomes[number], error="interrupted")
            if self.runs[trial_id]:
                with self._going_on():
                    self.tracker.finish(self.runs[trial_id], "KILLED")

    def _end(self, trial: Trial, error: str) -> None:
        if self.open.pop(trial.trial_id, None) is None:
            return  # Tune calls again where the first call failed
        number, run_id = self.numbers[trial.trial_id], self.runs[trial.trial_id]
        outcome = replace(self.outcomes[number], error=error)
        if trial.checkpoint:
            outcome = replace(outcome, checkpoint=trial.checkpoint.path)
        self.outcomes[number] = outcome
        best = {f"best/{name}": value for name, value in outcome.figures.items()}
        if error:
            self.say(f"trial {number} failed: {error}")
        if not run_id:
            return
        with self._going_on():
            self.tracker.log_metrics(run_id, best | {"duration_s": outcome.seconds}, outcome.epochs)
            if error:
                self.tracker.set_tags(run_id, {"error": error})
        with self._going_on():
            self.tracker.finish(run_id, "FAILED" if error else "FINISHED")

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """The search outlives a server's pause; at its end MLflow has to answer again."""
        try:
            yield
        except TrackingError as error:
            if not self.told:
                self.say(f"note: MLflow did not take all of the trials: {error}")
            self.told = True

    def _params(self, values: dict[str, Any]) -> dict[str, Any]:
        """The whole config; the values alone where they make none, and the trial will fail."""
        try:
            return self.space.config(values).model_dump(mode="json")
        except ConfigError:
            return dict(values)


def _logged(result: dict[str, Any]) -> dict[str, float]:
    names = {"latency_ms", "parameters", "epoch_s", "train/loss"}
    return {
        name: float(value)
        for name, value in result.items()
        if name in names or name.startswith("val/")
    }


def _last_line(error_file: str) -> str:
    with open(error_file, encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip()]
    return re.sub(r"^raysign\.errors\.\w+: ", "", lines[-1]) if lines else ""
