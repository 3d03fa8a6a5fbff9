"""A real server in a process of its own, and a client that may have any address of this machine."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60
"""Machines that run tests are busy."""


@dataclass
class Reply:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self) -> tuple[int, str]:
        """Its status and kind; it is a problem in one sentence, and nothing else."""
        told = self.json()
        assert set(told) == {"kind", "text"}
        assert told["text"]
        assert "\n" not in told["text"]
        assert "Traceback" not in told["text"]
        assert self.headers["x-content-type-options"] == "nosniff"
        return self.status, told["kind"]


@dataclass
class Server:
    """One that runs."""

    process: subprocess.Popen[str]
    url: str
    errors: Path
    """What it says on stderr."""
    _clients: int = field(default=1)

    @property
    def port(self) -> int:
        return int(self.url.split("/")[2].rpartition(":")[2])

    def client(self) -> str:
        """An address that nobody asked from yet."""
        self._clients += 1
        return f"127.0.1.{self._clients}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        client: str | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> Reply:
        """One request on a connection of its own; by a new client, if none is given."""
        told = dict(headers or {})
        if body is not None and not isinstance(body, bytes) and not isinstance(body, Iterator):
            body = json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        connection = HTTPConnection(
            "127.0.0.1", self.port, timeout_s, source_address=(client or self.client(), 0)
        )
        try:
            chunked = isinstance(body, Iterator)
            connection.request(method, path, body, told, encode_chunked=chunked)
            reply = connection.getresponse()
            return Reply(
                reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read()
            )
        finally:
            connection.close()

    def connect(self, timeout_s: float = PATIENCE_S) -> socket.socket:
        """A connection to say anything on."""
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout_s, source_address=(self.client(), 0)
        )

    def alive(self) -> bool:
        """Whether it still answers."""
        return self.ask("GET", "/api/v1/health").status == 200

    def resident_mib(self) -> float:
        """Its memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def end(self, how: int = signal.SIGINT) -> tuple[int, str]:
        """Its exit code, and what it said since it was ready."""
        self.process.send_signal(how)
        said, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a server of nothing with these settings; it ends with the module's tests."""
    running: list[Server] = []

    def run(**settings: Any) -> Server:
        errors = tmp_path_factory.mktemp("said") / "stderr"
        script = Path(__file__).with_name("server_process.py")
        with errors.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, str(script), json.dumps({"port": 0, **settings})],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdout is not None
        server = Server(process, process.stdout.readline().strip(), errors)
        running.append(server)
        assert server.url, errors.read_text()
        return server

    yield run
    for server in running:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def server(start: Start) -> Server:
    """With small limits and the shortest patience."""
    return start(
        upload_bytes=1_000_000,
        pause_s=1,
        headers_s=1,
        answer_s=3,
        slowest_bytes_per_s=5_000,
    )


def pieces(count: int, size: int = 100_000) -> Iterable[bytes]:
    """A body of which nobody says before how long it is."""
    return (b"0" * size for _ in range(count))
