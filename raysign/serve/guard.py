"""Who may ask, who owns the dictionary, and which pages may speak for them."""

import hmac
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from raysign.serve.problems import Refused
from raysign.serve.settings import ServeSettings, is_loopback

OWNER = "raysign.owner"
"""In a request's scope: whether its sender owns the dictionary."""
OPEN = (
    "/",
    "/dictionary",
    "/favicon.ico",
    "/api/docs",
    "/api/docs.css",
    "/api/openapi.json",
    "/api/v1/health",
)
"""What needs no token, with all of ``/web/``: it is the same on every server. A browser cannot send
a token before the page is there.
"""


def is_owner(request: Request) -> bool:
    """Whether who asks may change the dictionary."""
    return bool(request.scope.get(OWNER, False))


async def owner(request: Request) -> None:
    """A route's dependency: only the owner may.

    Raises:
        Refused: 403 ``not_allowed``.
    """
    if not is_owner(request):
        raise Refused(403, "not_allowed", "Only the owner may change this dictionary.")


class Guard:
    """ASGI: refuses strangers, and pages of other sites that speak in a person's name.

    - The ``Host`` header must be a name of this server: a name that somebody else lets point here
      (DNS rebinding) would make their page one of ours.
    - A page of another site may link here, and nothing else.
    - With a token, all but ``OPEN`` needs it as ``Authorization: Bearer …``.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings = app, settings
        self._names = {"localhost", *settings.names}
        self._here_only = is_loopback(settings.host)
        if not self._here_only:
            machine = socket.gethostname().lower()
            self._names |= {settings.host.lower(), machine, f"{machine}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":  # none of ours
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            self._check_host(headers)
            self._check_site(scope["method"], headers)
            self._check_token(scope, headers)
        await self.app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        name = host_name(headers.get("host", ""))
        if name in self._names:
            return
        try:
            address = ip_address(name)
        except ValueError:
            address = None
        # Nobody can let an address point elsewhere.
        if address is None or (self._here_only and not address.is_loopback):
            raise Refused(
                400, "wrong_host", "This server does not go by that name; open the address it said."
            )

    def _check_site(self, method: str, headers: Headers) -> None:
        """By what browsers say of themselves; other programs have no reason to lie here."""
        linked = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site") and not linked
        origin = headers.get("origin")
        if origin is not None:
            there = origin.partition("://")[2].lower()
            ours = there == headers.get("host", "").lower()
            foreign |= not ours and host_name(there) not in self.settings.names
        if foreign:
            raise Refused(403, "foreign_page", "Another site's page may not ask here.")

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        settings, given = self.settings, _bearer(headers)
        owns = _same(given, settings.owner_token)
        asks = owns or settings.token is None or _same(given, settings.token)
        if not asks and scope["path"] not in OPEN and not scope["path"].startswith("/web/"):
            raise Refused(
                401,
                "token",
                "This dictionary needs its token; open the whole address that you were given.",
            )
        everybody = settings.token is None and settings.owner_token is None
        scope[OWNER] = (owns or everybody) and not settings.read_only


def host_name(host: str) -> str:
    """A ``Host`` header without its port and brackets, in small letters; '' where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _same(given: str, token: SecretStr | None) -> bool:
    """In a time that does not tell how much of it was right."""
    return token is not None and hmac.compare_digest(
        given.encode(), token.get_secret_value().encode()
    )
