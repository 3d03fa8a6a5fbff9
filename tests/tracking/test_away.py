"""A server that is away is asked again after longer and longer waits, and spoken of twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.tracking import Away, away

if TYPE_CHECKING:
    import pytest


def test_waits_double_up_to_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(away.time, "monotonic", lambda: now[0])
    said: list[str] = []
    server = Away(said.append)
    server.answered("it is back")
    assert server.wait_s == 0
    waits = []
    for _ in range(8):
        server.went("it is away")
        waits.append(server.wait_s)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    now[0] += 59
    assert server.wait_s == 1
    now[0] += 2
    assert server.wait_s == 0
    assert said == ["note: it is away"]
    server.answered("it is back")
    assert said == ["note: it is away", "note: it is back"]
    server.went("it is away again")
    assert (server.wait_s, said[-1]) == (2, "note: it is away again")
