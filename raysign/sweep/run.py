"""A sweep, from space to registered encoder."""

from __future__ import annotations

import logging
import os
import time
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from raysign import cluster
from raysign.batches import check_batches
from raysign.bundle import Bundle, commit, save_bundle
from raysign.config.sweep import MINIMISED
from raysign.errors import ConfigError, SpaceError, TrainingError
from raysign.sweep.report import write_report
from raysign.sweep.results import Outcome, pareto, ranked, reported_name, usable
from raysign.sweep.space import Space
from raysign.train import Material

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from raysign.config import SweepConfig, TrainConfig
    from raysign.sweep.record import Recorder
    from raysign.tracking import RegisteredVersion, Tracker

STARTUP_TRIALS = 10
"""Random trials before TPE begins to learn (Optuna's default)."""
TRAINER_DRIVER = {"cpu": 0, "memory": 2e8}
"""A trial that only drives a TorchTrainer must not hold the CPUs that its workers wait for."""


@dataclass(frozen=True)
class Swept:
    """What a sweep left behind."""

    run_id: str
    outcomes: tuple[Outcome, ...]
    """Best first."""
    front: tuple[Outcome, ...]
    """The Pareto front; the best trial alone where there is one objective."""
    baseline: dict[str, float]
    registered: RegisteredVersion
    interrupted: bool
    search_seconds: float
    """The trials alone: without reading the clips, the report and the registry."""
    seconds: float


def sweep(
    config: SweepConfig, *, tracker: Tracker, folder: Path, say: Callable[[str], None]
) -> Swept:
    """Search ``config.space``, record every trial, register the best one's bundle.

    Args:
        config: what is searched, for what, for how long.
        tracker: where it is recorded.
        folder: the sweep's own, absolute and reachable from every node.
        say: prints a line of progress.

    Raises:
        SpaceError: before anything starts; TrainingError: no trial came to an end.
    """
    started = time.perf_counter()
    # Every trial trains with the sweep's seed unless it is told or searched otherwise.
    base = {"seed": config.seed} | config.train
    space = Space.of(config, base)
    shared = space.config({})
    material = Material.read(shared, say)
    _check_batches(space, material)
    resources = cluster.start(dashboard=shared.workers > 1)
    at_once = _at_once(config, shared, resources)
    say(
        f"{resources}; {config.trials} trials, {at_once} at a time; {len(space.dimensions)} dimensions, "
        f"objective {', '.join(config.objective)}"
    )
    made = commit()
    parent = tracker.start_run(
        folder.name,
        tags={"kind": "sweep", "commit": made, "data": material.clips.fingerprint},
        params={"sweep": config.model_dump(mode="json", exclude={"space", "train"})},
    )
    from raysign.sweep.record import Recorder

    recorder = Recorder(tracker, parent, space, config.objective, config.trials, say)
    status = "FAILED"
    try:
        searching = time.perf_counter()
        interrupted = _search(config, shared, space, material, recorder, folder, resources, at_once)
        search_seconds = time.perf_counter() - searching
        outcomes = tuple(ranked(list(recorder.outcomes.values()), config.objective))
        write_report(tracker, parent, space, config, outcomes, material)
        best = _best(outcomes, config)
        bundle = _bundle(best, space, material, folder, made)
        registered = tracker.register(bundle, parent)
        status = "KILLED" if interrupted else "FINISHED"
    finally:
        recorder.abandon()
        tracker.finish(parent, status)
    front = pareto(outcomes, config.objective) if len(config.objective) > 1 else [outcomes[0]]
    return Swept(
        parent,
        outcomes,
        tuple(front),
        material.baseline.as_metrics("val/"),
        registered,
        interrupted,
        search_seconds,
        time.perf_counter() - started,
    )


def _search(
    config: SweepConfig,
    shared: TrainConfig,
    space: Space,
    material: Material,
    recorder: Recorder,
    folder: Path,
    resources: cluster.Resources,
    at_once: int,
) -> bool:
    """Run the trials; True if Ctrl-C ended them early."""
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
    from ray.tune.search.optuna import OptunaSearch

    from raysign.sweep.trial import Setting, trial

    metric = [reported_name(name) for name in config.objective]
    mode = ["min" if name in MINIMISED else "max" for name in config.objective]
    one = len(metric) == 1
    stops_early = one and config.objective[0] not in MINIMISED
    scheduler = (
        ASHAScheduler(
            time_attr="training_iteration",
            metric=metric[0],
            mode=mode[0],
            max_t=_reports(space),
            grace_period=min(config.grace_epochs, _reports(space)),
            reduction_factor=config.reduction_factor,
        )
        if stops_early
        else FIFOScheduler()
    )
    search = OptunaSearch(
        space=space,
        metric=metric[0] if one else metric,
        mode=mode[0] if one else mode,
        sampler=_sampler(config),
    )
    setting = Setting(
        space=space,
        threads=shared.threads or max(1, int(config.cpus_per_worker)),
        cpus_per_worker=config.cpus_per_worker,
        gpus_per_worker=_gpus(config, shared, resources),
        storage=str(folder),
        commit=commit(),
    )
    runnable = tune.with_parameters(
        trial,
        setting=setting,
        clips=material.clips,
        split=material.split if space.varies("prepare") else None,
    )
    need = (
        TRAINER_DRIVER
        if shared.workers > 1
        else {"cpu": setting.cpus_per_worker, "gpu": setting.gpus_per_worker}
    )
    tuner = tune.Tuner(
        tune.with_resources(runnable, need),
        tune_config=tune.TuneConfig(
            search_alg=search,
            scheduler=scheduler,
            num_samples=config.trials,
            max_concurrent_trials=at_once,
            time_budget_s=config.time_budget_s,
            reuse_actors=shared.workers == 1,
        ),
        run_config=tune.RunConfig(
            name="trials",
            storage_path=str(folder),
            verbose=0,
            callbacks=[recorder],
            checkpoint_config=tune.CheckpointConfig(num_to_keep=1),
        ),
    )
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    recorder.started = time.monotonic()
    grid = tuner.fit()
    ended = len(grid)
    out_of_time = config.time_budget_s is not None and (
        time.monotonic() - recorder.started >= config.time_budget_s
    )
    return bool(recorder.runs or ended < config.trials) and not out_of_time


def _sampler(config: SweepConfig) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=config.seed, n_startup_trials=STARTUP_TRIALS)


def _reports(space: Space) -> int:
    """The most reports that a trial can make: ASHA's time runs in reports."""
    most = 1
    for config in space.corner_configs():
        most = max(most, -(-config.optim.epochs // config.evaluate.every))
    return most


def _check_batches(space: Space, material: Material) -> None:
    if not space.varies("batches"):
        return
    for config in space.corner_configs():
        try:
            check_batches(config.batches, material.clips.train.sign)
        except ConfigError as error:
            raise SpaceError(f"the search space does not fit the clips: {error}") from None


def _gpus(config: SweepConfig, shared: TrainConfig, resources: cluster.Resources) -> float:
    if config.gpus_per_worker or not resources.gpus or shared.device == "cpu":
        return config.gpus_per_worker
    return 1.0


def _at_once(config: SweepConfig, shared: TrainConfig, resources: cluster.Resources) -> int:
    """As many trials as the cluster holds, or as the config says; ``TrainingError`` where not even one."""
    cpus = shared.workers * config.cpus_per_worker
    fits = int(resources.cpus // cpus)
    gpus = shared.workers * _gpus(config, shared, resources)
    if gpus:
        fits = min(fits, int(resources.gpus // gpus))
    if fits < 1:
        raise TrainingError(
            f"a trial needs {cpus:g} CPUs and {gpus:g} GPUs, the cluster has {resources.cpus} and "
            f"{resources.gpus}; lower cpus_per_worker, gpus_per_worker or train.workers"
        )
    wanted = config.max_concurrent or fits
    return max(1, min(wanted, fits, config.trials))


def _best(outcomes: tuple[Outcome, ...], config: SweepConfig) -> Outcome:
    good = usable(outcomes, config.objective)
    if not good:
        reasons = {o.error for o in outcomes if o.error} or {"none reported a result"}
        raise TrainingError(f"no trial came to an end: {'; '.join(sorted(reasons))}")
    return ranked(good, config.objective)[0]


def _bundle(
    best: Outcome, space: Space, material: Material, folder: Path, made: str
) -> Path:
    """The best trial's bundle, in the sweep's own folder."""
    from raysign.bundle import load_bundle
    from raysign.sweep.trial import bundle_in

    found = bundle_in(best.checkpoint, space.config(best.values), material.clips, made)
    bundle = found if isinstance(found, Bundle) else load_bundle(found)
    card = bundle.card | {"sweep": folder.name, "trial": best.number}
    return save_bundle(replace(bundle, card=card), folder / "bundle", replace=True)


