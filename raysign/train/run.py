"""One training run, from config to registered bundle; only the driver prints and uses MLflow."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from raysign import cluster
from raysign.bundle import commit, load_any, save_any
from raysign.config import KeywordConfig
from raysign.engine import build_training, check_training, choose_device
from raysign.train.alone import only_one
from raysign.train.bundling import bundle_of_state
from raysign.train.checkpoint import (
    CHECKPOINTS,
    LOCK,
    Finished,
    check_claim,
    claim,
    finished,
    has_state,
    last_state,
    load_state,
    mark_finished,
    save_state,
)
from raysign.train.keywords.contexts import completed
from raysign.train.material import AnyMaterial, Say, read_material
from raysign.train.on_ray import check_room, nearby
from raysign.train.on_ray import on_ray as train_on_ray
from raysign.train.progress import Progress, finish, warn_below
from raysign.train.recording import Recorder, note
from raysign.train.starting import start_of, starting_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Literal

    from raysign.bundle import AnyBundle
    from raysign.config import TrainConfig
    from raysign.engine import Epoch, Start
    from raysign.tracking import RegisteredVersion, Tracker


@dataclass(frozen=True)
class Trained:
    """What a run left behind."""

    tracker: Tracker
    run_id: str
    metrics: dict[str, float]
    """Of the best epoch: ``val/…``, with intervals and counts."""
    baseline: dict[str, float]
    """Of the untrained nearest neighbour: ``untrained/…``, likewise; of keyword search what
    knows nothing of a sentence: ``floor/…``.
    """
    protocol: str
    """What both were measured on."""
    best_epoch: int
    seconds: float
    bundle: Path
    registered: RegisteredVersion | None
    model: str | None = None
    """What to give as MODEL; None where it is in no registry."""


def train(
    config: TrainConfig | KeywordConfig,
    *,
    connect: Callable[[], Tracker],
    folder: Path,
    say: Say,
    register: bool = True,
    retries: int = 3,
    on_ray: bool = True,
    parent: str | None = None,
) -> Trained:
    """Train on ``config.workers`` workers and keep the best epoch.

    Args:
        config: the run, of an encoder of signs or of keyword search.
        connect: gives what its metrics go to; called when all that can be refused has been.
        folder: the run's own, absolute and reachable from every node: checkpoints and the bundle. A
            run that finds checkpoints of its config there goes on from the last; one that has
            ended there is told, and not done again.
        say: prints a line of progress.
        register: put the bundle into the model registry.
        retries: how often workers that died are started again, from the last checkpoint.
        on_ray: False runs the engine in this process instead, which is then the only worker.
        parent: the MLflow run that this one is part of; the command is that one's then.

    Raises:
        TrainingError: before anything is written: the folder is another run's, another process
            trains there, or the cluster is too small; later: the training broke.
        TrackingError: MLflow refuses; the same command goes on, and ends the run.
        ConfigError, BundleError, LayoutError: before anything is written: the clips do not fill
            the batches or lack what the encoder reads, the run is too short for the loss's memory,
            or it cannot begin with what ``config.start_from`` names.
    """
    started = time.perf_counter()
    check_claim(folder, config)  # before minutes of reading
    material = read_material(config, say)
    if (done := finished(folder)) is not None and (done.model or not register):
        check_claim(folder, config, material.data.fingerprint)
        return _finished(done, folder, material, connect(), say)
    config = config if on_ray else _on_one_worker(config, say)
    check_training(config, material.data)
    resources = cluster.start() if on_ray else None
    if resources:
        check_room(config, resources)
    else:
        choose_device(config.device)
    check_claim(folder, config, material.data.fingerprint)
    start = None if has_state(folder) else _start(config, material, say)
    again = f"the same command with --name {folder.name} goes on"
    again = again if parent is None else "the same command goes on"
    say(f"run {folder.name}, kept in {folder}; {again}")
    tracker = connect()
    with only_one(folder / LOCK, f"run {folder.name!r}"):
        key = claim(folder, config, material.data.fingerprint)
        recorder = Recorder.begin(
            *(tracker, folder, key, say),
            parent=parent,
            tags={"kind": "train", "commit": commit(), "data": material.data.fingerprint},
            params=config.model_dump(mode="json"),
        )
        baseline = material.untrained(f"{material.floor}/")
        progress = Progress(config, recorder, say)
        with _ended(recorder, say, again):
            if resources:
                train_on_ray(config, material.data, folder, progress, retries, resources, start)
            else:
                with _threads(config.threads):
                    _in_process(config, material, folder, progress, start)
            state = load_state(folder / CHECKPOINTS)
            best = bundle_of_state(state, config, material.data, commit())
            best = completed(best, material.data, say, nearby(config, resources))
            saved = save_any(best, folder / "bundle", replace=True)
            _record(best, baseline, recorder)
            if isinstance(config, KeywordConfig) or config.by_sign:
                floor = baseline[f"{material.floor}/map"]
                warn_below(floor, best.metrics["val/map"], say, material.known_as)
            registered = tracker.register(saved, recorder.run_id) if register else None
            seconds = time.perf_counter() - started
            model = f"models:/{registered.name}/{registered.version}" if registered else None
            # Before the mark, and not without: who finds that does nothing again.
            tracker.finish(recorder.run_id)
            mark_finished(folder, Finished(recorder.run_id, model, seconds))
    return Trained(
        tracker,
        recorder.run_id,
        dict(best.metrics),
        baseline,
        str(best.card["protocol"]),
        int(best.card["epoch"]),
        seconds,
        saved,
        registered,
        registered.uri if registered else None,
    )


@contextmanager
def _ended(recorder: Recorder, say: Say, again: str) -> Iterator[None]:
    """A run that breaks or is stopped in here is told to MLflow as such."""
    status: Literal["FAILED", "KILLED"] = "FAILED"
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            status = "KILLED"
            say(f"stopped; {again}")
        finish(recorder.tracker, recorder.run_id, status, say)
        raise


def _record(best: AnyBundle, baseline: dict[str, float], recorder: Recorder) -> None:
    """The best epoch's figures; the names without ``best/`` are the epochs' own, up to the last."""
    recorder.settle()
    figures = {f"best/{name}": value for name, value in best.metrics.items()}
    recorder.tracker.log_metrics(
        recorder.run_id, figures, int(best.card["epoch"]), recorder.last_ms
    )
    recorder.tracker.log_metrics(recorder.run_id, baseline, 0, recorder.last_ms)


def _finished(
    done: Finished, folder: Path, material: AnyMaterial, tracker: Tracker, say: Say
) -> Trained:
    """What a run that ended left behind: nothing is trained, fitted or registered again."""
    bundle = load_any(folder / "bundle")
    where = f", registered as {done.model}" if done.model else ""
    say(f"run {folder.name} has finished already{where}; these are its figures")
    return Trained(
        tracker,
        done.run_id,
        dict(bundle.metrics),
        material.untrained(f"{material.floor}/"),
        str(bundle.card["protocol"]),
        int(bundle.card["epoch"]),
        done.seconds,
        folder / "bundle",
        None,
        done.model,
    )


def _start(config: TrainConfig | KeywordConfig, material: AnyMaterial, say: Say) -> Start | None:
    """What an encoder begins with; a keyword model begins with nothing."""
    if isinstance(config, KeywordConfig):
        return None
    bundle = starting_bundle(config, material.data.layout, say)
    return None if bundle is None else start_of(bundle)


def _on_one_worker(config: TrainConfig | KeywordConfig, say: Say) -> TrainConfig | KeywordConfig:
    """The config of a run in this process, which takes all of a batch."""
    if config.workers == 1:
        return config
    say(f"note: without Ray one worker trains, this process: workers={config.workers} is not used")
    return config.model_copy(update={"workers": 1})


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """So many torch threads for a while; 0 = as many as there are."""
    before = torch.get_num_threads()
    if number:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        if number:
            torch.set_num_threads(before)


def _in_process(
    config: TrainConfig | KeywordConfig,
    material: AnyMaterial,
    folder: Path,
    progress: Progress,
    start: Start | None,
) -> None:
    training = build_training(config, material.data, start)
    state = last_state(folder)
    if state is not None:
        training.restore(state)
        progress.resumed(training.epoch)
        save_state(state, folder / CHECKPOINTS)

    def on_epoch(epoch: Epoch) -> None:
        note(folder, epoch.number, epoch.metrics())
        save_state(training.state(), folder / CHECKPOINTS)
        progress(epoch.number, epoch.improved, epoch.metrics())

    training.run(on_epoch)
