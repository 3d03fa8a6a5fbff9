"""The record of who opened the sealed test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from raysign.tracking import connect


class Measured(Protocol):
    """Figures, flat: a ranking's, or a keyword search's."""

    def as_json(self) -> Mapping[str, float]: ...


Record = Callable[[Measured, dict[str, Any]], None]


def opening() -> Record:
    """Reach MLflow now; what is returned writes the run that says what came out.

    ``TrackingError`` where MLflow does not answer, so that no figure can be seen unrecorded.
    """
    tracker = connect()

    def record(measured: Measured, card: dict[str, Any]) -> None:
        tags = {"kind": "evaluate", "opened_test": True}
        run_id = tracker.start_run("open-test", tags=tags, params=card)
        figures = {f"test/{name}": float(value) for name, value in measured.as_json().items()}
        tracker.log_metrics(run_id, figures, 0)
        tracker.finish(run_id)

    return record
