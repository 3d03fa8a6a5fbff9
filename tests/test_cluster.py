"""What Ray refuses is said in one line."""

from __future__ import annotations

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
    with pytest.raises(TrainingError) as caught:
        cluster.start()
    assert str(caught.value) == said
