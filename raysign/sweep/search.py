"""Ray Tune, set up for a sweep's trials, and for some of them once more with other seeds."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# Tune reads them when it is imported: no tables and no result files, the recorder has both. A
# trial that failed reports its error and no metric.
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("TUNE_DISABLE_STRICT_METRIC_CHECKING", "1")

from ray import tune
from ray.tune.schedulers import FIFOScheduler

from raysign.cluster import ctrl_c_returned
from raysign.sweep.record import FOREVER
from raysign.sweep.results import reported_name
from raysign.sweep.sampling import Listed, sampling
from raysign.sweep.selection import OutOfTime
from raysign.sweep.stopping import stopping
from raysign.sweep.trial import Setting, trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from ray.tune.schedulers import TrialScheduler
    from ray.tune.search import Searcher

    from raysign.config import SweepConfig
    from raysign.sweep.record import Recorder
    from raysign.sweep.results import Outcome
    from raysign.sweep.selection import Again

TOLD_BY_RECORDER = ("ray.tune.tune", "ray.tune.execution.tune_controller")
"""Loggers that print a failed trial's traceback twice; it stands in the trial's error.txt."""
TUNE = "tune"
"""Where Tune keeps what it wants to, in the sweep's folder. It is never read."""


@dataclass(frozen=True)
class Searching:
    """What trials run under: how, and who keeps a record of them."""

    config: SweepConfig
    setting: Setting
    recorder: Recorder
    say: Callable[[str], None]

    def search(self) -> bool:
        """Run the trials that are left; True if Ctrl-C ended them early."""
        config, journal = self.config, self.recorder.journal
        left = config.trials - self._ended
        scheduler = stopping(config, self.setting.space, journal)
        if left > 0 and not self.time_is_up:
            searcher = sampling(config, self.setting.space, journal, self.say)
            self._run(searcher, scheduler, left)
        if self._ended < config.trials and self.time_is_up:
            self.recorder.time_is_up(scheduler)
            return False
        return self._ended < config.trials

    @property
    def time_is_up(self) -> bool:
        """The sweep has had its time."""
        left_s = self._left_s
        return left_s is not None and left_s <= 0

    def again(self, asked: Sequence[Again]) -> Sequence[Outcome]:
        """Train once more, each with a seed of its own, to the end.

        Those that the journal has are not trained again.

        Raises:
            OutOfTime: the sweep's time was up before.
            KeyboardInterrupt: Ctrl-C ended it.
        """
        recorder, journal = self.recorder, self.recorder.journal
        known = {(entry.number, entry.seed): entry for entry in journal.entries.values()}
        found = [known.get((one.number, one.seed)) for one in asked]
        if self.time_is_up and not all(entry is not None and entry.ended for entry in found):
            raise OutOfTime  # and none is noted that never begins
        entries = [
            entry or journal.drawn(one.number, one.values, one.seed)
            for one, entry in zip(asked, found, strict=True)
        ]
        left = [entry for entry in entries if not entry.ended]
        if left:
            metric = reported_name(self.config.objective[0])
            self._run(Listed(journal, left, metric), FIFOScheduler(), len(left))
        if any(not entry.ended for entry in left):
            raise OutOfTime if self.time_is_up else KeyboardInterrupt
        return [recorder.outcome(entry) for entry in entries]

    @property
    def _ended(self) -> int:
        """Trials that have come to their end."""
        return sum(e.ended for e in self.recorder.journal.entries.values() if e.seed is None)

    @property
    def _left_s(self) -> float | None:
        budget_s = self.config.time_budget_s
        return None if budget_s is None else budget_s - self.recorder.journal.elapsed_s

    def _run(self, searcher: Searcher, scheduler: TrialScheduler, trials: int) -> None:
        placed, folder = self.setting.placed, Path(self.setting.storage)
        shutil.rmtree(folder / TUNE, ignore_errors=True)
        tuner = tune.Tuner(
            tune.with_resources(tune.with_parameters(trial, setting=self.setting), placed.of_trial),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=trials,
                max_concurrent_trials=placed.at_once,
                time_budget_s=self._left_s,
                reuse_actors=placed.workers == 1,
            ),
            run_config=tune.RunConfig(
                name=TUNE,
                storage_path=str(folder),
                verbose=0,
                callbacks=[self.recorder],
                # The recorder knows how often is too often.
                failure_config=tune.FailureConfig(max_failures=FOREVER),
            ),
        )
        logging.getLogger("ray.tune").setLevel(logging.ERROR)
        for name in TOLD_BY_RECORDER:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with ctrl_c_returned():
            tuner.fit()
        shutil.rmtree(folder / TUNE, ignore_errors=True)
