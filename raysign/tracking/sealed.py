"""The seal of a test split is broken: noted in MLflow before any figure is seen, and counted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from raysign.tracking.openings import (
    DATA,
    NAME,
    OPENING,
    WEIGHTS,
    Count,
    all_openings,
    count,
    left_running,
)
from raysign.tracking.versions import refresh, registered_as

if TYPE_CHECKING:
    from raysign.tracking.tracker import Tracker


@dataclass(frozen=True)
class Opened:
    """What one command opened; ``runs`` and ``counts`` are of its models, in their order."""

    tracker: Tracker
    runs: tuple[str, ...]
    counts: tuple[Count, ...]

    def record(self, number: int, figures: Mapping[str, float], card: Mapping[str, Any]) -> None:
        """What came out for that model."""
        run_id = self.runs[number]
        self.tracker.log_params(run_id, card)
        self.tracker.log_metrics(run_id, {f"test/{k}": float(v) for k, v in figures.items()}, 0)


def open_test(
    tracker: Tracker, models: Sequence[tuple[str, str]], data: Sequence[str], protocol: str
) -> Opened:
    """Note that a test split is opened, and how often that makes it.

    Args:
        tracker: what remembers it.
        models: each as MODEL was given, and the sha256 of its weights, '' where it has none.
        data: the fingerprints of the test clips.
        protocol: what is measured.

    Raises:
        TrackingError: it is not noted, so no figure may be seen.
    """
    for run_id in left_running(tracker):
        tracker.finish(run_id)
    opening = uuid.uuid4().hex
    runs = []
    for model, weights in models:
        tags = {
            "kind": "evaluate",
            "opened_test": True,
            OPENING: opening,
            WEIGHTS: weights,
            DATA: " ".join(sorted(set(data))),
            "model": model,
            "protocol": protocol,
        }
        known = {key: value for key, value in tags.items() if value}
        runs.append(tracker.start_run(NAME, tags=known))
        tracker.finish(runs[-1])  # it counts from now on, whatever becomes of this process
    all_of_them = all_openings(tracker)
    counts = tuple(count(all_of_them, weights, frozenset(data)) for _, weights in models)
    for model, weights in models:
        for name, number in registered_as(tracker, model, weights):
            refresh(tracker, name, number, weights=weights)
    return Opened(tracker, tuple(runs), counts)
