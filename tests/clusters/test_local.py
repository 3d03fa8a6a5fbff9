"""What ``clusters/local.py`` refuses, and whose processes it ends."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCAL = "clusters/local.py"
sys.path.insert(0, str(ROOT / "clusters"))
from local_cluster import ports  # noqa: E402
from local_cluster.folder import LONGEST, Folder  # noqa: E402
from local_cluster.processes import MARK, end, marked, running, start  # noqa: E402


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short name, as Ray's sockets need it."""
    made = Path(tempfile.mkdtemp(prefix="rs-", dir="/tmp"))
    yield made
    shutil.rmtree(made)


def refused(*args: str) -> str:
    """The one line that it says."""
    command = [sys.executable, *args]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_a_folder_that_is_something_else_is_left_alone(folder: Path) -> None:
    (folder / "thesis.tex").touch()
    assert "holds something else" in refused(LOCAL, "up", "--folder", str(folder))
    assert [entry.name for entry in folder.iterdir()] == ["thesis.tex"]


def test_a_long_path_is_refused() -> None:
    long = "/tmp/" + LONGEST * "x"
    assert "too long for Ray's sockets" in refused(LOCAL, "up", "--folder", long)
    assert not Path(long).exists()


@pytest.mark.parametrize("command", ["down", "status", "env"])
def test_there_has_to_be_one(folder: Path, command: str) -> None:
    assert f"local.py up --folder {folder}" in refused(LOCAL, command, "--folder", str(folder))


def test_a_job_needs_a_named_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray would take any that runs on this machine."""
    submit = ("clusters/submit.py", "--env", "SEED=1", "--", "true")
    monkeypatch.delenv("RAY_API_SERVER_ADDRESS", raising=False)
    assert "export RAY_API_SERVER_ADDRESS=http://HEAD:8265" in refused(*submit)
    monkeypatch.setenv("RAY_API_SERVER_ADDRESS", "http://127.0.0.1:9")
    assert "the job was not submitted: Failed to connect" in refused(*submit)
    assert "--env takes KEY=VALUE, got 'SEED'" in refused(*submit[:2], "SEED", *submit[3:])


def test_a_clusters_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Folder.make(folder, {"workers": 3, "cpus": None})
    assert (made.size.workers, made.size.cpus) == (3, 1)
    assert set(made.ports) == set(ports.USUAL)
    assert len(set(made.ports.values())) == len(ports.USUAL)
    assert len(made.password) == 64
    for secret in ("token", "password"):
        assert (folder / secret).stat().st_mode & 0o77 == 0
    again = Folder.make(folder, {"cpus": 2})
    assert (again.size.workers, again.size.cpus, again.ports) == (3, 2, made.ports)
    assert Folder.open(folder) == again
    assert "no part 'worker-9'" in refused(LOCAL, "down", "worker-9", "--folder", str(folder))

    monkeypatch.setenv("RAY_ADDRESS", "another:6379")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://another:5000")
    environment = again.environment()
    assert "RAY_ADDRESS" not in environment
    assert environment["MLFLOW_TRACKING_URI"].endswith(str(made.ports["mlflow"]))


def test_one_whose_making_was_killed_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".cluster.json.0123abcd.part").touch()  # the first was killed at once

    def killed(size: int) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as short:
        short.setattr(secrets, "token_hex", killed)
        with pytest.raises(KeyboardInterrupt):
            Folder.make(folder, {"workers": 3})
    assert Folder.open(folder).size.workers == 3, "down --forget finds it"
    made = Folder.make(folder, {})
    assert (made.size.workers, len(made.password)) == (3, 64)
    assert made.shared.is_dir()


def test_only_its_own_processes_are_ended(folder: Path) -> None:
    """Also those that were started by them, and those that do not want to go."""
    other = folder.with_name(f"{folder.name}2")  # a name that begins alike
    stubborn = "trap '' TERM; sleep 100 & wait; sleep 100"
    mine, theirs = (
        start(["sh", "-c", stubborn], os.environ | marked(place, "head"), folder / "log")
        for place in (folder, other)
    )
    try:
        while len(running(folder).get("head", ())) < 2:
            pass
        assert running(folder)["head"][0] == mine.pid
        end(folder, "worker-1", patience_s=0)
        assert mine.poll() is None
        end(folder, "head", patience_s=0.5)
        assert mine.wait(10) == -9
        assert running(folder) == {}
        assert theirs.poll() is None
        assert MARK not in os.environ
    finally:
        end(other, "head", patience_s=0)
    assert theirs.wait(10) == -9
