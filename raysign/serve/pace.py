"""How often, and how many at once, one client may ask."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from raysign.serve.limits import FRAMES
from raysign.serve.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from raysign.serve.settings import ServeSettings

OWN_FILES = "/web/"
"""The page's own files, which do not count: a page is some thirty of them, and a class that opens
it at once has one address.
"""
COST_OF_FRAMES = 0.25
"""A camera's pictures come many times a second, and cost little."""
MOST_CLIENTS = 10_000
"""Whose pace is remembered; beyond, the one longest silent is a new client again."""


@dataclass
class _Bucket:
    left: float
    at_s: float


class Pace:
    """A token bucket a client: ``burst`` requests at once, ``per_s`` in the long run."""

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_s, self.burst, self.clock = per_s, burst, clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, client: str, cost: float = 1) -> float:
        """0 and the request is counted, as so many; or for how long the client has to wait."""
        now_s = self.clock()
        bucket = self._buckets.setdefault(client, _Bucket(self.burst, now_s))
        self._buckets.move_to_end(client)
        if len(self._buckets) > MOST_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.left = min(self.burst, bucket.left + (now_s - bucket.at_s) * self.per_s)
        bucket.at_s = now_s
        if bucket.left < cost:
            return (cost - bucket.left) / self.per_s
        bucket.left -= cost
        return 0.0


class Paced:
    """ASGI: refuses who asks too often (429), and all beyond what is answered at once (503)."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings = app, settings
        self._pace = Pace(settings.requests_per_s, settings.burst)
        self._in_progress: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = client_of(scope)
        own = scope["path"].startswith(OWN_FILES)
        cost = COST_OF_FRAMES if scope["path"].endswith(FRAMES) else 1
        if not own and (wait_s := self._pace.wait_s(client, cost)):
            raise Refused(
                429, "too_often", "You ask too often; please wait a moment and try again.", wait_s
            )
        if self._in_progress[client] >= self.settings.at_once_each:
            raise Refused(
                429, "too_many", "You ask too much at once; please wait for the first answers.", 1
            )
        if self._in_progress.total() >= self.settings.at_once:
            raise Refused(
                503, "busy", "Many people ask at the moment; please try again in a few seconds.", 3
            )
        self._in_progress[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._in_progress[client] -= 1
            self._in_progress += Counter()  # drops who has none


def client_of(scope: Scope) -> str:
    """Who counts as one client: an IPv4 address, or an IPv6 network, which one person has."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return str(host)
    return str(address if address.version == 4 else ip_network((address, 64), strict=False))
