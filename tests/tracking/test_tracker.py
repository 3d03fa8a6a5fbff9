from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from raysign.errors import TrackingError
from raysign.tracking import Tracker, connect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    folder = tmp_path_factory.mktemp("a folder with spaces")
    return connect(f"sqlite:///{folder / 'mlflow.db'}")


def run_of(tracker: Tracker, run_id: str) -> Any:
    return tracker.client.get_run(run_id)


def test_runs_nest_and_end_as_told(tracker: Tracker) -> None:
    sweep = tracker.start_run("sweep", tags={"commit": "c0ffee-dirty"})
    trial = tracker.start_run("trial", parent=sweep, params={"a": 1})
    tracker.finish(trial, "FAILED")
    tracker.finish(sweep)
    parent, child = run_of(tracker, sweep), run_of(tracker, trial)
    assert child.data.tags["mlflow.parentRunId"] == sweep
    assert (parent.info.run_name, parent.info.status) == ("sweep", "FINISHED")
    assert child.info.status == "FAILED"
    assert parent.data.tags["commit"] == "c0ffee-dirty"
    assert parent.data.tags["mlflow.source.git.commit"] == "c0ffee"


def test_metrics_go_by_step_and_leave_out_what_is_not_finite(tracker: Tracker) -> None:
    run = tracker.start_run("metrics")
    tracker.log_metrics(run, {"val/map": 0.1, "train/loss": 3, "val/mrr": math.nan}, step=1)
    tracker.log_metrics(run, {"val/map": 0.3, "train/loss": math.inf}, step=2)
    tracker.log_metrics(run, {"val/map": math.nan}, step=3)
    history = tracker.client.get_metric_history(run, "val/map")
    assert [(m.step, m.value) for m in history] == [(1, 0.1), (2, 0.3)]
    assert set(run_of(tracker, run).data.metrics) == {"val/map", "train/loss"}


def test_a_nested_config_becomes_dotted_params_of_any_number_and_length(tracker: Tracker) -> None:
    many = {f"p{i}": i for i in range(250)}
    run = tracker.start_run("params", params={"optim": {"lr": 1e-3, "many": many}})
    tracker.log_params(run, {"long": "x" * 9000})
    params = run_of(tracker, run).data.params
    assert params["optim.lr"] == "0.001"
    assert params["optim.many.p249"] == "249"
    assert len(params) == 252
    assert params["long"].endswith("x…")
    assert len(params["long"]) == 6000


def test_artifacts_lie_beside_the_database(tracker: Tracker, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    run = tracker.start_run("artifacts")
    (tmp_path / "space.yaml").write_text("lr: 1")
    tracker.log_artifact(run, tmp_path / "space.yaml", "config")
    tracker.log_text(run, "| trial |", "leaderboard.md")
    tracker.log_figure(run, Figure(figsize=(1, 1)), "plots/history.png")
    tracker.describe(run, "**leaderboard**")
    assert run_of(tracker, run).data.tags["mlflow.note.content"] == "**leaderboard**"
    folder = tracker.uri.removeprefix("sqlite:///").removesuffix("mlflow.db")
    root = run_of(tracker, run).info.artifact_uri
    assert root.startswith(f"{folder}mlartifacts/")
    listed = {item.path for item in tracker.client.list_artifacts(run)}
    assert listed == {"config", "leaderboard.md", "plots"}


def test_a_refusal_is_one_line(tracker: Tracker) -> None:
    run = tracker.start_run("refused")
    with pytest.raises(TrackingError, match="recall@1") as caught:
        tracker.log_metrics(run, {"recall@1": 0.5}, step=0)
    assert "\n" not in str(caught.value)
    with pytest.raises(TrackingError, match=r"nothing\.txt"):
        tracker.log_artifact(run, "nothing.txt")
    with pytest.raises(TrackingError, match="0123"):
        tracker.finish("0123")


def test_no_run_is_active_globally(tracker: Tracker) -> None:
    import mlflow

    tracker.start_run("mine")
    assert mlflow.active_run() is None


def test_a_second_tracker_finds_the_experiment(tracker: Tracker) -> None:
    again = connect(tracker.uri)
    assert again.experiment_id == tracker.experiment_id
    other = connect(tracker.uri, "other")
    assert other.experiment_id != tracker.experiment_id
    other.client.delete_experiment(other.experiment_id)
    with pytest.raises(TrackingError, match=r"was deleted; type `mlflow experiments restore -x"):
        connect(tracker.uri, "other")


def test_a_database_of_another_mlflow_is_refused_in_one_line(
    tracker: Tracker, tmp_path: Path
) -> None:
    source = sqlite3.connect(tracker.uri.removeprefix("sqlite:///"))
    target = sqlite3.connect(tmp_path / "mlflow.db")
    source.backup(target)
    source.close()
    target.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    target.commit()
    target.close()
    with pytest.raises(TrackingError, match="ffffffffffff") as caught:
        connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert "\n" not in str(caught.value)
