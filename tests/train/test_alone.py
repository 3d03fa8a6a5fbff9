"""A run's folder has one driver at a time."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from raysign.config import TrainConfig, load_config
from raysign.errors import TrainingError
from raysign.tracking import connect, recorded_steps
from raysign.train import train
from raysign.train.alone import only_one
from tests.train.test_starting import TINY


def test_a_second_driver_of_a_training_is_refused(tmp_path: Path) -> None:
    tracker = connect(f"sqlite:///{tmp_path}/mlflow.db")
    config = load_config(TrainConfig, None, TINY)
    folder = tmp_path / "runs" / "mine"
    refused: list[str] = []

    def run(say: Any) -> Any:
        given: Any = {"connect": lambda: tracker, "folder": folder, "on_ray": False}
        return train(config, **given, say=say, register=False)

    def say(line: str) -> None:
        if line.startswith("epoch   1"):
            with pytest.raises(TrainingError) as caught:
                run(lambda line: None)
            refused.append(str(caught.value))

    done = run(say)
    assert refused == [
        f"run 'mine' is running: another process has {str(folder / 'run.lock')!r} open; wait for "
        "it, or give another --name"
    ]
    assert len(tracker.client.search_runs([tracker.experiment_id])) == 1
    epochs = recorded_steps(tracker, done.run_id, "train/loss")
    assert epochs == sorted({*epochs})
    noted = [line for line in (folder / "epochs.jsonl").read_text().split("\n") if line]
    assert len(noted) == len(epochs)


def test_one_at_a_time(tmp_path: Path) -> None:
    again = only_one(tmp_path / "r" / "lock", "run 'r'")
    with (
        only_one(tmp_path / "r" / "lock", "run 'r'"),
        pytest.raises(TrainingError, match="'r' is running: another"),
    ):
        again.__enter__()
    with only_one(tmp_path / "r" / "lock", "run 'r'"):
        pass


def test_a_folder_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("raysign.train.alone.fcntl.flock", no_locks)
    with (
        pytest.raises(TrainingError, match=r"cannot be locked \(No locks available\)"),
        only_one(tmp_path / "r" / "lock", "run 'r'"),
    ):
        pass
