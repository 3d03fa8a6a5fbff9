"""Every refusal is one sentence for a person; the server alive after each."""

from __future__ import annotations

from typing import Any

import pytest

from raysign.serve.problems import LONGEST, Refused

Server = Any


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ("bug", 500, "broken"),
        ("gallery", 500, "dictionary"),
        ("video", 422, "not_a_video"),
        ("refused", 503, "busy"),
    ],
)
def test_what_goes_wrong_inside_stays_inside(
    server: Server, how: str, status: int, kind: str
) -> None:
    reply = server.ask("GET", f"/api/v1/breaks/{how}")
    assert reply.problem() == (status, kind)
    assert b"private" not in reply.body
    assert server.alive()


def test_it_stands_in_the_servers_log(start: Any) -> None:
    server = start()
    server.ask("GET", "/api/v1/breaks/bug")
    server.ask("GET", "/api/v1/breaks/gallery")
    server.end()
    assert "RuntimeError: /srv/private" in server.errors.read_text()
    assert "GalleryError: /srv/private" in server.errors.read_text()


def test_answer_that_breaks_off_is_seen_to(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /api/v1/breaks/late HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while piece := connection.recv(65536):
            said += piece
    assert b"half" in said
    assert not said.endswith(b"0\r\n\r\n")
    assert server.alive()


def test_nothing_there(server: Server) -> None:
    assert server.ask("GET", "/api/v1/nowhere").problem() == (404, "not_found")
    assert server.ask("PUT", "/api/v1/role").problem() == (405, "wrong_method")


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_who_opens_an_address_that_is_none_gets_a_page(server: Server, start: Any) -> None:
    reply = server.ask("GET", "/nowhere<script>", headers=BROWSER)
    assert reply.status == 404
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    page = reply.body.decode()
    assert "<h1>There is nothing at this address.</h1>" in page
    assert '<a href="/">' in page
    assert "<script" not in page
    assert 'style="' not in page
    assert server.ask("GET", "/nowhere").problem() == (404, "not_found"), "a program"
    for path in ("/api/v1/nowhere", "/api/nowhere", "/web/nowhere.js"):
        assert server.ask("GET", path, headers=BROWSER).problem() == (404, "not_found")
    assert server.ask("POST", "/nowhere", headers=BROWSER).problem() == (404, "not_found")
    strange = {**BROWSER, "Host": "evil.example"}
    assert "<h1>This server does not go by that name" in (
        server.ask("GET", "/", headers=strange).body.decode()
    )


def test_what_was_not_understood_is_named(server: Server) -> None:
    asked = {"takes": [{"id": 3, "start_s": -1}], "count": 1000, "extra": 1}
    reply = server.ask("POST", "/api/v1/search", asked)
    assert reply.problem() == (422, "not_understood")
    text = reply.json()["text"]
    assert "takes.0.id must be text" in text
    assert "takes.0.start_s must be greater than or equal to 0" in text
    reply = server.ask("POST", "/api/v1/search", b"{", {"Content-Type": "application/json"})
    assert reply.json()["text"] == "This was not understood: the request is not JSON."
    assert server.ask("POST", "/api/v1/search", b"").problem() == (422, "not_understood")


def test_path_in_a_file_name_is_only_a_name(server: Server) -> None:
    name = "..%2F..%2Fetc%2Fpasswd"
    reply = server.ask("POST", "/api/v1/videos", b"0", {"X-File-Name": name})
    assert reply.json()["name"] == name
    assert server.alive()


def test_refusal_is_one_short_line_and_says_when_to_come_back() -> None:
    response = Refused(503, "busy", "long\n" * 500, 0.2).response()
    text = response.body.decode()
    assert len(text) < LONGEST + 100
    assert "\\n" not in text
    assert response.headers["retry-after"] == "1"
    assert "retry-after" not in Refused(422, "x", "y").response().headers
