"""One process that serves: uvicorn, until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from raysign.errors import ConfigError
from raysign.serve.app import create_app
from raysign.serve.connection import connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from raysign.serve.settings import ServeSettings

    MakeApp = Callable[[ServeSettings], FastAPI]

CONNECTIONS = 512
"""Open at once; each is a file of this process."""
SHUTDOWN_S = 5
"""What is being answered at Ctrl-C has so long to end."""


def serve(
    settings: ServeSettings,
    ready: Callable[[str], None],
    make_app: MakeApp = create_app,
    *,
    bound: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal ends this process.

    The port is taken before anything slow happens.

    Args:
        settings: how.
        ready: called with the address, once it answers.
        make_app: opens what is served; the application closes it when it ends.
        bound: called when the port is taken, before anything slow happens.

    Raises:
        ConfigError: the port is taken, or no address of this machine is called ``host``.
        KeyboardInterrupt: after Ctrl-C, when all has ended.
        SystemExit: after SIGTERM, when all has ended.
    """
    signal.signal(signal.SIGTERM, end)
    with listen(settings) as listening:
        bound()
        url = address(settings, listening.getsockname()[1])
        config = uvicorn.Config(
            make_app(settings),
            http=connections(settings),
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,  # from anybody; see ServeSettings.proxies
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=settings.headers_s,
            timeout_graceful_shutdown=SHUTDOWN_S,
            ssl_certfile=settings.certificate,
            ssl_keyfile=settings.key,
        )
        _Server(config, lambda: ready(url)).run([listening])


def listen(settings: ServeSettings) -> socket.socket:
    """The socket to serve on; a port of 0 becomes one that was free.

    Raises:
        ConfigError: as :func:`serve`.
    """
    host, port = settings.host.strip("[]"), settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=CONNECTIONS)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "another program serves there; give another --port, or 0 for any that is free"
        elif error.errno == errno.EACCES:
            why = "ports below 1024 are the system's; give another --port"
        else:
            why = f"{error.strerror}; give an address of this machine as --host"
        raise ConfigError(f"cannot listen on port {port} of {host}: {why}") from None


def address(settings: ServeSettings, port: int) -> str:
    """What to type into a browser. It holds the token: who has the address may ask."""
    host = settings.host.strip("[]")
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    shown = f"[{host}]" if ":" in host else host
    scheme = "http" if settings.certificate is None else "https"
    token = "" if settings.token is None else f"#token={settings.token.get_secret_value()}"
    return f"{scheme}://{shown}:{port}/{token}"


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def end(number: int, frame: Any) -> None:
    """A signal's handler: what has to be cleaned up is, as after Ctrl-C."""
    raise SystemExit(128 + number)
