"""What Ray refuses is said in one line."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
import ray
from ray.exceptions import AuthenticationError, RpcError

from raysign import cluster
from raysign.errors import TrainingError


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        (
            "10.0.0.1:6379",
            AuthenticationError("the token's file is empty: /t"),
            "cannot join the Ray cluster at RAY_ADDRESS=10.0.0.1:6379: the token's file is empty: "
            "/t; give its token in RAY_AUTH_TOKEN or unset RAY_ADDRESS",
        ),
        (
            "10.0.0.1:6379",
            RpcError("Timed out\nwhile waiting"),
            "cannot join the Ray cluster at RAY_ADDRESS=10.0.0.1:6379: Timed out; start it or "
            "unset RAY_ADDRESS",
        ),
        (
            "",
            AuthenticationError("the token's file is empty: /t"),
            "Ray does not start: the token's file is empty: /t; give a token in RAY_AUTH_TOKEN, or "
            "unset RAY_AUTH_MODE",
        ),
    ],
)
def test_a_refusal_is_one_line(
    address: str, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setattr(cluster, "_knock", lambda _: None)
    with pytest.raises(TrainingError) as caught:
        cluster.start()
    assert str(caught.value) == said


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_a_cluster_that_is_gone_is_told_within_seconds(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"{prefix}127.0.0.1:{port}")
    monkeypatch.setattr(cluster, "ANSWERS_WITHIN_S", 0.5)
    began = time.monotonic()
    with pytest.raises(TrainingError, match=r"nobody answers there .*; start it or unset"):
        cluster.start()
    assert time.monotonic() - began < 5


def test_a_head_that_is_being_started_again_is_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    late = threading.Timer(0.5, lambda: servers.append(socket.create_server(address)))
    servers: list[socket.socket] = []
    late.start()
    try:
        cluster._knock(f"{address[0]}:{address[1]}")
    finally:
        late.join()
        for one in servers:
            one.close()
    assert servers


@pytest.mark.parametrize("address", ["auto", "local", "a.b.svc"])
def test_an_address_without_a_port_is_for_ray_to_look_up(address: str) -> None:
    cluster._knock(address)
