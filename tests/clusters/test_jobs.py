"""Jobs on a cluster of three nodes: submitted, failing, stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any, NamedTuple

import psycopg2
import pytest

from raysign.bundle import load_bundle

Cluster = Any
PATIENCE_S = 300
TOY = ("train.batches.signs=12", "train.batches.clips_per_sign=2", "train.data.synthetic.signs=20")
"""What makes a sweep over the synthetic world small."""

pytestmark = pytest.mark.timeout(600)


class Ended(NamedTuple):
    code: int
    said: str


@pytest.fixture(scope="module")
def ended(cluster: Cluster) -> dict[str, Ended]:
    """Three jobs at once."""
    runs = str(cluster.shared / "runs")
    sweep = ("python", "jobs/sweep.py", "--trials", "2", "--out", runs, "--name", "swept")
    bad = ("python", "jobs/train.py", "--data", "stores/mine", "--out", runs)
    jobs = {
        "swept": cluster.ray(*sweep, *TOY, "train.optim.epochs=1"),
        "no store": cluster.start(sys.executable, "clusters/submit.py", "--", *bad),
        "lost": cluster.ray("python", "jobs/sweep.py", "--trials", "2"),
    }
    said = {name: job.communicate(timeout=PATIENCE_S)[0] for name, job in jobs.items()}
    return {name: Ended(job.returncode, said[name]) for name, job in jobs.items()}


def test_all_parts_are_up_and_stay_the_same(cluster: Cluster) -> None:
    before = cluster.parts
    assert set(before) == {"postgres", "mlflow", "head", "worker-1", "worker-2"}
    assert all(part["up"] for part in before.values())
    again = cluster.local("up")
    assert (again.returncode, again.stderr) == (0, "")
    after = cluster.parts
    assert {name: part["pids"][0] for name, part in after.items()} == {
        name: part["pids"][0] for name, part in before.items()
    }
    assert (
        f"export MLFLOW_TRACKING_URI={cluster.environment['MLFLOW_TRACKING_URI']}" in again.stdout
    )


def test_nobody_gets_in_without_the_token(cluster: Cluster) -> None:
    token = {"RAY_AUTH_TOKEN_PATH": str(cluster.folder / "cluster.json")}
    done = subprocess.run(
        ["ray", "job", "list"],
        env={**cluster.environment, **token},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode != 0
    assert "token" in done.stdout + done.stderr
    for secret in ("token", "password"):
        assert (cluster.folder / secret).stat().st_mode & 0o77 == 0


def test_a_submitted_sweep_is_in_mlflow(cluster: Cluster, ended: dict[str, Ended]) -> None:
    code, said = ended["swept"]
    assert code == 0, said
    assert "Ray: 3 nodes, 2 CPUs" in said
    parent, trials = cluster.sweep("swept")
    assert parent.info.status == "FINISHED"
    assert [trial.info.status for trial in trials] == ["FINISHED"] * 2
    assert all("val/map" in trial.data.metrics for trial in trials)
    assert load_bundle(cluster.shared / "runs/swept/bundle").card["sweep"] == "swept"


def test_mlflow_keeps_them_in_postgresql(cluster: Cluster, ended: dict[str, Ended]) -> None:
    del ended
    config = (cluster.folder / "cluster.json").read_text()
    port = config.partition('"postgres": ')[2].split()[0].strip(",}")
    password = (cluster.folder / "password").read_text()
    login = f"postgresql://raysign:{password}@127.0.0.1:{port}/mlflow"
    with psycopg2.connect(login) as server:
        asked = server.cursor()
        asked.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'")
        # Of the sweep, and as many as had ended of the one that is to be stopped.
        (finished,) = asked.fetchone() or (0,)
        assert finished >= 3
    server.close()


def test_a_failed_job_says_why_and_has_a_code(ended: dict[str, Ended]) -> None:
    """Ray's own command knows but one code, ``clusters/submit.py`` the job's."""
    code, said = ended["no store"]
    assert code == 2, said
    assert "error: no store at 'stores/mine'" in said
    assert "a submitted job has a copy of the folder" in said
    code, said = ended["lost"]
    assert code == 1
    assert "error: --out 'runs' would be lost" in said
    assert "such as --out /shared/runs" in said


def test_a_stopped_sweep_keeps_its_best(cluster: Cluster, ended: dict[str, Ended]) -> None:
    """Ends as after Ctrl-C: no run is left RUNNING, and what was found is registered."""
    del ended
    runs = str(cluster.shared / "runs")
    command = ("python", "jobs/sweep.py", "--trials", "99", "--out", runs, "--name", "stopped")
    submit = ("ray", "job", "submit", "--submission-id", "stopped", "--working-dir", ".", "--")
    job = cluster.start(*submit, *command, *TOY, "train.optim.epochs=3", "grace_epochs=1")
    assert job.stdout is not None
    heard: list[tuple[float, str]] = []
    for line in job.stdout:
        heard.append((time.monotonic(), line))
        if "epoch   3" in line:  # a trial has come to its end
            break
    spread = [when for when, line in heard if "epoch" in line or "clips:" in line]
    assert spread[-1] - spread[0] > 0.5, "all at once, instead of line by line"
    stop = cluster.start("ray", "job", "stop", "stopped")
    answer = stop.communicate(timeout=PATIENCE_S)[0]
    assert stop.returncode == 0, answer
    said = job.communicate(timeout=PATIENCE_S)[0]
    assert "of 99 trials" in said, said
    assert "registered: models:/raysign-encoder@" in said
    parent, trials = cluster.sweep("stopped")
    assert parent.info.status == "KILLED"
    assert not [run for run in (parent, *trials) if run.info.status == "RUNNING"]
    assert load_bundle(cluster.shared / "runs/stopped/bundle").card["sweep"] == "stopped"


def test_what_was_killed_comes_back(cluster: Cluster) -> None:
    for pid in cluster.parts["worker-2"]["pids"]:
        os.kill(pid, signal.SIGKILL)
    assert not cluster.parts["worker-2"]["up"]
    assert cluster.local("status").returncode == 1
    assert cluster.local("up").stderr == "starting worker-2\n"
    assert cluster.parts["worker-2"]["up"]
