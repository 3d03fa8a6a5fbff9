"""A sweep, from space to registered encoder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from raysign import cluster
from raysign.bundle import commit, load_any, save_any
from raysign.config import TrainConfig
from raysign.engine import check_clips
from raysign.errors import ConfigError, SpaceError, TrainingError
from raysign.sweep.report import protocol_line, write_report
from raysign.sweep.results import Outcome, pareto, ranked, usable
from raysign.sweep.space import Space
from raysign.train import Material
from raysign.train.keywords.contexts import completed
from raysign.train.material import read_material
from raysign.train.on_ray import nearby
from raysign.train.progress import finish, warn_below
from raysign.train.starting import check_start, start_of, starting_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from raysign.bundle import AnyBundle
    from raysign.config import KeywordConfig, SweepConfig
    from raysign.engine import Start
    from raysign.tracking import RegisteredVersion, Tracker
    from raysign.train.material import AnyMaterial


@dataclass(frozen=True)
class Swept:
    """What a sweep left behind."""

    tracker: Tracker
    run_id: str
    outcomes: tuple[Outcome, ...]
    """Best first."""
    front: tuple[Outcome, ...]
    """The Pareto front; the best trial alone where there is one objective."""
    baseline: dict[str, float]
    """The ``val/…`` of what knows nothing, with intervals and counts: the untrained nearest
    neighbour, or the better of chance and frequency.
    """
    protocol: str
    """What all figures were measured on."""
    registered: RegisteredVersion
    known_as: str
    """What has those figures, for people."""
    interrupted: bool
    search_seconds: float
    """The trials alone: without reading the clips, the report and the registry."""
    seconds: float


def space_of(config: SweepConfig) -> Space:
    """The checked space of a sweep, before anything is asked of MLflow or Ray.

    Every trial trains with the sweep's seed unless it is told or searched otherwise.
    """
    return Space.of(config, {"seed": config.seed} | config.train)


def sweep(
    config: SweepConfig,
    *,
    connect: Callable[[], Tracker],
    folder: Path,
    say: Callable[[str], None],
) -> Swept:
    """Search ``config.space``, record every trial, register the best one's bundle.

    Args:
        config: what is searched, for what, for how long.
        connect: gives what it is recorded in; called when all that can be refused has been.
        folder: the sweep's own, new or empty, absolute and reachable from every node.
        say: prints a line of progress.

    Raises:
        SpaceError, DataError, ConfigError: before anything is written.
        TrainingError: the cluster is too small, or no trial came to an end.
        KeyboardInterrupt: Ctrl-C before a trial came to an end; after that, it ends the search.
    """
    started = time.perf_counter()
    space = space_of(config)
    shared = space.config({})
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"there is a run {folder.name!r} in {str(folder.parent)!r} already; give another --name"
        )
    material = read_material(shared, say)
    start = None
    if isinstance(material, Material):
        _check_batches(space, material)
        start = _start(space, material, say)
    resources = cluster.start(dashboard=shared.workers > 1)
    at_once = _at_once(config, shared, resources)
    say(
        f"{resources}; {config.trials} trials, {at_once} at a time; "
        f"{len(space.dimensions)} dimensions, objective {', '.join(config.objective)}"
    )
    say(f"run {folder.name}, kept in {folder}; Ctrl-C ends it and keeps the best trial so far")
    made = commit()
    tracker = connect()
    parent = tracker.start_run(
        folder.name,
        tags={"kind": "sweep", "commit": made, "data": material.data.fingerprint},
        params={"sweep": config.model_dump(mode="json", exclude={"space", "train"})},
    )
    # Tune reads them when it is imported: no tables and no result files, the recorder has both.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    from raysign.sweep.record import Recorder
    from raysign.sweep.search import search
    from raysign.sweep.trial import Setting

    recorder = Recorder(
        tracker, parent, space, config.objective, config.trials, say, config.latency_budget_ms
    )
    status: Literal["FINISHED", "FAILED", "KILLED"] = "FAILED"
    try:
        searching = time.perf_counter()
        gpus = _gpus_per_worker(config, shared, resources)
        setting = Setting.of(config, space, shared, material, gpus, folder, made, start)
        interrupted = search(config, setting, recorder, at_once)
        search_seconds = time.perf_counter() - searching
        recorder.abandon()
        outcomes = tuple(ranked(list(recorder.outcomes.values()), config.objective))
        good = usable(outcomes, config.objective)
        # Before MLflow is asked again: the hours of the search are in it.
        bundle = None
        if good:
            config_of_it = space.config(good[0].values)
            found = _found(good[0], config_of_it, material, made)
            near = nearby(config_of_it, resources)
            bundle = _saved(completed(found, material.data, say, near), good[0], folder)
        write_report(tracker, parent, space, config, outcomes, material)
        if bundle is None:
            raise KeyboardInterrupt if interrupted else _nothing(outcomes, config)
        floor = material.untrained("val/")["val/map"]
        warn_below(floor, outcomes[0].figures["val/map"], say, material.known_as)
        registered = tracker.register(bundle, parent)
        status = "KILLED" if interrupted else "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        recorder.abandon()
        finish(tracker, parent, status, say)
    baseline = material.untrained("val/")
    front = pareto(outcomes, config.objective) if len(config.objective) > 1 else [outcomes[0]]
    return Swept(
        tracker,
        parent,
        outcomes,
        tuple(front),
        baseline,
        protocol_line(space, material),
        registered,
        material.known_as,
        interrupted,
        search_seconds,
        time.perf_counter() - started,
    )


def _gpus_per_worker(
    config: SweepConfig, shared: TrainConfig | KeywordConfig, resources: cluster.Resources
) -> float:
    """GPUs that each worker holds: as the config says, or one where there are any."""
    if config.gpus_per_worker or not resources.gpus or shared.device == "cpu":
        return config.gpus_per_worker
    return 1.0


def _check_batches(space: Space, material: Material) -> None:
    if not (space.varies("batches") or space.varies("loss")):
        return
    # Many configs, few of them with other batches.
    configs = (config for config in space.corner_configs() if isinstance(config, TrainConfig))
    corners = {(config.batches, config.loss.kind): config for config in configs}
    for config in corners.values():
        try:
            check_clips(config, material.clips)
        except ConfigError as error:
            raise SpaceError(f"the search space does not fit the clips: {error}") from None


def _start(space: Space, material: Material, say: Callable[[str], None]) -> Start | None:
    """What every trial begins with; ``ConfigError`` where one of the space cannot."""
    shared = space.config({})
    assert isinstance(shared, TrainConfig)  # as its material is
    bundle = starting_bundle(shared, material.clips.layout, say)
    if bundle is None:
        return None
    if space.varies("encoder") or space.varies("prepare"):
        for config in space.corner_configs():
            assert isinstance(config, TrainConfig)
            try:
                check_start(bundle, config, material.clips.layout)
            except ConfigError as error:
                raise SpaceError(f"not every trial can begin alike: {error}") from None
    return start_of(bundle)


def _at_once(
    config: SweepConfig, shared: TrainConfig | KeywordConfig, resources: cluster.Resources
) -> int:
    """As many trials as the cluster holds, or as the config says."""
    cpus, gpus = config.cpus_per_worker, _gpus_per_worker(config, shared, resources)
    if shared.device == "cuda" and not resources.gpus:
        raise TrainingError(
            "train.device=cuda, but the cluster has no GPU; type train.device=cpu or "
            "train.device=auto"
        )
    fits = resources.places(cpus, gpus) // shared.workers
    if fits < 1:
        needs, has = f"{shared.workers * cpus:g} CPUs", f"{resources.cpus} CPUs"
        if gpus:
            needs = f"{needs} and {shared.workers * gpus:g} GPUs"
            has = f"{has} and {resources.gpus} GPUs"
        raise TrainingError(
            f"a trial with train.workers={shared.workers} needs {needs}, the cluster has {has}; "
            "lower train.workers, cpus_per_worker or gpus_per_worker"
        )
    wanted = config.max_concurrent or fits
    return max(1, min(wanted, fits, config.trials))


def _nothing(outcomes: tuple[Outcome, ...], config: SweepConfig) -> TrainingError:
    slow = [o.figures["latency_ms"] for o in outcomes if o.too_slow and not o.error]
    if slow:
        return TrainingError(
            f"no trial stayed within latency_budget_ms={config.latency_budget_ms:g}, the fastest "
            f"took {min(slow):.1f} ms; give a larger budget, or a space with smaller encoders"
        )
    reasons = {o.error for o in outcomes if o.error} or {
        "none was measured; give it a longer --time-budget"
    }
    return TrainingError(f"no trial came to an end: {'; '.join(sorted(reasons))}")


def _found(
    best: Outcome, config: TrainConfig | KeywordConfig, material: AnyMaterial, made: str
) -> AnyBundle:
    """The best trial's bundle, as its checkpoint has it."""
    from raysign.sweep.trial import bundle_in

    found = bundle_in(best.checkpoint, config, material.data, made)
    return load_any(found) if isinstance(found, Path) else found


def _saved(bundle: AnyBundle, best: Outcome, folder: Path) -> Path:
    """Put it into the sweep's own folder."""
    card = {**bundle.card, "sweep": folder.name, "trial": best.number}
    return save_any(replace(bundle, card=card), folder / "bundle", replace=True)
