"""What stands around Ray's proxy."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from raysign.serve import edge
from raysign.serve.headers import SAFE, SafeHeaders
from raysign.serve.settings import ServeSettings


def through(app: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[int, dict[str, str], bytes]:
    """What a client gets from the proxy."""
    for name, value in edge.environment(ServeSettings(token="a" * 16, json_bytes=7)).items():
        monkeypatch.setenv(name, value)
    for middleware in edge.middlewares():
        app = middleware.cls(app, *middleware.args, **middleware.kwargs)
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("a", 1)}
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(m.get("body", b"") for m in said[1:])


@pytest.mark.parametrize(
    ("status", "kind", "becomes"),
    [(500, "lost", 503), (503, "busy", 503), (404, "not_found", 404), (408, "lost", 503)],
)
def test_rays_own_words_become_ours(
    status: int, kind: str, becomes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    got, headers, body = through(PlainTextResponse("Internal", status), monkeypatch)
    assert (got, json.loads(body)["kind"]) == (becomes, kind)
    assert {name: headers[name.lower()] for name in SAFE} == SAFE


@pytest.mark.parametrize("response", [JSONResponse({"kind": "gone"}, 410), Response(b"x")])
def test_a_replicas_words_stay(response: Response, monkeypatch: pytest.MonkeyPatch) -> None:
    got, _, body = through(SafeHeaders(response), monkeypatch)
    assert (got, body) == (response.status_code, response.body)


def test_proxy_is_told_no_secrets() -> None:
    settings = ServeSettings(token="a" * 16, owner_token="b" * 16, host="0.0.0.0")
    told = "".join(edge.environment(settings).values())
    assert "a" * 16 not in told
    assert "token" not in told


def test_proxies_before_it_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ServeSettings(token="a" * 16, proxies=("10.0.0.1", "10.0.0.2"), names=("a.org",))
    for name, value in edge.environment(settings).items():
        monkeypatch.setenv(name, value)
    outermost = edge.middlewares()[-1]
    assert outermost.kwargs == {"trusted_hosts": "10.0.0.1,10.0.0.2"}
