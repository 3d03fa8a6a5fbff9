"""A sweep, from space to registered encoder."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from raysign.bundle import commit, save_any
from raysign.errors import TrainingError
from raysign.sweep.deliver import Delivery
from raysign.sweep.journal import key_of
from raysign.sweep.plan import plan
from raysign.sweep.plan_text import lines_of
from raysign.sweep.ready import get_ready, space_of
from raysign.sweep.report import protocol_line, write_report
from raysign.sweep.results import Outcome, ranked, usable
from raysign.sweep.resume import check_same, open_journal, parent_run, where
from raysign.sweep.selection import choose
from raysign.sweep.states import folder_of, last_state, thin
from raysign.train.bundling import bundle_of_state
from raysign.train.keywords.contexts import completed
from raysign.train.nodes import prepare_on_nodes
from raysign.train.on_ray import nearby
from raysign.train.progress import finish, warn_below

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from raysign.bundle import AnyBundle
    from raysign.config import KeywordConfig, SweepConfig, TrainConfig
    from raysign.sweep.chosen import Selection
    from raysign.sweep.journal import Journal
    from raysign.sweep.space import Space
    from raysign.tracking import RegisteredVersion, Tracker
    from raysign.train.material import AnyMaterial


@dataclass(frozen=True)
class Swept:
    """What a sweep left behind."""

    tracker: Tracker
    run_id: str
    outcomes: tuple[Outcome, ...]
    """Best first."""
    selection: Selection
    """Who won, and why."""
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
        folder: the sweep's own, absolute and reachable from every node. One that the same sweep
            has begun there goes on: its trials are drawn, stopped and chosen as if nothing had
            been in between.
        say: prints a line of progress.

    Raises:
        SpaceError, DataError, ConfigError: before anything is written.
        TrainingError: the cluster is too small, or no trial came to an end.
        KeyboardInterrupt: Ctrl-C before a trial came to an end; after that, it ends the search.
    """
    started = time.perf_counter()
    space = space_of(config)
    check_same(folder, config)
    ready = get_ready(config, space, say)
    material, resources = ready.material, ready.resources
    say(
        f"{resources}; {config.trials} trials over {len(space.dimensions)} dimensions, objective "
        f"{', '.join(config.objective)}"
    )
    for line in lines_of(plan(config, ready)):
        say(line)
    prepare_on_nodes(material.data, say)
    tracker = connect()
    journal = open_journal(folder, config, data=material.data.fingerprint, commit=commit())
    say(where(folder, journal, config.trials))
    for line in _other_code(journal):
        say(line)
    from raysign.sweep.record import Recorder
    from raysign.sweep.search import Searching
    from raysign.sweep.trial import Setting

    status: Literal["FINISHED", "FAILED", "KILLED"] = "FAILED"
    parent, delivery, cut = "", None, False
    try:
        parent = parent_run(tracker, folder, config, journal)
        delivery = Delivery(tracker, parent, journal, space, say)
        recorder = Recorder(
            journal,
            delivery,
            folder,
            config.objective,
            config.trials,
            say,
            config.latency_budget_ms,
        )
        searching = Searching(config, Setting.of(config, ready, folder), recorder, say)
        search_began = time.perf_counter()
        interrupted = searching.search()
        search_seconds, cut = time.perf_counter() - search_began, recorder.cut
        for entry in journal.entries.values():
            if entry.ended:
                thin(folder_of(folder, entry.number, entry.seed))
        selection = None
        if usable(recorder.outcomes, config.objective):
            again = None if interrupted else searching.again
            selection = choose(recorder.outcomes, config, again=again, say=say)
            interrupted = interrupted or selection.interrupted
        # Before MLflow is asked again: the hours of the search are in it.
        bundle = None
        if selection is not None:
            config_of_it = _config_of(selection, space)
            found = _found(selection.run, config_of_it, material, commit())
            near = nearby(config_of_it, resources)
            bundle = _saved(completed(found, material.data, say, near), selection, folder)
        recorder.chosen()
        delivery.settle()
        outcomes = tuple(ranked(recorder.outcomes, config.objective))
        write_report(tracker, parent, space, config, outcomes, material, selection)
        if bundle is None or selection is None:
            if interrupted:
                say(f"stopped before a trial was measured; raysign sweep --resume {folder} goes on")
            raise KeyboardInterrupt if interrupted else _nothing(outcomes, config)
        floor = material.untrained("val/")["val/map"]
        warn_below(floor, selection.run.figures["val/map"], say, material.known_as)
        # By the training's run: whoever goes on with this sweep registers a winner once.
        key = key_of(selection.winner.number, selection.seed)
        registered = tracker.register(bundle, delivery.runs[key].run_id)
        status = "KILLED" if interrupted else "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        journal.close()
        if delivery is not None:
            delivery.leave(cut=cut)
        if parent:
            finish(tracker, parent, status, say)
    baseline = material.untrained("val/")
    return Swept(
        tracker,
        parent,
        outcomes,
        selection,
        baseline,
        protocol_line(space, material),
        registered,
        material.known_as,
        interrupted,
        search_seconds,
        time.perf_counter() - started,
    )


def _other_code(journal: Journal) -> list[str]:
    """Say so where the sweep was begun by other code: its trials may not be alike."""
    now = commit()
    if not set(journal.driver(now)) - {now}:
        return []
    return [f"note: it was begun with other code than this commit {now[:12]}; trials may differ"]


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
    """The best trial's bundle, as its state has it."""
    state = last_state(Path(best.state))
    assert state is not None  # it was saved before it was reported
    return bundle_of_state(state, config, material.data, made)


def _config_of(selection: Selection, space: Space) -> TrainConfig | KeywordConfig:
    """That of the training whose weights are taken."""
    config = space.config(selection.winner.values)
    seed = config.seed if selection.seed is None else selection.seed
    return config.model_copy(update={"seed": seed})


def _saved(bundle: AnyBundle, selection: Selection, folder: Path) -> Path:
    """Put it into the sweep's own folder."""
    card = {
        **bundle.card,
        "sweep": folder.name,
        "trial": selection.winner.number,
        "selection": {"sweep": folder.name, **selection.card()},
    }
    return save_any(replace(bundle, card=card), folder / "bundle", replace=True)
