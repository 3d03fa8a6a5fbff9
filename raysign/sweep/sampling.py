"""Which values each trial gets: Optuna, journaled, and put back as it was from a journal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from raysign.config.sweep import MINIMISED
from raysign.sweep.journal import as_drawn, key_of
from raysign.sweep.results import reported_name

LOSSES = 3
"""So often a trial may be lost in a row, with no epoch finished between."""

if TYPE_CHECKING:
    from raysign.config import SweepConfig
    from raysign.sweep.journal import Entry, Journal
    from raysign.sweep.space import Space


class Sampling(OptunaSearch):
    """Ray's Optuna, which draws for numbered trials and keeps a journal of it.

    It is told what the journal has, in the journal's words: the same lines give the same draws,
    whoever reads them. The sampler is also told which trials are above the latency budget.
    """

    budget_ms: float | None = None
    journal: Journal | None = None

    def resume(self, journal: Journal, say: Callable[[str], None]) -> None:
        """Take what a journal has been through; trials that had not ended are drawn first again.

        The study and the sampler's random state are those of the sweep that wrote it, since all
        that they were asked and told is done once more. Where this Optuna draws other values (it is
        another version), the journal's are kept, and the sweep goes on as a similar one.
        """
        self.journal = journal
        self.numbers: dict[str, int] = {}
        self.waiting = [e for e in journal.entries.values() if e.seed is None and not e.ended]
        self.last = 0
        differs = False
        for line in list(journal.past):
            if line["event"] == "drawn" and line["seed"] is None:
                self.last = line["number"]
                wanted = as_drawn(line["values"])
                if self._draw(self.last) != wanted:
                    differs = True
                    self._put(self.last, wanted)
            elif line["event"] == "ended" and journal.entries[line["key"]].seed is None:
                self._tell(journal.entries[line["key"]])
        if differs:
            say(
                "note: this Optuna draws other values than the one that began the sweep; what was "
                "drawn is kept, what follows differs from an uninterrupted sweep"
            )

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        assert self.journal is not None
        if self.waiting:
            entry = self.waiting.pop(0)
        else:
            self.last += 1
            entry = self.journal.drawn(self.last, self._draw(self.last))
        self.numbers[trial_id] = entry.number
        return {"number": entry.number, "values": dict(entry.values), "seed": None}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: what counts is how a trial ended."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal has it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing likewise."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Note in the journal that it has ended, and tell the study."""
        assert self.journal is not None
        if (number := self.numbers.pop(trial_id, None)) is None:
            return  # Tune says it twice where it stops a trial that has ended
        entry = self.journal.entries[key_of(number, None)]
        self.journal.end(entry.key, _reason(result, error))
        self._tell(entry)

    def _draw(self, number: int) -> dict[str, Any]:
        drawn = super().suggest(str(number))
        assert drawn is not None
        return drawn

    def _put(self, number: int, values: dict[str, Any]) -> None:
        """These values in place of those that were drawn."""
        import optuna

        study: Any = self._ot_study
        space: Any = self._space
        study.tell(self._ot_trials[str(number)], state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(values)
        trial = self._ot_trials[str(number)] = study.ask()
        space(trial)

    def _tell(self, entry: Entry) -> None:
        number = str(entry.number)
        last = entry.results[-1] if entry.results else None
        if self.budget_ms is not None and last and number in self._ot_trials:
            # TPE tells feasible trials from others by a constraint that must be ≤ 0.
            over = last["latency_ms"] - self.budget_ms
            self._ot_trials[number].set_constraint("latency_ms", over)
        failed = bool(entry.error)
        super().on_trial_complete(number, None if failed else last, error=failed)


class Listed(Searcher):
    """Hands out a list of trainings, in order."""

    def __init__(self, journal: Journal, entries: Sequence[Entry], metric: str) -> None:
        super().__init__(metric=metric, mode="max")
        self.journal, self.waiting = journal, list(entries)
        self.keys: dict[str, str] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        if not self.waiting:
            finished: Any = Searcher.FINISHED
            return finished  # type: ignore[no-any-return]
        entry = self.waiting.pop(0)
        self.keys[trial_id] = entry.key
        return {"number": entry.number, "values": dict(entry.values), "seed": entry.seed}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Note in the journal that it has ended."""
        if (key := self.keys.pop(trial_id, None)) is not None:
            self.journal.end(key, _reason(result, error))

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal has it all."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing likewise."""


def _reason(result: Mapping[str, Any] | None, lost: bool) -> str:
    """Why a training failed; '' where it did not."""
    if lost:
        return f"its process or node was lost {LOSSES + 1} times with no epoch finished between"
    return str((result or {}).get("error", ""))


def sampling(
    config: SweepConfig, space: Space, journal: Journal, say: Callable[[str], None]
) -> Sampling:
    """Optuna for a sweep, as the journal left it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    metric = [reported_name(name) for name in config.objective]
    mode = ["min" if name in MINIMISED else "max" for name in config.objective]
    one = len(metric) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler: optuna.samplers.BaseSampler
        if config.sampler == "random":
            sampler = optuna.samplers.RandomSampler(config.seed)
        else:
            sampler = optuna.samplers.TPESampler(
                seed=config.seed, n_startup_trials=int(journal.about["startup"])
            )
        made = Sampling(
            space=space,
            metric=metric[0] if one else metric,
            mode=mode[0] if one else mode,
            sampler=sampler,
        )
        made.budget_ms = config.latency_budget_ms
        made.resume(journal, say)
    return made
