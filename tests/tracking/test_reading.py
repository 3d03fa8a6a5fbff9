from __future__ import annotations

import pytest

from raysign.errors import TrackingError
from raysign.tracking import (
    Tracker,
    connect,
    recorded_children,
    recorded_run,
    recorded_text,
)


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    return connect(f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db")


def test_what_was_written_is_read(tracker: Tracker) -> None:
    sweep = tracker.start_run("sweep", tags={"kind": "sweep"}, params={"a": {"b": 1}})
    tracker.log_text(sweep, "trials: 3\n", "space.yaml")
    tracker.log_metrics(sweep, {"val/map": 0.1}, 1)
    tracker.log_metrics(sweep, {"val/map": 0.3}, 2)
    tracker.finish(sweep)
    found = recorded_run(tracker, sweep)
    assert (found.run_id, found.name, found.status) == (sweep, "sweep", "FINISHED")
    assert found.params == {"a.b": "1"}
    assert found.metrics == {"val/map": 0.3}
    assert found.tags["kind"] == "sweep"
    assert recorded_text(tracker, sweep, "space.yaml") == "trials: 3\n"
    assert recorded_children(tracker, sweep) == ()


def test_children_are_all_there_by_name(tracker: Tracker) -> None:
    one, other = (tracker.start_run(name) for name in ("one", "other"))
    for number in (3, 1, 2):
        tracker.start_run(f"trial-{number}", parent=one)
    tracker.start_run("trial-9", parent=other)
    assert [run.name for run in recorded_children(tracker, one)] == [
        "trial-1",
        "trial-2",
        "trial-3",
    ]


def test_what_is_not_there_is_one_line(tracker: Tracker) -> None:
    run = tracker.start_run("plain")
    with pytest.raises(TrackingError, match=r"no run 'nowhere' in MLflow at sqlite.*give a run's"):
        recorded_run(tracker, "nowhere")
    with pytest.raises(TrackingError, match=r"has no 'space\.yaml'"):
        recorded_text(tracker, run, "space.yaml")
