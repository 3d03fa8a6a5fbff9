"""A cluster of three Ray nodes on this machine, with MLflow on PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from raysign.tracking import Tracker, connect

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300


class Cluster:
    """One that runs; ``shared`` is the folder that all its nodes reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shared = folder / "shared"

    def local(self, command: str, *args: str) -> subprocess.CompletedProcess[str]:
        """Call ``clusters/local.py``."""
        script = [sys.executable, "clusters/local.py", command, "--folder", str(self.folder)]
        return subprocess.run(
            [*script, *args], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S
        )

    @property
    def parts(self) -> Mapping[str, Any]:
        """Of each: is it up, and its processes."""
        found: Mapping[str, Any] = json.loads(self.local("status", "--json").stdout)["parts"]
        return found

    @cached_property
    def environment(self) -> dict[str, str]:
        """What a shell has that took over the lines of ``env``."""
        told = json.loads(self.local("status", "--json").stdout)["env"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **told, "PATH": path}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Begin a command as a person types it, in the repository."""
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ray(self, *command: str) -> subprocess.Popen[str]:
        """Begin ``ray job submit --working-dir .`` of a command."""
        return self.start("ray", "job", "submit", "--working-dir", ".", "--", *command)

    @property
    def tracker(self) -> Tracker:
        return connect(self.environment["MLFLOW_TRACKING_URI"])

    def runs(self, **tags: str) -> list[Any]:
        """MLflow's runs with those tags."""
        asked = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        tracker = self.tracker
        return list(tracker.client.search_runs([tracker.experiment_id], asked))

    def sweep(self, name: str) -> tuple[Any, list[Any]]:
        """A sweep's run, and those of its trials."""
        (parent,) = self.runs(**{"mlflow.runName": name})
        return parent, self.runs(**{"mlflow.parentRunId": parent.info.run_id})


def check_installed() -> None:
    """Skip where a cluster cannot be started here."""
    kept = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not (shutil.which("initdb") or kept):
        pytest.skip("PostgreSQL is not there: apt install postgresql")
    if find_spec("psycopg2") is None:
        pytest.skip("psycopg2 is not there: pip install psycopg2-binary")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """It runs as long as a module's tests do, and leaves nothing behind."""
    check_installed()
    # Not pytest's own folder: Ray needs a short path, and PostgreSQL's user has to reach it.
    made = Cluster(Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp")))
    try:
        up = made.local("up", "--memory", "200")
        assert up.returncode == 0, up.stderr
        yield made
    finally:
        down = made.local("down", "--forget")
        assert down.returncode == 0, down.stderr
        assert not made.folder.exists()
        assert left(made.folder) == ""


def left(folder: Path) -> str:
    """Processes that name a folder."""
    table = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True).stdout
    return "\n".join(line for line in table.splitlines() if str(folder) in line)
