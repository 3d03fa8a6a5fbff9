"""A node, a trial, the driver, MLflow and its database are killed, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.clusters.conftest import ROOT, check_installed


@pytest.mark.timeout(900)
def test_a_sweep_survives_the_kill_of_each_of_its_parts() -> None:
    check_installed()
    folder = Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp"))
    folder.rmdir()
    command = [sys.executable, "clusters/kills.py", "--folder", str(folder), "--epochs", "8"]
    try:
        done = subprocess.run(
            [*command, "--kills", "5", "--trials", "4"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=850,
        )
        log = folder / "logs" / "sweep.log"
        said = log.read_text() if log.exists() else "no sweep was begun"
        assert done.returncode == 0, done.stdout + done.stderr + said[-3000:]
        assert "draws other values" not in said
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = done.stdout.splitlines()
    assert "killed: 1 × driver, 1 × mlflow, 1 × node, 1 × postgres, 1 × trial" in lines
    assert "4 of 4 trials ended, none failed" in lines
    assert lines[-1] == (
        "4 of 4 trials have the metrics of the same training undisturbed, to the bit"
    )
