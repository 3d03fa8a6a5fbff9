"""What is sent: too much, too slowly, or not at all; the server is alive after each."""

from __future__ import annotations

import time
from contextlib import ExitStack
from socket import create_connection
from typing import TYPE_CHECKING, Any

import pytest

from raysign.serve.limits import most_bytes
from raysign.serve.settings import ServeSettings

if TYPE_CHECKING:
    import socket

Server = Any
GIB = 2**30


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    said = b""
    try:
        while piece := connection.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def answer(connection: socket.socket) -> bytes:
    """A problem, or what comes until the other side ends the connection."""
    said = b""
    while not said.endswith(b"}") and (piece := connection.recv(65536)):
        said += piece
    return said


def test_what_fits_comes_whole(server: Server) -> None:
    reply = server.ask("POST", "/api/v1/videos", b"0" * 1_000_000)
    assert (reply.status, reply.json()["bytes"]) == (201, 1_000_000)
    reply = server.ask("POST", "/api/v1/videos", iter([b"0" * 400_000] * 2))
    assert (reply.status, reply.json()["bytes"]) == (201, 800_000)


def test_gibibyte_that_is_declared_is_refused_before_it_is_sent(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head("/api/v1/videos", f"Content-Length: {GIB}"))
        said = answer(connection)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in said.lower()
    assert b"at most 1 MB can be sent. Please choose a shorter or smaller video." in said
    assert server.alive()


def test_client_that_asks_before_it_sends_is_told_not_to(server: Server) -> None:
    with server.connect() as connection:
        waits = (f"Content-Length: {GIB}", "Expect: 100-continue")
        connection.sendall(head("/api/v1/videos", *waits))
        assert answer(connection).startswith(b"HTTP/1.1 413 ")


def test_gibibyte_that_streams_is_refused_and_never_held(server: Server) -> None:
    before_mib = server.resident_mib()
    highest_mib, sent = before_mib, 0
    piece = b"%x\r\n%s\r\n" % (2**20, b"0" * 2**20)
    with server.connect() as connection:
        connection.sendall(head("/api/v1/videos", "Transfer-Encoding: chunked"))
        try:
            for _ in range(1024):
                connection.sendall(piece)
                sent += 1
                highest_mib = max(highest_mib, server.resident_mib())
        except (ConnectionResetError, BrokenPipeError):
            pass
        said = everything(connection)
    assert said == b"" or said.startswith(b"HTTP/1.1 413 ")
    assert highest_mib - before_mib < 50
    assert server.alive()


def test_who_sends_somewhat_too_much_still_reads_why(server: Server) -> None:
    reply = server.ask("POST", "/api/v1/videos", iter([b"0" * 100_000] * 30))
    assert reply.problem() == (413, "too_large")


def test_pictures_and_json_have_limits_of_their_own(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head("/api/v1/search/landmarks", "Content-Length: 16000001"))
        assert answer(connection).startswith(b"HTTP/1.1 413 ")
    for size in (64_001, 100_000):
        with server.connect() as connection:
            connection.sendall(head("/api/v1/search", f"Content-Length: {size}"))
            said = answer(connection)
        assert said.startswith(b"HTTP/1.1 413 ")
        assert b"at most 64 kB can be sent." in said
        assert b"video" not in said
    with server.connect() as connection:
        connection.sendall(head("/api/v1/recordings/7/frames", "Content-Length: 17000000"))
        assert answer(connection).startswith(b"HTTP/1.1 413 ")
    settings = ServeSettings(
        pictures=2, picture_bytes=1000, upload_bytes=7, landmarks_bytes=6, json_bytes=5
    )
    assert most_bytes("/api/v1/videos", settings) == 7
    assert most_bytes("/api/v1/search/video", settings) == 7
    assert most_bytes("/api/v1/search/landmarks", settings) == 6
    assert most_bytes("/api/v1/search", settings) == 5
    assert 2000 < most_bytes("/api/v1/recordings/x/frames", settings) < 100_000


@pytest.mark.parametrize(
    "asked",
    [
        {"takes": [{"id": "a"}], "filter": {"handshape": [0] * 20_000}},
        {"takes": [0] * 20_000},
        {str(key): 0 for key in range(5_000)},
    ],
)
def test_many_mistakes_are_no_more_work_than_one(server: Server, asked: Any) -> None:
    began_s = time.monotonic()
    reply = server.ask("POST", "/api/v1/search", asked)
    assert reply.problem() == (422, "not_understood")
    assert "more mistakes" not in reply.json()["text"]
    assert time.monotonic() - began_s < 2


def test_connections_of_one_client_are_counted(start: Any) -> None:
    server = start(connections_each=3, proxies=["127.0.3.1"], token="0123456789abcdef")

    def alive(client: str) -> list[bool]:
        """Of five connections, one after the other; all are kept until the last is there."""
        got = []
        with ExitStack() as kept:
            for _ in range(5):
                connection = kept.enter_context(
                    create_connection(("127.0.0.1", server.port), 60, source_address=(client, 0))
                )
                try:
                    connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    got.append(connection.recv(65536).startswith(b"HTTP/1.1 200 "))
                except ConnectionError:
                    got.append(False)
        return got

    client = server.client()
    assert alive(client) == [True, True, True, False, False]
    assert alive("127.0.3.1") == [True] * 5
    deadline_s = time.monotonic() + 30
    while alive(client) != [True, True, True, False, False]:  # they are given back
        assert time.monotonic() < deadline_s


def test_client_that_never_finishes_sending_is_cut_off(server: Server) -> None:
    began_s = time.monotonic()
    with server.connect() as connection:
        connection.sendall(head("/api/v1/videos", "Content-Length: 1000") + b"0" * 10)
        said = everything(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"slow_sender" in said
    assert 0.9 < time.monotonic() - began_s < 30
    assert server.alive()


def test_client_that_drips_is_cut_off(server: Server) -> None:
    began_s, said = time.monotonic(), b""
    with server.connect() as connection:
        connection.sendall(head("/api/v1/videos", "Content-Length: 100000"))
        connection.settimeout(0.3)
        while time.monotonic() - began_s < 60 and not said:
            try:
                connection.sendall(b"0")
                said = connection.recv(65536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert said == b"" or said.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began_s < 30


@pytest.mark.parametrize("said", [b"", b"POST /api/v1/videos HTTP/1.1\r\nHost: local"])
def test_client_that_never_says_what_it_wants_is_cut_off(server: Server, said: bytes) -> None:
    began_s = time.monotonic()
    with server.connect() as connection:
        connection.sendall(said)
        assert everything(connection) == b""
    assert 0.9 < time.monotonic() - began_s < 30


def test_headers_without_end_are_refused(server: Server) -> None:
    with server.connect() as connection:
        try:
            connection.sendall(head("/api/v1/videos", "X-Long: " + "0" * 1_000_000))
            said = everything(connection)
        except ConnectionError:
            said = b""
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
    assert server.alive()


def test_upload_that_breaks_off_is_forgotten(server: Server) -> None:
    for _ in range(3):
        with server.connect() as connection:
            connection.sendall(head("/api/v1/videos", "Content-Length: 1000") + b"0" * 500)
    assert server.alive()
    deadline_s = time.monotonic() + 30
    while "raysign_requests_in_progress 1.0" not in server.ask("GET", "/metrics").body.decode():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def test_answer_that_does_not_come_is_given_up(server: Server) -> None:
    began_s = time.monotonic()
    assert server.ask("GET", "/api/v1/breaks/hangs").problem() == (503, "too_slow")
    assert 2.5 < time.monotonic() - began_s < 30


def test_answer_before_the_body_ends_the_connection(server: Server) -> None:
    """And is read: a body that was refused is taken in for a moment, and thrown away."""
    body = b"0" * 900_000
    landmarks = "/api/v1/search/landmarks"  # such a body is allowed there, and this server has none
    reply = server.ask("POST", landmarks, body)
    assert reply.problem() == (404, "not_found")
    assert reply.headers["connection"] == "close"
    reply = server.ask("POST", landmarks, body, {"Origin": "http://elsewhere"})
    assert reply.problem() == (403, "foreign_page")
