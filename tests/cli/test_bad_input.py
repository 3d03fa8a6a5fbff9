"""What a newcomer gets wrong at the doors of train and sweep: one line, nothing left behind."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from raysign.cluster import Node, Resources

Desk = Any
both = pytest.mark.parametrize("door", ["train", "sweep"])

# Config: before MLflow is asked for, so that not even its file is made.


@both
def test_unknown_key(desk: Desk, door: str) -> None:
    line = desk.error(door, *desk.set(door, "optim.learning_rate=0.1"))
    assert "optim.learning_rate: no such setting; `raysign config` lists them" in line


@both
def test_value_out_of_range(desk: Desk, door: str) -> None:
    line = desk.error(door, *desk.set(door, "optim.lr=3"))
    assert "optim.lr: " in line
    assert "less than or equal to 1" in line
    assert "got 3" in line


@both
def test_config_file_that_is_missing_broken_or_no_mapping(desk: Desk, door: str) -> None:
    assert "cannot read config 'my.yaml'" in desk.error(door, "--config", "my.yaml")
    Path("my.yaml").write_text("optim: {lr: 1e-3\nseed: 3")
    assert "config 'my.yaml' is not YAML" in desk.error(door, "--config", "my.yaml")
    Path("my.yaml").write_text("- optim\n- seed")
    assert "must hold `key: value` lines" in desk.error(door, "--config", "my.yaml")


@both
def test_override_without_a_value(desk: Desk, door: str) -> None:
    assert "override 'seed' is not of the form key=value" in desk.error(door, "seed")


def test_space_key_that_no_config_field_has(desk: Desk) -> None:
    Path("my.yaml").write_text("space: {encoder.layers: {choice: [2, 4]}}")
    line = desk.error("sweep", "--config", "my.yaml")
    assert "search space" in line
    assert "encoder.layers: no such setting" in line


def test_space_that_leaves_its_range(desk: Desk) -> None:
    Path("my.yaml").write_text("space: {optim.lr: {log_uniform: [1e-4, 10]}}")
    assert "optim.lr: " in desk.error("sweep", "--config", "my.yaml")
    Path("my.yaml").write_text("space: {optim.lr: {log_uniform: [0.1, 0.01]}}")
    line = desk.error("sweep", "--config", "my.yaml")
    assert "space.optim.lr" in line
    assert "lower bound must be below the upper" in line


@pytest.mark.parametrize("door", ["train", "sweep"])
def test_runs_that_cannot_be_kept(desk: Desk, door: str) -> None:
    Path("mine.md").write_text("mine")
    line = desk.error(door, "--out", "mine.md")
    assert "mine.md': Not a directory; give --out a folder" in line
    assert "runs cannot be kept in '/proc/nope'" in desk.error(door, "--out", "/proc/nope")


def test_config_of_a_sweep_given_to_train(desk: Desk) -> None:
    Path("my.yaml").write_text("space: {optim.lr: {choice: [1e-3]}}\ntrials: 3")
    line = desk.error("train", "--config", "my.yaml")
    assert "type raysign sweep --config my.yaml" in line


def test_config_of_a_training_run_given_to_sweep(desk: Desk) -> None:
    Path("my.yaml").write_text("optim: {lr: 1e-3}")
    line = desk.error("sweep", "--config", "my.yaml")
    assert "type raysign train --config my.yaml" in line


# MLflow: before the data is read.


@both
def test_unreachable_mlflow(desk: Desk, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    started = time.monotonic()
    line = desk.error(door)
    assert time.monotonic() - started < 30
    assert f"MLflow at http://127.0.0.1:{port} does not answer" in line
    assert "MLFLOW_TRACKING_URI" in line


# The machine: a cluster of 2 CPUs.


@pytest.fixture
def small(recorded: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("raysign.cluster.start", lambda **_: Resources((Node(2),)))
    recorded.store()
    return recorded


SMALL = ("--data", "store")
BATCHES = ("batches.signs=12", "batches.clips_per_sign=2")


@both
def test_gpu_that_is_not_there(small: Desk, door: str) -> None:
    space = ["space={optim.lr: {choice: [1e-3]}}"] if door == "sweep" else []
    line = small.error(door, *SMALL, *space, *small.set(door, *BATCHES, "device=cuda"))
    assert "device=cuda" in line
    assert "device=cpu" in line


def test_gpu_that_is_not_there_without_ray(small: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    line = small.error("train", *SMALL, *BATCHES, "device=cuda", "--local")
    assert line == "error: device=cuda, but torch sees no GPU; type device=cpu or device=auto"


@both
def test_more_workers_than_cpus(small: Desk, door: str) -> None:
    space = ["space={optim.lr: {choice: [1e-3]}}"] if door == "sweep" else []
    workers = "placement.workers=3" if door == "sweep" else "workers=3"
    line = small.error(door, *SMALL, *space, *small.set(door, *BATCHES), workers)
    assert "3" in line
    assert "the cluster has 2 CPUs" in line


def test_workers_that_do_not_divide_the_signs(desk: Desk) -> None:
    line = desk.error("train", "workers=3", "batches.signs=32")
    assert "workers=3 must divide batches.signs=32" in line


def test_name_that_is_taken(small: Desk) -> None:
    folder = Path("runs/mine")
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("mine")
    line = small.error("train", *SMALL, *BATCHES, "--name", "mine")
    assert "give another --name" in line
    assert "give another --name" in small.error("sweep", *SMALL, "--name", "mine")
    assert os.listdir(folder) == ["thesis.tex"]


@pytest.mark.parametrize("option", ["--trials", "--time-budget", "--max-concurrent"])
def test_a_sweeps_options_are_refused_by_their_own_names(desk: Desk, option: str) -> None:
    assert f"invalid value for '{option}'" in desk.error("sweep", option, "0")
