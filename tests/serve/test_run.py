"""One process: where it listens, and how it ends."""

from __future__ import annotations

import shlex
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from raysign.errors import ConfigError, GalleryError
from raysign.serve.run import address, listen, serve
from raysign.serve.settings import ServeSettings

TOKEN = "0123456789abcdef"


def refused(**settings: Any) -> str:
    with pytest.raises(ConfigError) as error:
        listen(ServeSettings(**settings))
    return str(error.value)


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(port=port) == (
            f"cannot listen on port {port} of 127.0.0.1: another program serves there; give "
            "another --port, or 0 for any that is free"
        )


def test_address_that_is_not_of_this_machine() -> None:
    for host in ("192.0.2.1", "nowhere.invalid"):
        assert "give an address of this machine as --host" in refused(
            host=host, token=TOKEN, port=0
        )


def test_any_port_that_is_free() -> None:
    with listen(ServeSettings(port=0)) as listening:
        assert listening.getsockname()[1] > 0


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:80/"),
        ({"host": "::1"}, "http://[::1]:80/"),
        ({"host": "localhost", "certificate": "c", "key": "k"}, "https://localhost:80/"),
        ({"host": "10.0.0.1", "token": TOKEN}, f"http://10.0.0.1:80/#token={TOKEN}"),
        ({"host": "0.0.0.0", "token": TOKEN}, f"http://{socket.gethostname()}:80/#token={TOKEN}"),
    ],
)
def test_what_to_type_into_a_browser(settings: dict[str, Any], url: str) -> None:
    assert address(ServeSettings(**settings), 80) == url


def test_a_port_that_is_taken_is_all_that_is_said() -> None:
    said: list[str] = []

    def too_far(settings: ServeSettings) -> Any:
        raise AssertionError("something slow")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = ServeSettings(port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match="another program"):
            serve(settings, said.append, too_far, bound=lambda: said.append("bound"))
    assert said == []


def test_the_port_is_taken_before_anything_is_opened() -> None:
    said: list[str] = []

    def make(settings: ServeSettings) -> Any:
        said.append("opened")
        raise GalleryError("enough")

    with pytest.raises(GalleryError):
        serve(ServeSettings(port=0), said.append, make, bound=lambda: said.append("bound"))
    assert said == ["bound", "opened"]


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_it_cleanly(start: Any, how: int, code: int) -> None:
    server = start()
    assert server.alive()
    ended, said = server.end(how)
    assert said == "closed\n"
    assert ended == code
    assert server.errors.read_text() == ""


def test_signal_in_the_middle_of_a_request(start: Any) -> None:
    server = start()
    with server.connect() as connection:
        connection.sendall(b"GET /api/v1/breaks/hangs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while "in_progress 2.0" not in server.ask("GET", "/metrics").body.decode():
            pass
        _, said = server.end()
    assert said == "closed\n"


def test_https(start: Any, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    made = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-keyout key.pem -out cert.pem -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost"
    )
    subprocess.run(shlex.split(made), cwd=tmp_path, check=True, capture_output=True)
    server = start(certificate=str(tmp_path / "cert.pem"), key=str(tmp_path / "key.pem"))
    assert server.url.startswith("https://")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with (
        server.connect() as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
