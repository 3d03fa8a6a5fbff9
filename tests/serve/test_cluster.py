"""Replicas of Ray Serve: who gets which, and what a death costs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from raysign.cluster import Node, Resources
from raysign.errors import ConfigError
from raysign.serve.memory import below
from raysign.serve.settings import ServeSettings

Server = Any
LOOPBACK_6 = "00000000000000000000000001000000:"


@pytest.mark.filterwarnings("ignore:Using extra keyword arguments:DeprecationWarning")
def test_replicas_share_the_cores() -> None:
    from raysign.serve.cluster import _each  # Ray Serve warns of its own past when it is imported

    settings = ServeSettings(
        replicas=2, extractors=8, cameras=3, gallery=Path("g"), videos=Path("/v")
    )
    each = _each(settings, Resources((Node(4), Node(4))))
    assert (each.extractors, each.cameras) == (4, 3)
    assert (each.gallery, each.videos, each.phonology) == (Path("g").absolute(), Path("/v"), None)
    assert not each.read_only
    assert _each(ServeSettings(replicas=2), Resources((Node(2),))).read_only  # one made up in each
    with pytest.raises(ConfigError, match="and there are 1; give --replicas 1 or fewer"):
        _each(settings, Resources((Node(1),)))


@pytest.fixture(scope="module")
def two(start: Any) -> Server:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two replicas need two cores")
    return start(replicas=2, upload_bytes=1_000_000, pause_s=1, requests_per_s=1000, burst=1000)


def replica(server: Server, session: str) -> int:
    reply = server.ask("GET", "/api/v1/process", headers={"X-Session-Id": session})
    assert reply.status == 200, reply.body
    return int(reply.json()["process"])


@pytest.mark.slow
def test_session_stays_on_its_replica(two: Server) -> None:
    sessions = {f"person {number}": replica(two, f"person {number}") for number in range(20)}
    assert len(set(sessions.values())) == 2
    for session, process in sessions.items():
        assert replica(two, session) == process


@pytest.mark.slow
def test_frame_stands_around_the_replicas_too(two: Server) -> None:
    assert two.ask("GET", "/", headers={"Host": "evil.example"}).problem() == (400, "wrong_host")
    body = (b"0" * 100_000 for _ in range(30))
    assert two.ask("POST", "/api/v1/videos", body).problem() == (413, "too_large")
    with two.connect() as connection:
        head = b"POST /api/v1/videos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
    assert b"raysign_requests_total" in two.ask("GET", "/metrics").body


@pytest.mark.slow
def test_large_upload_is_never_held_by_rays_proxy(two: Server) -> None:
    proxy = next(p for p in below(two.process.pid) if "ProxyActor" in name_of(p))
    before_mib = resident_mib(proxy)
    piece = b"%x\r\n%s\r\n" % (2**20, b"0" * 2**20)
    with two.connect() as connection:
        head = b"POST /api/v1/videos HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(1024):
                connection.sendall(piece)
        except ConnectionError:
            pass
    assert resident_mib(proxy) - before_mib < 100
    assert two.alive()


@pytest.mark.slow
def test_ray_listens_to_this_machine_only(two: Server) -> None:
    """But for one port of each replica, as ``--replicas`` says."""
    open_to_all = {
        name_of(process)
        for process in [two.process.pid, *below(two.process.pid)]
        if sockets_of(process) & listening_to_all()
    }
    assert all("ServeReplica" in name for name in open_to_all), open_to_all


@pytest.mark.slow
def test_replica_that_dies_is_replaced_and_the_other_answers(two: Server) -> None:
    victim = replica(two, "somebody")
    other = next(
        session for number in range(50) if replica(two, session := f"other {number}") != victim
    )
    os.kill(victim, signal.SIGKILL)
    survivor = replica(two, other)
    assert survivor != victim
    deadline_s = time.monotonic() + 100
    while time.monotonic() < deadline_s:  # whoever was with the victim is somewhere else now
        reply = two.ask("GET", "/api/v1/process", headers={"X-Session-Id": "somebody"})
        if reply.status == 200 and reply.json()["process"] != victim:
            break
    assert reply.status == 200


@pytest.mark.slow
def test_ctrl_c_ends_everything(two: Server) -> None:
    family = [two.process.pid, *below(two.process.pid)]
    assert len(family) > 5
    code, said = two.end()
    assert code == 130
    assert "graceful_shutdown" not in said
    deadline_s = time.monotonic() + 60
    while alive := [process for process in family if Path(f"/proc/{process}").exists()]:
        assert time.monotonic() < deadline_s, [name_of(process) for process in alive]
        time.sleep(0.2)


def name_of(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def sockets_of(process: int) -> set[str]:
    try:
        return {os.readlink(file) for file in Path(f"/proc/{process}/fd").iterdir()}
    except OSError:
        return set()


def listening_to_all() -> set[str]:
    """Sockets, as a process's files name them, that are not on a loopback address."""
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        f"socket:[{line[9]}]"
        for line in lines
        # 0A = listening; addresses are in the machine's byte order: …7F is 127.…
        if line[3] == "0A"
        and not line[1].partition(":")[0].endswith("00007F")
        and not line[1].startswith(LOOPBACK_6)
    }


def resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
