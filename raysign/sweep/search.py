"""Ray Tune and Optuna, set up for one sweep."""

from __future__ import annotations

import logging
import time
import warnings
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search.optuna import OptunaSearch

from raysign.cluster import ctrl_c_returned
from raysign.config.sweep import MINIMISED
from raysign.sweep.results import reported_name
from raysign.sweep.trial import Setting, trial

if TYPE_CHECKING:
    from raysign.config import SweepConfig
    from raysign.sweep.record import Recorder
    from raysign.sweep.space import Space

TOLD_BY_RECORDER = ("ray.tune.tune", "ray.tune.execution.tune_controller")
"""Loggers that print a failed trial's traceback twice; it stands in the trial's error.txt."""
TRAINER_DRIVER = {"cpu": 0, "memory": 2e8}
"""A trial that only drives a TorchTrainer must not hold the CPUs that its workers wait for."""


def search(config: SweepConfig, setting: Setting, recorder: Recorder, at_once: int) -> bool:
    """Run the trials; True if Ctrl-C ended them early."""
    space, workers = setting.space, setting.space.config({}).workers
    runnable = tune.with_parameters(trial, setting=setting)
    need = {"cpu": setting.cpus_per_worker, "gpu": setting.gpus_per_worker}
    tuner = tune.Tuner(
        tune.with_resources(runnable, TRAINER_DRIVER if workers > 1 else need),
        tune_config=tune.TuneConfig(
            search_alg=_sampling(config, space),
            scheduler=_stopping(config, space),
            num_samples=config.trials,
            max_concurrent_trials=at_once,
            time_budget_s=config.time_budget_s,
            reuse_actors=workers == 1,
        ),
        run_config=tune.RunConfig(
            name="trials",
            storage_path=setting.storage,
            verbose=0,
            callbacks=[recorder],
            checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
        ),
    )
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    for name in TOLD_BY_RECORDER:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    started = recorder.started = time.monotonic()
    with ctrl_c_returned():
        begun = len(tuner.fit())
    budget = config.time_budget_s
    if budget is not None and time.monotonic() - started >= budget:
        recorder.time_is_up()
        return False
    return bool(recorder.open or begun < config.trials)


class Sampling(OptunaSearch):
    """Ray's Optuna, which tells the sampler also which trials are above the latency budget."""

    budget_ms: float | None = None

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """As Ray's; TPE tells feasible trials from others by a constraint that must be ≤ 0."""
        if self.budget_ms is not None and result and trial_id in self._ot_trials:
            over = float(result["latency_ms"]) - self.budget_ms
            self._ot_trials[trial_id].set_constraint("latency_ms", over)
        super().on_trial_complete(trial_id, result, error)


def startup_trials(trials: int) -> int:
    """Random trials before TPE begins to learn: a third, 3–10 (10 is Optuna's default)."""
    return min(10, max(3, trials // 3))


def _sampling(config: SweepConfig, space: Space) -> OptunaSearch:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    metric = [reported_name(name) for name in config.objective]
    mode = ["min" if name in MINIMISED else "max" for name in config.objective]
    one = len(metric) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=config.seed, n_startup_trials=startup_trials(config.trials)
        )
        sampling = Sampling(
            space=space,
            metric=metric[0] if one else metric,
            mode=mode[0] if one else mode,
            sampler=sampler,
        )
    sampling.budget_ms = config.latency_budget_ms
    return sampling


def _stopping(config: SweepConfig, space: Space) -> Any:
    """ASHA; none where there are several objectives, or one that does not grow with training."""
    first = config.objective[0]
    if len(config.objective) > 1 or first in MINIMISED:
        return FIFOScheduler()
    longest = max(c.optim.epochs for c in space.corner_configs())
    return ASHAScheduler(
        time_attr="epoch",
        metric=reported_name(first),
        mode="max",
        max_t=longest,
        grace_period=min(config.grace_epochs, longest),
        reduction_factor=config.reduction_factor,
        # A trial that has done all its epochs ends by itself, with its workers.
        stop_last_trials=False,
    )
