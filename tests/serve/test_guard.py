"""Who may ask, and which pages may speak for them."""

from __future__ import annotations

from typing import Any

import pytest

from raysign.serve.guard import host_name

Server = Any
TOKEN, OWNERS = "a-token-of-sixteen", "an-owners-own-token"


@pytest.fixture(scope="module")
def closed(start: Any) -> Server:
    """Needs a token, and an owner's to be changed."""
    return start(token=TOKEN, owner_token=OWNERS, requests_per_s=1000, burst=1000)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "10.0.0.7", "localhost.evil.example", "", "[", "::1"],
)
def test_name_that_is_not_ours_is_refused(server: Server, host: str) -> None:
    assert server.ask("GET", "/", headers={"Host": host}).problem() == (400, "wrong_host")


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:99", "127.0.0.1:8000", "127.8.8.8", "[::1]:1"]
)
def test_names_of_this_machine_are_ours(server: Server, host: str) -> None:
    assert server.ask("GET", "/api/v1/health", headers={"Host": host}).status == 200


def test_given_names_are_ours(start: Any) -> None:
    server = start(names=["Signs.example.org"], token=TOKEN, owner_token=OWNERS)
    ours = {"Host": "signs.Example.org"}
    assert server.ask("GET", "/api/v1/health", headers=ours).status == 200
    # A proxy before it may call it by another name than the page was opened by.
    page = {"Origin": "https://signs.example.org", **bearer(OWNERS)}
    assert server.ask("DELETE", "/api/v1/clips", headers=page).status == 200
    assert server.ask("GET", "/", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "http://127.0.0.1", "x", "http://[", ""],
)
def test_page_of_another_origin_may_not_ask(server: Server, origin: str) -> None:
    reply = server.ask("DELETE", "/api/v1/clips", headers={"Origin": origin})
    assert reply.problem() == (403, "foreign_page")


def test_our_page_may_ask(server: Server) -> None:
    ours = {"Origin": f"http://127.0.0.1:{server.port}", "Sec-Fetch-Site": "same-origin"}
    assert server.ask("DELETE", "/api/v1/clips", headers=ours).status == 200


def test_other_sites_may_link_here_and_nothing_else(server: Server) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    picture = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert server.ask("GET", "/api/docs", headers=link).status == 200
    assert server.ask("GET", "/api/docs", headers=picture).status == 403
    assert server.ask("POST", "/api/v1/videos", b"", headers=link).status == 403


@pytest.mark.parametrize("path", ["/api/v1/role", "/metrics", "/api/v1/nowhere", "/nowhere", "//x"])
def test_without_the_token_nothing_is_told(closed: Server, path: str) -> None:
    for headers in ({}, bearer("wrong"), bearer(TOKEN[:-1]), {"Authorization": f"Basic {TOKEN}"}):
        reply = closed.ask("GET", path, headers=headers)
        assert reply.problem() == (401, "token")
        assert reply.headers["www-authenticate"] == "Bearer"
    assert closed.ask("GET", f"{path}?token={TOKEN}").status == 401


def test_with_the_token_one_may_ask_and_not_change(closed: Server) -> None:
    assert closed.ask("GET", "/api/v1/role", headers=bearer(TOKEN)).json() == {"owner": False}
    reply = closed.ask("DELETE", "/api/v1/clips", headers=bearer(TOKEN))
    assert reply.problem() == (403, "not_allowed")


def test_with_the_owners_token_one_may_do_both(closed: Server) -> None:
    assert closed.ask("GET", "/api/v1/role", headers=bearer(OWNERS)).json() == {"owner": True}
    assert closed.ask("DELETE", "/api/v1/clips", headers=bearer(OWNERS)).status == 200


def test_page_comes_before_its_token(closed: Server) -> None:
    for path in ("/api/docs", "/api/docs.css", "/api/openapi.json", "/api/v1/health"):
        assert closed.ask("GET", path).status == 200
    assert closed.ask("GET", "/web/nothing.js").status == 404


def test_token_alone_makes_nobody_owner(start: Any) -> None:
    server = start(token=TOKEN)
    assert server.ask("GET", "/api/v1/role", headers=bearer(TOKEN)).json() == {"owner": False}


def test_owners_token_alone_lets_everybody_ask(start: Any) -> None:
    server = start(owner_token=OWNERS)
    assert server.ask("GET", "/api/v1/role").json() == {"owner": False}
    assert server.ask("GET", "/api/v1/role", headers=bearer(OWNERS)).json() == {"owner": True}


def test_nobody_owns_what_is_read_only(start: Any) -> None:
    server = start(read_only=True, owner_token=OWNERS)
    assert server.ask("GET", "/api/v1/role", headers=bearer(OWNERS)).json() == {"owner": False}


def test_here_and_without_tokens_everybody_is_the_owner(server: Server) -> None:
    assert server.ask("GET", "/api/v1/role").json() == {"owner": True}


def test_host_name() -> None:
    names = {"A.example:80": "a.example", "[::1]:8": "::1", "[": "", "": "", "a@b": "b"}
    assert {host: host_name(host) for host in names} == names
