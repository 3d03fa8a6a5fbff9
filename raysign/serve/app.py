"""The application: routes, and around them what keeps people safe.

From the outside in: :class:`SafeHeaders` on every answer, :class:`Measured` counts it,
:class:`Limits` on what is sent and how long that takes, :class:`Caught` makes a ``Problem`` of what
goes wrong, :class:`Paced` and :class:`Guard` turn away who may not ask.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from raysign import __version__
from raysign.serve import problems
from raysign.serve.docs import docs_css, docs_page
from raysign.serve.guard import Guard
from raysign.serve.headers import SafeHeaders
from raysign.serve.limits import Limits
from raysign.serve.metrics import Measured, Metrics
from raysign.serve.pace import Paced
from raysign.serve.served import Served
from raysign.serve.settings import ServeSettings
from raysign.serve.web_files import DRAW, WEB, WebFiles
from raysign.serve.words import Health, Problem

DESCRIPTION = (
    "Ask a sign dictionary with a recording: which sign is it? Times are in seconds from a "
    "recording's first frame. Every refusal is a Problem, with one sentence for a person. A server "
    "with a token wants it as a header, Authorization: Bearer TOKEN; with several replicas, a "
    "person's requests need the same X-Session-Id."
)


def create_app(
    given: Served | ServeSettings, routers: Sequence[APIRouter] | None = None
) -> FastAPI:
    """The application that serves a dictionary.

    Args:
        given: the opened dictionary, or the settings to open one with; it is closed when the
            application ends.
        routers: the API's routes; None = those of :mod:`raysign.serve.api`.
    """
    service = _opened(given) if isinstance(given, ServeSettings) else given
    settings = service.settings

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(service.close)

    app = FastAPI(
        title="raysign",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}, 422: {"model": Problem}},
    )
    app.state.service = service
    app.state.metrics = metrics = Metrics(service.figures)
    problems.install(app)
    if routers is None:
        from raysign.serve.api import routers as dictionary_routers

        routers = dictionary_routers()
    for router in routers:
        app.include_router(router)
    _frame_routes(app, service, metrics)
    # The last one added is the outermost.
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Paced, settings=settings)
    app.add_middleware(problems.Caught)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(SafeHeaders)
    if settings.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.proxies))
    return app


def _opened(settings: ServeSettings) -> Served:
    from raysign.serve.dictionary import Service

    return Service.open(settings)


def _frame_routes(app: FastAPI, service: Served, metrics: Metrics) -> None:
    """Health, metrics, the API's page, and the page itself."""
    web, drawn = WebFiles(directory=WEB), WebFiles(directory=DRAW)

    @app.get("/api/v1/health", tags=["server"])
    async def health() -> Health:
        """Say that the server is alive, and how large its dictionary is."""
        return service.health()

    @app.get("/metrics", include_in_schema=False)
    def told() -> Response:
        text, kind = metrics.text()
        return Response(text, headers={"Content-Type": kind})

    @lru_cache(maxsize=4)
    def docs(address: str) -> str:
        return docs_page(app.openapi(), address)

    @app.get("/api/docs", include_in_schema=False)
    def docs_of_api(request: Request) -> HTMLResponse:
        return HTMLResponse(docs(str(request.base_url)))

    @app.get("/api/docs.css", include_in_schema=False)
    def css_of_docs() -> Response:
        return Response(docs_css(), media_type="text/css")

    @app.get("/", include_in_schema=False)
    async def page(request: Request) -> Response:
        return await web.get_response("index.html", request.scope)

    @app.get("/dictionary", include_in_schema=False)
    async def dictionary_page(request: Request) -> Response:
        return await web.get_response("dictionary.html", request.scope)

    @app.get("/web/player.js", include_in_schema=False)
    async def player(request: Request) -> Response:
        return await drawn.get_response("player.js", request.scope)

    app.mount("/web", web, name="web")
