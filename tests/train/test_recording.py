"""Every epoch is in MLflow once, whatever is away or killed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysign.config import TrainConfig, load_config
from raysign.errors import TrackingError
from raysign.tracking import Tracker, connect, recorded_run
from raysign.train import run as running
from raysign.train import train
from raysign.train.recording import EPOCHS, Recorder, note
from tests.train.test_starting import TINY


class Server:
    """Takes metrics while it is there."""

    def __init__(self) -> None:
        self.there = True
        self.taken: list[tuple[int, dict[str, float], int]] = []

    def log_metrics(self, run_id: str, metrics: dict[str, float], step: int, at_ms: int) -> None:
        if not self.there:
            raise TrackingError("it is away")
        self.taken.append((step, metrics, at_ms))

    @property
    def steps(self) -> list[int]:
        return [step for step, _, _ in self.taken]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again with each epoch."""
    monkeypatch.setattr("raysign.tracking.away.LONGEST_WAIT_S", 0.0)


@pytest.mark.usefixtures("at_once")
def test_what_mlflow_did_not_take_is_brought_when_it_is_back(
    server: Server, tmp_path: Path
) -> None:
    said: list[str] = []
    recorder = Recorder(server, "run", tmp_path, said.append)  # type: ignore[arg-type]
    for epoch in range(1, 6):
        server.there = epoch not in (2, 3)
        note(tmp_path, epoch, {"train/loss": epoch / 10})
        recorder.push()
    assert server.steps == [1, 2, 3, 4, 5]
    assert [metrics["train/loss"] for _, metrics, _ in server.taken] == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert said == [
        "note: epoch 2 is not recorded yet, but kept: it is away",
        "note: MLflow is back, and has all epochs",
    ]
    server.there = False
    note(tmp_path, 6, {"train/loss": 0.6})
    with pytest.raises(TrackingError, match="away"):
        recorder.settle()


def test_a_file_that_killed_processes_left(server: Server, tmp_path: Path) -> None:
    note(tmp_path, 1, {"train/loss": 0.1})
    with (tmp_path / EPOCHS).open("a") as file:
        file.write('{"epoch": 2, "at_')
    note(tmp_path, 2, {"train/loss": 0.2})
    note(tmp_path, 2, {"train/loss": 0.9})  # trained again
    recorder = Recorder(server, "run", tmp_path, print, recorded=[1])  # type: ignore[arg-type]
    recorder.push()
    with (tmp_path / EPOCHS).open("a") as file:
        file.write('{"epoch": 3')  # somebody writes now
    recorder.push()
    assert [(step, metrics["train/loss"]) for step, metrics, _ in server.taken] == [(2, 0.2)]


class Killed(BaseException):
    """The process is no more."""


@pytest.mark.usefixtures("at_once")
def test_a_training_that_is_killed_goes_on_in_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the second epoch of three was saved, of which MLflow took none."""
    tracker = connect(f"sqlite:///{tmp_path}/mlflow.db")
    config = load_config(TrainConfig, None, (*TINY, "optim.epochs=3"))
    folder, said = tmp_path / "runs" / "mine", list[str]()

    def run() -> Any:
        given: Any = {"connect": lambda: tracker, "folder": folder, "on_ray": False}
        return train(config, **given, say=said.append, register=False)

    def away(*_: Any) -> None:
        raise TrackingError("it is away")

    save: Callable[..., None] = running.save_state

    def save_and_die(state: dict[str, Any], place: Path) -> None:
        save(state, place)
        if state["epoch"] == 2:
            raise Killed

    with monkeypatch.context() as short:
        short.setattr(Tracker, "log_metrics", away)
        short.setattr(running, "save_state", save_and_die)
        short.setattr(running, "finish", lambda *_: None)
        with pytest.raises(Killed):
            run()
    done = run()
    assert "goes on from the checkpoint of epoch 2" in said
    runs = tracker.client.search_runs([tracker.experiment_id])
    assert [found.info.run_id for found in runs] == [done.run_id]
    assert recorded_run(tracker, done.run_id).status == "FINISHED"
    for name in ("train/loss", "val/map"):
        found = tracker.client.get_metric_history(done.run_id, name)
        assert sorted(metric.step for metric in found) == [1, 2, 3]


def test_an_end_that_mlflow_missed_is_made_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the last figures were sent: sent again, they are there once."""
    tracker = connect(f"sqlite:///{tmp_path}/mlflow.db")
    config = load_config(TrainConfig, None, TINY)

    def run() -> Any:
        given: Any = {"connect": lambda: tracker, "folder": tmp_path / "runs" / "it"}
        return train(config, **given, on_ray=False, say=lambda line: None, register=False)

    def killed(*_: Any) -> None:
        (recorded,) = tracker.client.search_runs([tracker.experiment_id])
        assert recorded.info.status == "FINISHED", "who finds the mark does not end the run"
        raise Killed

    with monkeypatch.context() as short:
        short.setattr(running, "mark_finished", killed)
        with pytest.raises(Killed):
            run()
    done = run()
    for name in ("train/loss", "best/val/map", "untrained/map"):
        assert len(tracker.client.get_metric_history(done.run_id, name)) == 1


def test_an_end_that_mlflow_refuses_is_an_error_and_the_same_command_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = connect(f"sqlite:///{tmp_path}/mlflow.db")
    config = load_config(TrainConfig, None, TINY)

    def run() -> Any:
        given: Any = {"connect": lambda: tracker, "folder": tmp_path / "runs" / "it"}
        return train(config, **given, on_ray=False, say=lambda line: None, register=False)

    def away(*_: Any) -> None:
        raise TrackingError("it is away")

    with monkeypatch.context() as short:
        short.setattr(Tracker, "finish", away)
        with pytest.raises(TrackingError, match="away"):
            run()
    done = run()
    assert recorded_run(tracker, done.run_id).status == "FINISHED"
    for name in ("train/loss", "best/val/map"):
        steps = [m.step for m in tracker.client.get_metric_history(done.run_id, name)]
        assert steps == sorted({*steps})
