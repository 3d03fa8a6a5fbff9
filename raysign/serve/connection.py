"""A connection that does not wait for ever, and clients that do not take them all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from raysign.serve.pace import client_of

if TYPE_CHECKING:
    import asyncio

    from raysign.serve.settings import ServeSettings


class Connection(H11Protocol):
    """Closed if a request's headers are not there ``timeout_keep_alive`` after it could begin.

    And at once, if its client has ``most`` others: idle ones would shut everybody else out.

    uvicorn itself times only the silence between two requests. h11 also bounds how long headers may
    be, as the faster parser does not.
    """

    most: ClassVar[int]
    proxies: ClassVar[frozenset[str]]
    """Many people's; theirs are not counted."""
    open: ClassVar[Counter[str]]
    """By client."""
    _headers_due: asyncio.TimerHandle | None = None
    _of = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_headers()
        if self.client is None or self.client[0] in self.proxies:
            return
        self._of = client_of({"client": self.client})
        self.open[self._of] += 1
        if self.open[self._of] > self.most:
            transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget()
        if self._of:
            self.open[self._of] -= 1
            if not self.open[self._of]:
                del self.open[self._of]

    def _expect_headers(self) -> None:
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._forget()
        elif self._headers_due is None:
            self._headers_due = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def _forget(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None


def connections(settings: ServeSettings) -> type[Connection]:
    """Those of one server."""
    of_server = {
        "most": settings.connections_each,
        "proxies": frozenset(settings.proxies),
        "open": Counter[str](),
    }
    return type("Counted", (Connection,), of_server)
