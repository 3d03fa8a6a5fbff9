"""When a trial is stopped early: ASHA, whose rungs are put back as they were from a journal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from raysign.config.sweep import MINIMISED
from raysign.sweep.results import reported_name

if TYPE_CHECKING:
    from ray.tune.experiment import Trial

    from raysign.config import SweepConfig
    from raysign.sweep.journal import Journal
    from raysign.sweep.space import Space


class Rungs(ASHAScheduler):
    """ASHA over a sweep's numbered trials: a trial that is begun again keeps its rungs.

    ASHA itself knows trials by ids that Tune makes anew, and Tune does not keep its rungs.
    """

    def resume(self, journal: Journal) -> None:
        """Take what a journal has been through."""
        for line in journal.past:
            if line["event"] == "driver" or (entry := _entry(journal, line)).seed is not None:
                continue
            trial: Any = _named(entry.number)
            if line["event"] == "drawn":
                super().on_trial_add(_nobody, trial)
            elif line["event"] == "result":
                super().on_trial_result(_nobody, trial, line["metrics"])
            elif entry.results:
                super().on_trial_complete(_nobody, trial, entry.results[-1])

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        super().on_trial_add(tune_controller, _numbered(trial))

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        decision: str = super().on_trial_result(tune_controller, _numbered(trial), result)
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        super().on_trial_complete(tune_controller, _numbered(trial), result)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        super().on_trial_remove(tune_controller, _numbered(trial))


def stopping(config: SweepConfig, space: Space, journal: Journal) -> TrialScheduler:
    """ASHA; none where there are several objectives, or one that does not grow with training."""
    first = config.objective[0]
    if len(config.objective) > 1 or first in MINIMISED:
        return FIFOScheduler()
    longest = max(c.optim.epochs for c in space.corner_configs())
    rungs = Rungs(
        time_attr="epoch",
        metric=reported_name(first),
        mode="max",
        max_t=longest,
        grace_period=min(config.grace_epochs, longest),
        reduction_factor=config.reduction_factor,
        # A trial that has done all its epochs ends by itself, with its workers.
        stop_last_trials=False,
    )
    rungs.resume(journal)
    return rungs


_nobody: Any = None


def _entry(journal: Journal, line: dict[str, Any]) -> Any:
    from raysign.sweep.journal import key_of

    return journal.entries[line.get("key") or key_of(line["number"], line["seed"])]


def _named(number: int) -> SimpleNamespace:
    """All that ASHA wants to know of a trial."""
    return SimpleNamespace(trial_id=str(number))


def _numbered(trial: Trial) -> Any:
    return _named(trial.config["number"])
