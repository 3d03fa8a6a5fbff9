"""Clusters of one machine never take each other's ports, also not those that nobody listens on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "clusters"))
from local_cluster import ports  # noqa: E402
from local_cluster.processes import end, marked, start  # noqa: E402

from raysign.errors import ConfigError  # noqa: E402

CHOOSE = """
import json, sys
sys.path.insert(0, "clusters")
from local_cluster import ports
print(json.dumps(ports.choose()), flush=True)
sys.stdin.read()
"""


def elsewhere() -> subprocess.Popen[str]:
    """Another process that chooses, and goes on until its input ends."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", CHOOSE], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    )


def test_two_clusters_that_start_at_once_share_no_port() -> None:
    begun = [elsewhere() for _ in range(3)]
    chosen = []
    for process in begun:
        assert process.stdout is not None
        chosen.append(json.loads(process.stdout.readline()))
    for process in begun:
        process.communicate("")
    numbers = [number for each in chosen for number in each.values()]
    assert len(numbers) == 15
    assert len(set(numbers)) == 15


def test_a_cluster_whose_part_is_down_keeps_its_ports(tmp_path: Path) -> None:
    theirs = ports.choose()
    ports._claims.close()  # as if the process that started it had ended
    (tmp_path / "cluster.json").write_text(json.dumps({"ports": theirs}))
    part = start(["sleep", "100"], os.environ | marked(tmp_path, "head"), tmp_path / "log")
    try:
        assert not {*ports.choose().values()} & {*theirs.values()}
    finally:
        end(tmp_path, "head", patience_s=5)
        part.wait()


def test_a_port_that_another_program_has_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        monkeypatch.setattr(ports, "USUAL", {"mlflow": number})
        assert ports.choose()["mlflow"] > number
        monkeypatch.setattr(ports, "TRIED", 1)
        with pytest.raises(ConfigError, match=f"no port from {number} to {number} is free for ml"):
            ports.choose()
