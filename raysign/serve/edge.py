"""What Ray's proxy runs around the replicas.

The proxy reads a body as fast as it comes, whatever becomes of it: refused in the replica only, a
large one would lie in the proxy's memory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from raysign.serve.headers import SafeHeaders
from raysign.serve.limits import Limits
from raysign.serve.pace import Paced
from raysign.serve.problems import Caught, Refused
from raysign.serve.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SETTINGS = "RAYSIGN_SERVE_EDGE"
"""Environment of Ray's proxy: the settings that it needs, as JSON."""
CALLBACK = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
"""Environment of Ray's proxy: what it asks for its middlewares."""
PROXIES = "RAYSIGN_SERVE_PROXIES"
"""Environment of Ray's proxy: addresses of those before it, which its settings, without a token,
may not have.
"""
NOT_ITS_BUSINESS = {"token", "owner_token", "host", "names", "proxies", "certificate", "key"}


def environment(settings: ServeSettings) -> dict[str, str]:
    """What has to stand in the environment of Ray's proxies before Ray starts."""
    return {
        CALLBACK: f"{__name__}.{middlewares.__name__}",
        SETTINGS: settings.model_dump_json(exclude=NOT_ITS_BUSINESS),
        PROXIES: ",".join(settings.proxies),
    }


def middlewares() -> list[Middleware]:
    """Of the proxy, the innermost first."""
    settings = ServeSettings.model_validate_json(os.environ[SETTINGS])
    proxies = os.environ[PROXIES]
    believed = Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)
    return [
        Middleware(InWords),
        Middleware(Paced, settings=settings),
        Middleware(Caught),
        Middleware(Limits, settings=settings),
        Middleware(SafeHeaders),
        *([believed] if proxies else []),
    ]


class InWords:
    """ASGI: what Ray itself refuses, in a word or two of English, becomes a ``Problem``."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refused: Refused | None = None

        async def watched(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                refused = _of_ray(message)
            if refused is None:
                await send(message)

        await self.app(scope, receive, watched)
        if refused is not None:
            raise refused


def _of_ray(start: Message) -> Refused | None:
    """None of an answer that a replica gave, which has our headers, or that is no refusal."""
    status: int = start["status"]
    if status < 400 or "content-security-policy" in Headers(raw=start["headers"]):
        return None
    if status == 404:
        return Refused(404, "not_found", "There is nothing at this address.")
    if status == 503:
        return Refused(
            503, "busy", "Many people ask at the moment; please try again in a few seconds.", 3
        )
    return Refused(
        503, "lost", "This part of the server ended just now; please try again, or record again.", 1
    )
