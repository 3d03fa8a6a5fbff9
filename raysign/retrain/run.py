"""A re-training, from recipe to decision; the same command goes on where it was stopped."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from raysign.bundle import commit
from raysign.retrain.compare import bundle_of, chosen, compare
from raysign.retrain.drift import PROFILE
from raysign.retrain.kept import LOCK, Began, began, begin, decided, keep_decision
from raysign.retrain.plan import make_plan
from raysign.retrain.promotion import as_it_is_now, carry_out, current, ended
from raysign.retrain.recipe import RECIPE
from raysign.retrain.report import write_report
from raysign.tracking import decide, recorded_children, recorded_run, tagged_runs
from raysign.train import train
from raysign.train.alone import only_one
from raysign.train.checkpoint import finished
from raysign.train.progress import finish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from raysign.config import RetrainConfig, TrainConfig
    from raysign.tracking import Tracker

KEY = "retrain"
"""The tag by which a run is found again."""
OWN = ("evidence", "metrics", "profile", "done", "version", "outcome", "promoted")
"""What is kept of a decision beside what is told of it."""


@dataclass(frozen=True)
class Retrained:
    """What a re-training left behind."""

    tracker: Tracker
    run_id: str
    version: str
    """The candidate's."""
    outcome: str
    """What became of it, in words."""
    promoted: bool
    """Whether it is the champion now."""
    decision: dict[str, Any]
    """All that was compared; see :meth:`raysign.retrain.decision.Decision.as_json`."""
    evidence: str
    """The same for people, as Markdown."""
    bundle: Path
    report: Path


def retrain(
    source: str,
    config: RetrainConfig,
    *,
    reader: Callable[[], Tracker | None],
    connect: Callable[[], Tracker],
    folder: Path,
    say: Callable[[str], None],
    move: bool = True,
    on_ray: bool = True,
) -> Retrained:
    """Train SOURCE's recipe again, compare it with the champion, and promote it if it is better.

    Args:
        source: see :func:`raysign.retrain.recipe.read_recipe`.
        config: seeds, protocols and gates.
        reader: gives the registry as it is, None where there is none yet; makes nothing.
        connect: gives what is written to; called when all that can be refused has been.
        folder: the re-training's own, absolute and reachable from every node; the same command
            goes on with what is in it.
        say: prints a line of progress.
        move: False leaves the alias ``champion`` where it is; the same command without it moves it.
        on_ray: False trains in this process.

    Raises:
        As :func:`raysign.retrain.make_plan`, before anything is written; TrainingError: the folder
        is another's, or a training broke; TrackingError: MLflow refuses, or the champion changed
        while its candidate was registered: the same command compares them anew.
    """
    there = began(folder, source, config)
    if there is None or decided(folder) is None:
        plan = make_plan(source, config, reader(), there.as_recipe() if there else None)
        fingerprint = plan.profile.fingerprint
        if there is not None:
            there.check_data(folder.name, {"its store": fingerprint})
        for line in plan.lines():
            say(line)
        there = there or Began.new(source, config, plan.recipe, fingerprint)
        del plan  # its bundles are read again when they are needed
    tracker = connect()
    say(f"re-training {folder.name}, kept in {folder}; {_again(folder.name)}")
    with only_one(folder / LOCK, f"re-training {folder.name!r}"):
        # Another process may have begun it meanwhile.
        there = began(folder, source, config) or begin(folder, there)
        return _go_on(there, config, tracker, folder, say, move, on_ray)


def _go_on(
    there: Began,
    config: RetrainConfig,
    tracker: Tracker,
    folder: Path,
    say: Callable[[str], None],
    move: bool,
    on_ray: bool,
) -> Retrained:
    seeds = [folder / f"seed-{seed}" for seed in config.seeds]
    kept, before = decided(folder), tagged_runs(tracker, KEY, there.key)
    if kept is not None and ended(kept) and before and before[0].status == "FINISHED":
        return _retrained(kept, config, tracker, before[0].run_id, folder, seeds)
    with _run(tracker, there, folder.name, say) as run_id:
        kept = current(decided(folder), tracker, config.model, run_id)
        if kept is None:
            _end_children(tracker, run_id, seeds)
            for seed, place in zip(config.seeds, seeds, strict=True):
                _train(there.training(seed, config.workers), place, tracker, run_id, say, on_ray)
        bundle = chosen(there, config, folder, seeds, say)
        if kept is None:
            decision = compare(there, config, tracker, bundle, seeds, say)
            write_report(decision, folder / "report")
            told = {"evidence": decision.evidence(), "metrics": decision.metrics()}
            kept = {**decision.as_json(), **told, "profile": decision.drift.now.as_json()}
            keep_decision(folder, kept)
        if not kept.get("done"):
            _record(kept, there, tracker, run_id, folder / "report")
        registered = tracker.register(bundle, run_id, name=config.model, first_is_champion=False)
        # Its page is whole before it can be the champion.
        verdict = "better" if kept["better"] else "not better"
        verdict += f" than {f'version {v}' if (v := kept['champion']) else 'untrained'}"
        decide(tracker, config.model, registered.version, verdict, kept["evidence"])
        promoted, outcome = carry_out(kept, registered.version, tracker, run_id, move)
        tags = {"decision": outcome, "summary": kept["summary"], "candidate": registered.version}
        tracker.set_tags(run_id, {**tags, "compared_with": kept["champion"] or "untrained"})
        tracker.describe(run_id, f"{outcome[:1].upper()}{outcome[1:]}.\n\n{kept['evidence']}")
        kept |= {"version": registered.version, "outcome": outcome, "promoted": promoted}
        kept |= {"done": True}
        keep_decision(folder, kept)
    return _retrained(kept, config, tracker, run_id, folder, seeds)


def _retrained(
    kept: dict[str, Any],
    config: RetrainConfig,
    tracker: Tracker,
    run_id: str,
    folder: Path,
    seeds: Sequence[Path],
) -> Retrained:
    """What it left behind, and who is champion now."""
    promoted, outcome = as_it_is_now(kept, tracker)
    shown = {key: value for key, value in kept.items() if key not in OWN}
    return Retrained(
        tracker,
        run_id,
        kept["version"],
        outcome,
        promoted,
        shown,
        kept["evidence"],
        bundle_of(config, folder, seeds),
        folder / "report",
    )


def _record(
    kept: dict[str, Any], there: Began, tracker: Tracker, run_id: str, report: Path
) -> None:
    """What MLflow keeps of a decision; done again, no figure is there twice."""
    before = recorded_run(tracker, run_id).metrics
    new = {name: value for name, value in kept["metrics"].items() if before.get(name) != value}
    tracker.log_metrics(run_id, new, 0)
    tracker.log_artifact(run_id, report)
    tracker.log_text(run_id, json.dumps(kept["profile"], ensure_ascii=False), PROFILE)
    tracker.log_text(run_id, json.dumps(there.recipe, ensure_ascii=False), RECIPE)


@contextmanager
def _run(tracker: Tracker, there: Began, name: str, say: Callable[[str], None]) -> Iterator[str]:
    """The run in MLflow, the same one each time it goes on."""
    before = tagged_runs(tracker, KEY, there.key)
    if before:
        run_id = before[0].run_id
        tracker.reopen(run_id)
    else:
        tags = {"kind": "retrain", KEY: there.key, "commit": commit(), "data": there.data}
        told = {"source": there.source, "retrain": there.config, "recipe": there.recipe}
        run_id = tracker.start_run(name, tags=tags, params=told)
    status: Literal["FINISHED", "FAILED", "KILLED"] = "FAILED"
    try:
        yield run_id
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        say(f"stopped; {_again(name)}")
        raise
    finally:
        finish(tracker, run_id, status, say)


def _again(name: str) -> str:
    return f"the same command with --name {name} goes on"


def _end_children(tracker: Tracker, run_id: str, seeds: Sequence[Path]) -> None:
    """End the runs of trainings whose process was killed: nobody else does."""
    ended = {done.run_id for place in seeds if (done := finished(place)) is not None}
    for child in recorded_children(tracker, run_id):
        if child.status == "RUNNING":
            tracker.finish(child.run_id, "FINISHED" if child.run_id in ended else "KILLED")


def _train(
    config: TrainConfig,
    place: Path,
    tracker: Tracker,
    run_id: str,
    say: Callable[[str], None],
    on_ray: bool,
) -> None:
    if finished(place) is not None:
        say(f"{place.name} has finished already")
        return
    say(f"{place.name}:")
    train(
        config,
        connect=lambda: tracker,
        folder=place,
        say=say,
        register=False,
        on_ray=on_ray,
        parent=run_id,
    )
