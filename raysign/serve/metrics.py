"""What Prometheus is told, at ``/metrics``.

Replicas on one machine count in a folder that they share (prometheus_client's multiprocess mode),
so that each of them tells the figures of all.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from raysign.serve.memory import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
MILLISECONDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000)
FIGURES = {
    "raysign_live_cameras": "Recordings in progress.",
    "raysign_extractor_children": "Child processes that look at videos.",
    "raysign_takes": "Takes that are kept for now.",
}
"""What the dictionary is asked for."""
MEMORY = {
    "raysign_resident_bytes": "Memory of the server.",
    "raysign_children_resident_bytes": "Memory of its child processes.",
}
SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Environment: prometheus_client's name for the folder that replicas share."""
LOOK_EVERY_S = 1.0
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Metrics:
    """One application's figures, in a registry of its own: two in a process do not clash."""

    def __init__(self, figures: Callable[[], Mapping[str, float]]) -> None:
        self.registry = CollectorRegistry()
        self._figures = figures
        self._requests = Counter(
            "raysign_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "raysign_request_seconds",
            "From a request's headers to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._in_progress = Gauge(
            "raysign_requests_in_progress",
            "Requests not answered yet.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._searches = Counter(
            "raysign_searches",
            "Searches by outcome: found, none_of_these or refused.",
            ("outcome",),
            registry=self.registry,
        )
        self._stage = Histogram(
            "raysign_search_stage_milliseconds",
            "A search's stages.",
            ("stage",),
            buckets=MILLISECONDS,
            registry=self.registry,
        )
        self._now = {
            name: Gauge(name, text, registry=self.registry, multiprocess_mode="livesum")
            for name, text in (FIGURES | MEMORY).items()
        }
        self._looked_s = 0.0
        ProcessCollector(registry=self.registry)  # memory, cores, open files

    def searched(self, outcome: str, stages_ms: Mapping[str, float]) -> None:
        """Count a search.

        Args:
            outcome: ``found``, ``none_of_these`` or ``refused``.
            stages_ms: as in :class:`raysign.serve.words.Answer`.
        """
        self._searches.labels(outcome).inc()
        for stage, milliseconds in stages_ms.items():
            self._stage.labels(stage).observe(milliseconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method if method in METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if SHARED in os.environ and time.monotonic() - self._looked_s > LOOK_EVERY_S:
            self._look()  # another replica may be asked for it

    def text(self) -> tuple[bytes, str]:
        """All figures as Prometheus reads them, and their content type."""
        self._look()
        return generate_latest(self._all()), CONTENT_TYPE_LATEST

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        memory = zip(MEMORY, resident_bytes(), strict=True)
        for name, value in {**self._figures(), **dict(memory)}.items():
            self._now[name].set(value)

    def _all(self) -> CollectorRegistry:
        folder = os.environ.get(SHARED)
        if folder is None:
            return self.registry
        for file in Path(folder).glob("gauge_live*_*.db"):
            process = file.stem.rpartition("_")[2]
            if not Path("/proc", process).exists():
                mark_process_dead(process, folder)  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return registry


class Measured:
    """ASGI: counts requests by the template of their route, never by the address itself."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = 499  # as nginx calls it: the client went before there was an answer

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self.metrics._in_progress.track_inprogress():
            try:
                await self.app(scope, receive, watched)
            finally:
                self.metrics.answered(
                    scope["method"], route_of(scope), status, time.perf_counter() - began_s
                )


def route_of(scope: Scope) -> str:
    """The template that a request's address fits, such as ``/api/v1/takes/{take_id}``.

    From the parameters that were found: a route knows its path only within its router.
    """
    if scope["path"].startswith("/web/"):
        return "/web"
    if scope.get("route") is None:
        return "none"
    names = {str(value): f"{{{name}}}" for name, value in scope.get("path_params", {}).items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
