"""Tune's order of calls, one trial at a time, over made-up learning curves: no Ray, no training."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ray.tune.schedulers import TrialScheduler

from raysign.config import SweepConfig
from raysign.sweep.journal import Journal
from raysign.sweep.ready import space_of
from raysign.sweep.resume import open_journal
from raysign.sweep.sampling import sampling
from raysign.sweep.stopping import stopping


class Killed(BaseException):
    """Where the driver was."""


def curve(values: dict[str, Any], epoch: int) -> dict[str, float]:
    """What a trial would report: a function of its values, which rises with the epochs."""
    worth = math.exp(-abs(math.log10(values["optim.lr"]) + 3)) * (1 - math.exp(-epoch / 4))
    return {"epoch": epoch, "best/val/map": worth, "train/loss": 1 - worth, "trial_s": epoch}


def tune(
    config: SweepConfig,
    folder: Path,
    *,
    epochs: int = 9,
    before_write: Callable[[], None] = lambda: None,
) -> list[dict[str, Any]]:
    """Begin a sweep, or go on with it, as ``search`` does; returns its journal, without times.

    ``before_write`` may raise ``Killed``.
    """
    journal = open_journal(folder, config, data="clips", commit="commit")
    write = journal._write

    def writing(event: str, **facts: Any) -> dict[str, Any]:
        before_write()
        return write(event, **facts)

    journal._write = writing  # type: ignore[method-assign]
    try:
        space = space_of(config)
        searcher = sampling(config, space, journal, lambda line: None)
        scheduler = stopping(config, space, journal)
        ended = sum(entry.ended for entry in journal.entries.values())
        for index in range(config.trials - ended):
            _run(index, journal, searcher, scheduler, epochs)
        return [{k: v for k, v in line.items() if k not in ("t", "at_ms")} for line in journal.past]
    finally:
        journal.close()


def _run(index: int, journal: Journal, searcher: Any, scheduler: Any, epochs: int) -> None:
    trial_id = f"tune{index}"
    drawn = searcher.suggest(trial_id)
    trial: Any = SimpleNamespace(trial_id=trial_id, config=drawn)
    key = f"{drawn['number']:03d}"
    scheduler.on_trial_add(None, trial)
    result: dict[str, float] = {}
    for epoch in range(1, epochs + 1):  # what was reported before is reported again
        result = curve(drawn["values"], epoch)
        stop = scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP
        journal.result(key, result, stopped=stop)
        if stop:
            break
    scheduler.on_trial_complete(None, trial, result)
    searcher.on_trial_complete(trial_id, result)
