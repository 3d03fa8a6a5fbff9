"""Sweeps through their door, on a world of 20 signs, and what MLflow has of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysign.tracking.quiet import mlflow_calls

ROOT = Path(__file__).parents[2]
TINY = """
train:
  data: {synthetic: {signs: 20, train_signers: 3, val_signers: 1}}
  prepare: {frames: 16}
  batches: {signs: 10, clips_per_sign: 2}
  encoder: {width: 16, heads: 2, depth: 1, feedforward: 16, embedding: 8}
  optim: {epochs: 3, patience: 3}
  evaluate: {bootstrap: 100}
grace_epochs: 1
reduction_factor: 2
"""
# A temperature of 5e-39 fits its type, and makes the loss infinite: that trial fails while it runs.
SOME_FAIL = """
space:
  encoder.pooling: {choice: [mean, attention]}
  loss.temperature: {choice: [0.05, 0.1, 0.2, 5.0e-39]}
  optim.lr: {log_uniform: [1.0e-4, 1.0e-2]}
"""
NONE_FAILS = "space: {optim.lr: {log_uniform: [1.0e-4, 1.0e-2]}}\n"


def start(
    folder: Path, *args: str, space: str = NONE_FAILS, config: bool = True, **popen: Any
) -> subprocess.Popen[str]:
    (folder / "space.yaml").write_text(TINY + space)
    command = [sys.executable, str(ROOT / "jobs" / "sweep.py"), *args]
    if config:
        command += ["--config", "space.yaml"]
    return subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **popen,
    )


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    folder: Path

    @property
    def answer(self) -> dict[str, Any]:
        return json.loads(self.out)


def run(folder: Path, *args: str, space: str = NONE_FAILS, config: bool = True) -> Done:
    process = start(folder, *args, space=space, config=config)
    out, err = process.communicate(timeout=350)
    return Done(process.returncode, out, err, folder)


class Recorded:
    """What MLflow has of the sweeps in a folder."""

    def __init__(self, folder: Path) -> None:
        with mlflow_calls("test"):
            from mlflow import MlflowClient

            self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
            experiment = self.client.get_experiment_by_name("raysign")
            found = self.client.search_runs([experiment.experiment_id], max_results=1000)
        self.parents = [r for r in found if r.data.tags["kind"] == "sweep"]
        self.trials = [r for r in found if r.data.tags["kind"] == "trial"]
        self.again = [r for r in found if r.data.tags["kind"] == "again"]

    def children(self, run_id: str) -> list[Any]:
        mine = [r for r in self.trials if r.data.tags["mlflow.parentRunId"] == run_id]
        return sorted(mine, key=lambda r: r.info.run_name)

    def artifacts(self, run_id: str, path: str | None = None) -> set[str]:
        return {file.path for file in self.client.list_artifacts(run_id, path)}

    def alias(self, name: str) -> str:
        return str(self.client.get_model_version_by_alias("raysign-encoder", name).version)
