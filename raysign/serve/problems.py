"""Every refusal as a ``Problem``: one sentence for a person, and never a traceback.

A browser that opens an address gets the same sentence as a page.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from raysign.config.mistakes import plain
from raysign.draw.page import rendered
from raysign.errors import ExtractionError, RaysignError
from raysign.serve.words import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("raysign.serve")
FOR_PROGRAMS = ("/api/", "/web/", "/metrics")
"""How addresses begin at which nobody looks with a browser."""
LONGEST = 500
"""Characters of a sentence."""

OF_HTTP = {
    404: ("not_found", "There is nothing at this address."),
    405: ("wrong_method", "This address cannot be used like that; see /api/docs."),
}


class Refused(Exception):
    """A request that is not answered as asked.

    Args:
        status: of HTTP, 400–599.
        kind: a stable word for programs.
        text: one sentence for a person: what was wrong, and what to do now.
        retry_after_s: when to ask again, if that helps.
    """

    def __init__(
        self, status: int, kind: str, text: str, retry_after_s: float | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.kind, self.text = status, kind, text
        self.retry_after_s = retry_after_s

    def response(self, scope: Scope | None = None) -> Response:
        """What the client gets: a ``Problem``, or its sentence as a page.

        ``scope`` is the request's; None = a program's.
        """
        headers = {"Cache-Control": "no-store"}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        text = " ".join(self.text.split())
        if len(text) > LONGEST:
            text = text[: LONGEST - 1] + "…"
        if scope is not None and opens_a_page(scope):
            page = rendered("raysign.serve", "refused.html.j2", {}, html=True, text=text)
            return HTMLResponse(page, self.status, headers=headers)
        return JSONResponse(
            Problem(kind=self.kind, text=text).model_dump(), self.status, headers=headers
        )


def opens_a_page(scope: Scope) -> bool:
    """Whether a person asks, with a browser's address bar or a link."""
    return (
        scope["method"] in ("GET", "HEAD")
        and not scope["path"].startswith(FOR_PROGRAMS)
        and "text/html" in Headers(scope=scope).get("accept", "")
    )


BROKEN = Refused(500, "broken", "Something broke on the server; please try again.")


def as_refused(error: Exception) -> Refused:
    """What a person is told of an error; those nobody expected are written to the log."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, RequestValidationError):
        return Refused(422, "not_understood", f"This was not understood: {_mistakes(error)}.")
    if isinstance(error, HTTPException):
        kind, text = OF_HTTP.get(error.status_code, ("refused", str(error.detail)))
        return Refused(error.status_code, kind, text)
    if isinstance(error, ExtractionError):
        LOG.info("a video was refused: %s", error)
        return Refused(
            422, "not_a_video", "This video cannot be read; please try another, such as an MP4."
        )
    LOG.error("a request failed", exc_info=error)
    if isinstance(error, RaysignError):
        return Refused(
            500, "dictionary", "The dictionary cannot answer this; please tell its owner."
        )
    return BROKEN


def install(app: FastAPI) -> None:
    """Let every error that a route raises end as a ``Problem``."""

    async def answer(request: Request, error: Exception) -> Response:
        return as_refused(error).response(request.scope)

    for kind in (Refused, RequestValidationError, HTTPException, RaysignError):
        app.add_exception_handler(kind, answer)


class Caught:
    """ASGI: what no handler expected ends as a ``Problem`` too, and not in the server."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            LOG.info("a client went away while it sent")
        except Exception as error:
            if started:  # too late for another answer: the server ends the connection
                raise
            await as_refused(error).response(scope)(scope, receive, send)


def _mistakes(error: RequestValidationError) -> str:
    """The first few, each with its place: ``takes.0.start_s must be a number``."""
    mistakes, found = error.errors(), []
    for mistake in mistakes[:3]:
        if mistake["type"] == "json_invalid":
            return "the request is not JSON"
        place = ".".join(str(part) for part in mistake["loc"][1:])
        found.append(f"{place or 'the request'} {plain(mistake)}")
    more = f" and {len(mistakes) - 3} more mistakes" if len(mistakes) > 3 else ""
    return "; ".join(found) + more
