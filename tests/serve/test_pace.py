"""How often one client may ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from raysign.serve import pace
from raysign.serve.pace import Pace, client_of


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_burst_then_the_long_run() -> None:
    clock = Clock()
    bucket = Pace(10, 3, clock)
    assert [bucket.wait_s("a") for _ in range(3)] == [0, 0, 0]
    assert bucket.wait_s("a") == pytest.approx(0.1)
    assert bucket.wait_s("b") == 0
    clock.now_s = 0.1
    assert bucket.wait_s("a") == 0
    assert bucket.wait_s("a") > 0
    clock.now_s = 1000
    assert [bucket.wait_s("a") > 0 for _ in range(5)] == [False, False, False, True, True]


def test_who_waits_as_told_is_answered() -> None:
    clock = Clock()
    bucket = Pace(7, 1, clock)
    bucket.wait_s("a")
    for _ in range(100):
        clock.now_s += bucket.wait_s("a") + 1e-9
        assert bucket.wait_s("a") == 0


def test_pictures_of_a_camera_count_a_quarter(start: Any) -> None:
    server, client = start(burst=2, requests_per_s=0.001), "127.0.1.77"
    path = "/api/v1/recordings/a/frames"
    statuses = [server.ask("POST", path, b"", client=client).status for _ in range(9)]
    assert statuses == [200] * 8 + [429]


def test_clients_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_CLIENTS", 10)
    bucket = Pace(1, 1, Clock())
    for number in range(100):
        assert bucket.wait_s(str(number)) == 0
    assert len(bucket._buckets) == 10
    assert bucket.wait_s("99") > 0


def test_who_is_one_client() -> None:
    def client(host: str) -> str:
        return client_of({"client": (host, 1)})

    assert client("10.0.0.1") != client("10.0.0.2")
    assert client("2001:db8::1") == client("2001:db8::ffff:2")
    assert client("2001:db8::1") != client("2001:db8:0:1::1")
    assert client("fe80::1%eth0") == client("fe80::2")
    assert client_of({}) == ""


def test_two_hundred_requests_in_a_second(start: Any) -> None:
    server = start()
    with server.connect() as connection:
        connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        said = b""
        while said.count(b"HTTP/1.1 ") < 200 or not said.endswith(b"}"):
            said += connection.recv(65536)
    answered, refused = said.count(b"HTTP/1.1 200 "), said.count(b"HTTP/1.1 429 ")
    assert answered + refused == 200
    assert answered >= 80  # the burst
    assert refused > 20
    assert said.count(b'"kind":"too_often"') == refused
    assert said.lower().count(b"retry-after: 1\r\n") == refused
    assert server.alive()  # another client is not held up


def test_proxy_that_is_believed_says_who_asks(start: Any) -> None:
    server = start(proxies=["127.0.3.1"], token="0123456789abcdef", burst=2, requests_per_s=0.001)

    def statuses(client: str, *people: str) -> list[int]:
        return [
            server.ask(
                "GET", "/api/v1/health", headers={"X-Forwarded-For": person}, client=client
            ).status
            for person in people
        ]

    assert statuses("127.0.3.1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2") == [
        200,
        200,
        429,
        200,
    ]
    # Anybody else may say what they like.
    assert statuses("127.0.3.2", "10.0.0.3", "10.0.0.4", "10.0.0.5") == [200, 200, 429]


def test_requests_at_once(start: Any) -> None:
    server = start(at_once=4, at_once_each=2, answer_s=4)
    first, second = server.client(), server.client()

    def hang(client: str) -> Any:
        return server.ask("GET", "/api/v1/breaks/hangs", client=client)

    with ThreadPoolExecutor(8) as pool:
        alone = [reply.problem() for reply in pool.map(hang, [first] * 3)]
        assert sorted(alone) == [(429, "too_many"), (503, "too_slow"), (503, "too_slow")]
        many = [reply.problem() for reply in pool.map(hang, [first, second, server.client()] * 2)]
        assert sorted(many) == [(503, "busy")] * 2 + [(503, "too_slow")] * 4
    assert server.alive()
