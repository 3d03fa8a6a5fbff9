"""Several processes that serve: replicas of Ray Serve, on this machine or a cluster.

A person's takes lie in the replica that looked at them. The page sends the same random
``X-Session-Id`` with every request, and Ray's consistent hashing leads those to one replica; if it
dies, its takes are gone and the others answer.
"""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import threading
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.serve.config import HTTPOptions, ProxyLocation
from ray.serve.schema import LoggingConfig

from raysign.cluster import Resources, start
from raysign.errors import ConfigError
from raysign.serve import edge
from raysign.serve.app import create_app
from raysign.serve.metrics import SHARED
from raysign.serve.run import SHUTDOWN_S, address, end, listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from raysign.serve.run import MakeApp
    from raysign.serve.settings import ServeSettings

NAME = "raysign"
ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
ERROR = re.compile(r"^raysign\.errors\.\w+: (.+)$", re.MULTILINE)


class Replica:
    """One process of Ray Serve: the application that :func:`raysign.serve.run.serve` runs alone."""

    def __init__(self, settings: ServeSettings, make_app: MakeApp) -> None:
        Path(os.environ[SHARED]).mkdir(exist_ok=True)  # another node has none yet
        self._app = make_app(settings)

    def __serve_build_asgi_app__(self) -> FastAPI:
        return self._app


def serve_replicas(
    settings: ServeSettings,
    ready: Callable[[str], None],
    make_app: MakeApp = create_app,
    *,
    bound: Callable[[], None] = lambda: None,
) -> None:
    """Serve in ``settings.replicas`` processes until a signal ends this one; then end them all.

    Args:
        settings: how. Files are looked for on every node.
        ready: called with the address, once all answer.
        make_app: opens what is served, in each replica.
        bound: called when the port was found free, before anything slow happens.

    Raises:
        ConfigError: the port is taken, the cluster is too small, or a replica cannot open what it
            is to serve.
        KeyboardInterrupt: after Ctrl-C, when all has ended.
        SystemExit: after SIGTERM, when all has ended.
    """
    with listen(settings) as listening:
        port = listening.getsockname()[1]
    bound()
    os.environ.update(edge.environment(settings))
    resources = start()
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    try:
        signal.signal(signal.SIGTERM, end)
        with TemporaryDirectory(prefix="raysign-metrics-") as figures:
            _deploy(_each(settings, resources), port, make_app, figures)
            ready(address(settings, port))
            threading.Event().wait()
    finally:
        with redirect_stdout(io.StringIO()):  # Ray mourns its controller there
            serve.shutdown()
            ray.shutdown()


def _deploy(settings: ServeSettings, port: int, make_app: MakeApp, figures: str) -> None:
    quiet = LoggingConfig(log_level=logging.ERROR, enable_access_log=False)
    serve.start(
        proxy_location=ProxyLocation.EveryNode,
        http_options=HTTPOptions(
            host=settings.host,
            port=port,
            keep_alive_timeout_s=settings.headers_s,
            request_timeout_s=None,
            ssl_certfile=None if settings.certificate is None else str(settings.certificate),
            ssl_keyfile=None if settings.key is None else str(settings.key),
        ),
        logging_config=quiet,
    )
    deployment = serve.deployment(
        name=NAME,
        num_replicas=settings.replicas,
        ray_actor_options={"num_cpus": 1, "runtime_env": {"env_vars": {SHARED: figures}}},
        max_ongoing_requests=settings.at_once,
        max_queued_requests=settings.at_once,
        graceful_shutdown_timeout_s=SHUTDOWN_S,
        max_constructor_retry_count=1,
        request_router_config={
            "request_router_class": ROUTER,
            # Another replica does not have the take, so a busy one is waited for.
            "request_router_kwargs": {"num_fallback_replicas": 0},
        },
        logging_config=quiet,
    )(serve.ingress()(Replica))
    try:
        serve.run(deployment.bind(settings, make_app), name=NAME, route_prefix="/")
    except RuntimeError:
        failed = serve.status().applications[NAME].deployments[NAME].message
        if not (found := ERROR.findall(failed)):
            raise
        raise ConfigError(found[-1]) from None


def _each(settings: ServeSettings, resources: Resources) -> ServeSettings:
    """One replica's settings: its share of the cores, and paths that hold in any folder."""
    places = resources.places(1)
    if settings.replicas > places:
        raise ConfigError(
            f"--replicas {settings.replicas} need as many cores, and there are {places}; give "
            f"--replicas {places} or fewer"
        )
    share = max(1, resources.cpus // settings.replicas)
    changed: dict[str, Any] = {
        name: path.absolute()
        for name in ("gallery", "videos", "keep_queries", "phonology")
        if (path := getattr(settings, name)) is not None
    }
    if settings.gallery is None:
        changed["read_only"] = True  # each makes one up: a change in one is not in the others
    for children in ("extractors", "cameras"):
        changed[children] = min(getattr(settings, children), share)
    return settings.model_copy(update=changed)
