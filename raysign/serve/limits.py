"""How much a request may send, how slowly, and how long its answer may take."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from raysign.serve.problems import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from raysign.serve.settings import ServeSettings

UPLOADS = ("/api/v1/videos", "/api/v1/search/video")
LANDMARKS = "/api/v1/search/landmarks"
FRAMES = "/frames"
"""How paths end that take a camera's pictures."""
ENVELOPE_BYTES = 10_000
"""What multipart wraps around a picture."""
LINGER_S = 2.0
"""An answer that comes before the request has ended is followed by so long of reading on, into
nothing: who is still sending sees a broken connection, not the answer, if it ends at once.
"""


class Limits:
    """ASGI: counts a body while it streams and times its sender, and then times the answer.

    To the application a refused body ends as if its sender had gone.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self.settings)
        if exchange.refused is None:
            deadline = exchange.deadline
            try:
                async with deadline:
                    await self.app(scope, exchange.receive, exchange.send)
            except TimeoutError:
                if exchange.started or not deadline.expired():
                    raise  # the connection ends
                exchange.refused = Refused(
                    503, "too_slow", "This took too long and was given up; please try again.", 5
                )
        if exchange.refused is not None and not exchange.started:
            await exchange.refused.response()(scope, receive, exchange.send_on)


class _Exchange:
    """One request and its answer, as they pass."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, settings: ServeSettings) -> None:
        self._receive, self._send, self._settings = receive, send, settings
        self._path: str = scope["path"]
        self._most = most_bytes(self._path, settings)
        self._bytes, self._waited_s = 0, 0.0
        self.started = False
        self.refused: Refused | None = None
        self.deadline = asyncio.timeout(settings.answer_s)
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "0")
        self._ended = declared == "0" and "transfer-encoding" not in headers
        if declared.isdecimal() and int(declared) > self._most:
            self.refused = self._too_large()

    async def receive(self) -> Message:
        """The application's side of ``receive``."""
        if self.refused is not None:
            return {"type": "http.disconnect"}
        if self._ended:
            return await self._receive()
        asked_s = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.pause_s):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(self._too_slow())
        self._waited_s += time.monotonic() - asked_s
        if message["type"] != "http.request":
            return message
        self._bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._bytes > self._most:
            return self._refuse(self._too_large())
        late = self._waited_s > self._settings.pause_s and not self._ended
        if late and self._bytes < self._settings.slowest_bytes_per_s * self._waited_s:
            return self._refuse(self._too_slow())
        self._more_time()
        return message

    async def send(self, message: Message) -> None:
        """The application's side of ``send``; what it says of a refused body goes nowhere."""
        if self.refused is None or self.started:
            await self.send_on(message)
            self._more_time()

    async def send_on(self, message: Message) -> None:
        """To the client; a connection whose request has not ended ends with its answer."""
        if self._ended:
            self.started = True
            await self._send(message)
            return
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message)["Connection"] = "close"
            await self._send(message)
            return
        last = not message.get("more_body", False)
        await self._send({**message, "more_body": True})
        if last:
            await self._linger()
            await self._send({"type": "http.response.body", "body": b""})

    async def _linger(self) -> None:
        """Unless the sender has fallen silent anyway."""
        if self.refused is not None and self.refused.kind == "slow_sender":
            return
        try:
            async with asyncio.timeout(LINGER_S):
                while not self._ended:
                    message = await self._receive()
                    self._ended = not message.get("more_body", False)
        except TimeoutError:
            pass

    def _refuse(self, refused: Refused) -> Message:
        self.refused = refused
        return {"type": "http.disconnect"}

    def _more_time(self) -> None:
        """As long as something moves, nothing hangs."""
        if not self.deadline.expired():
            self.deadline.reschedule(asyncio.get_running_loop().time() + self._settings.answer_s)

    def _too_large(self) -> Refused:
        most = f"{self._most / 1e6:,.0f} MB" if self._most >= 1e6 else f"{self._most / 1e3:,.0f} kB"
        choose = " Please choose a shorter or smaller video." if self._path in UPLOADS else ""
        return Refused(413, "too_large", f"This is too large: at most {most} can be sent.{choose}")

    def _too_slow(self) -> Refused:
        return Refused(
            408, "slow_sender", "Sending took too long and was given up; please try again."
        )


def most_bytes(path: str, settings: ServeSettings) -> int:
    """How large a request to that path may be."""
    if path in UPLOADS:
        return settings.upload_bytes
    if path == LANDMARKS:
        return settings.landmarks_bytes
    if path.endswith(FRAMES):
        return settings.pictures * (settings.picture_bytes + ENVELOPE_BYTES)
    return settings.json_bytes
