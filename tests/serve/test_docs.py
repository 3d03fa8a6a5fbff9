"""The API's page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI, Query

from raysign.serve.docs import docs_page
from raysign.serve.docs.page import kind_of, limits_of
from raysign.serve.words import Answer, Problem, SearchTakes

Server = Any


class Page(HTMLParser):
    """Its ids, links, and what it fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []
        self.fetched += [given["href"]] if tag == "link" else []
        if tag in ("script", "style", "iframe", "img") or "style" in given:
            self.inline.append(tag)


def example() -> FastAPI:
    app = FastAPI(title="dictionary", version="7", responses={422: {"model": Problem}})

    @app.post("/api/v1/search")
    def search(asked: SearchTakes, count: int = Query(3, ge=1, le=9)) -> Answer:
        """Find <b>signs</b>.

        The likeliest first.
        """

    return app


def test_every_call_and_model_is_there_and_every_link_leads_somewhere() -> None:
    openapi = example().openapi()
    text = docs_page(openapi)
    page = Page(text)
    assert "POST /api/v1/search" in text
    assert set(openapi["components"]["schemas"]) <= set(page.ids)
    assert {link[1:] for link in page.links if link[0] == "#"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert 'href="#SearchTakes"' in text
    assert "≥ 1, ≤ 9, default 3" in text


def test_it_needs_no_script_and_nothing_from_elsewhere() -> None:
    page = Page(docs_page(example().openapi()))
    assert page.inline == []
    assert page.fetched == ["/web/icon.svg", "/api/docs.css"]
    assert {link for link in page.links if link[0] != "#"} == {"/api/openapi.json"}


def test_real_api_is_described_throughout() -> None:
    from raysign.serve.api import routers

    app = FastAPI(title="raysign", version="0")
    for router in routers():
        app.include_router(router)
    openapi = app.openapi()
    page = Page(docs_page(openapi))
    assert {link[1:] for link in page.links if link[0] == "#"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    calls = [call for path in openapi["paths"].values() for call in path.values()]
    assert len(calls) > 15
    assert [call["operationId"] for call in calls if not call.get("description")] == []


def test_server_shows_examples_of_its_own_address(server: Server) -> None:
    reply = server.ask("GET", "/api/docs")
    assert b"#examples" not in reply.body, "a server of nothing cannot be searched"
    assert server.ask("GET", "/api/docs", headers={"Host": "localhost:7"}).status == 200


def test_text_is_no_html() -> None:
    text = docs_page(example().openapi())
    assert "&lt;b&gt;signs&lt;/b&gt;" in text
    assert "<b>" not in text


def test_fields_say_what_they_mean() -> None:
    text = docs_page(example().openapi())
    assert "Stable, such as <code>too_long</code>, <code>no_person</code>" in text
    assert (
        "as <code>draw/player.js</code> plays it; see <code>raysign.draw.player.Film</code>" in text
    )


def test_server_shows_it(server: Server) -> None:
    reply = server.ask("GET", "/api/docs")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert b"GET /api/v1/health" in reply.body
    assert server.ask("GET", "/api/docs.css").headers["content-type"].startswith("text/css")
    openapi = server.ask("GET", "/api/openapi.json").json()
    assert set(openapi["paths"]["/api/v1/health"]["get"]["responses"]) >= {"200", "4XX", "5XX"}
    answer = openapi["paths"]["/api/v1/search"]["post"]["responses"]["422"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"$ref": "#/components/schemas/Film"}, "Film"),
        ({"type": "array", "items": {"$ref": "#/x/Film"}}, "list of Film"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"type": "array", "prefixItems": [{"type": "integer"}] * 2}, "list of integer, integer"),
        ({"enum": ["one", "two"], "type": "string"}, '"one" or "two"'),
        ({"const": "ok"}, '"ok"'),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({"type": "string", "format": "binary"}, "bytes"),
        ({}, "anything"),
    ],
)
def test_kinds(schema: dict[str, Any], kind: str) -> None:
    assert kind_of(schema) == kind


def test_limits() -> None:
    assert limits_of({"exclusiveMinimum": 0, "maximum": 16384}) == "> 0, ≤ 16,384"
    assert limits_of({"anyOf": [{"minimum": 0}, {"type": "null"}], "default": None}) == (
        "≥ 0, default null"
    )
