"""Where runs are kept and looked at, and that MLflow's file waits for good clips."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from raysign.cli.runs import look

Desk = Any
both = pytest.mark.parametrize("door", ["train", "sweep"])


@both
def test_out_is_a_folder(desk: Desk, door: str) -> None:
    line = desk.error(door, "--out", "s3://bucket/runs")
    assert line == "error: --out takes a folder that every node reaches, got 's3://bucket/runs'"


@both
def test_bad_clips_leave_no_mlflow_file(
    desk: Desk, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert "no store at 'nowhere'" in desk.error(door, "--data", "nowhere")
    assert os.listdir() == []
    Path("store").mkdir()
    assert "no *.parquet file" in desk.error(door, "--data", "store")
    Path("store").rmdir()
    desk.store(split="train")
    assert "no split 'val'" in desk.error(door, "--data", "store")
    assert os.listdir() == ["store"]


def test_a_name_that_is_taken_leaves_no_mlflow_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    desk.store()
    Path("runs/mine").mkdir(parents=True)
    Path("runs/mine/thesis.tex").touch()
    args = ("--data", "store", "--name", "mine", "batches.signs=12", "batches.clips_per_sign=2")
    assert "give another --name" in desk.error("train", *args, "--local")


@both
def test_mlflow_that_has_no_place_is_told_before_the_clips_are_read(
    desk: Desk, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{desk.folder}/file/mlflow.db")
    line = desk.error(door, "--data", "nowhere")
    assert "is no folder that can be written; set MLFLOW_TRACKING_URI" in line


def test_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at(uri: str) -> str:
        return look(SimpleNamespace(uri=uri, experiment_id="7"), "abc")  # type: ignore[arg-type]

    assert at("http://me:***@host:5000/") == "http://host:5000/#/experiments/7/runs/abc"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert at("sqlite:////my files/mlflow.db") == (
        ".venv/bin/mlflow ui --backend-store-uri 'sqlite:////my files/mlflow.db'"
    )
    assert at("postgresql://me:***@host/mlflow").endswith('-uri "$MLFLOW_TRACKING_URI"')
