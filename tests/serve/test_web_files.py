"""The page's files, and what every answer tells the browser to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from raysign.serve.headers import SAFE
from raysign.serve.web_files import TYPES, WEB

Server = Any


@pytest.mark.parametrize("path", ["/", "/dictionary"])
def test_pages(server: Server, path: str) -> None:
    reply = server.ask("GET", path)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache"


def test_browser_asks_each_time_and_gets_it_once(server: Server) -> None:
    first = server.ask("GET", "/web/player.js")
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    again = server.ask("GET", "/web/player.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"


def test_every_file_of_the_page_has_a_type() -> None:
    suffixes = {file.suffix for file in WEB.rglob("*") if file.is_file()}
    assert suffixes - {".md"} <= set(TYPES)


@pytest.mark.parametrize(
    "path",
    [
        "/web/../settings.py",
        "/web/%2e%2e/settings.py",
        "/web/..%2fsettings.py",
        "/web//etc/passwd",
        "/web/%00",
        "/web/" + "x" * 300,
        "/web/",
        "/web",
    ],
)
def test_nothing_outside_the_folder(server: Server, path: str) -> None:
    assert server.ask("GET", path).problem() == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/", "/web/player.js", "/api/v1/health", "/nowhere", "/metrics", "/api/v1/breaks/bug"]
)
def test_every_answer_is_strict(server: Server, path: str) -> None:
    headers = server.ask("GET", path).headers
    assert {name: headers.get(name.lower()) for name in SAFE} == SAFE
    assert "server" not in headers
    policy = dict(part.split(" ", 1) for part in SAFE["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert not any(
        "unsafe" in value or "http" in value or "*" in value for value in policy.values()
    )


def test_answers_about_people_are_not_kept(server: Server) -> None:
    assert server.ask("GET", "/api/v1/role").headers["cache-control"] == "no-store"
    assert server.ask("GET", "/api/v1/nowhere").headers["cache-control"] == "no-store"
