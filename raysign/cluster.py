"""Ray's start: on this machine, or on the cluster that a job was submitted to."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray._private import ray_constants
from ray._private import worker as ray_worker
from ray.exceptions import AuthenticationError, RayError

from raysign.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = 10_000
"""Of which Ray counts resources."""

ANSWERS_WITHIN_S = 10.0
"""A cluster that exists; a head that is being started again may take that long."""


@dataclass(frozen=True)
class Node:
    """What one machine of the cluster has for processes."""

    cpus: int
    gpus: int = 0
    memory: int = 0
    """Bytes that Ray hands out."""
    object_store: int = 0
    """Bytes of shared memory, beside those."""
    name: str = ""

    def places(self, cpus: float, gpus: float = 0, memory: int = 0) -> int:
        """How many processes that need so much fit here.

        A fraction of a GPU is one of a single GPU: of .6 each GPU holds one. Fractions are counted
        in ten-thousandths, as Ray does.
        """
        fit = self.cpus * PARTS // round(cpus * PARTS)
        if gpus:
            part = round(gpus * PARTS)
            on_gpus = self.gpus * (PARTS // part) if part < PARTS else self.gpus * PARTS // part
            fit = min(fit, on_gpus)
        return min(fit, self.memory // memory) if memory else fit


@dataclass(frozen=True)
class Resources:
    """What the cluster has."""

    nodes: tuple[Node, ...]

    @property
    def cpus(self) -> int:
        """CPUs in all."""
        return sum(node.cpus for node in self.nodes)

    @property
    def gpus(self) -> int:
        """GPUs in all."""
        return sum(node.gpus for node in self.nodes)

    def places(self, cpus: float, gpus: float = 0, memory: int = 0) -> int:
        """How many processes that need so much fit; none is spread over two nodes."""
        return sum(node.places(cpus, gpus, memory) for node in self.nodes)

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs" if self.gpus else ""
        nodes = len(self.nodes)
        return f"Ray: {nodes} node{'s' * (nodes > 1)}, {self.cpus} CPUs{gpus}"


def start(*, dashboard: bool = False) -> Resources:
    """Join the cluster that this process belongs to, or start one on this machine.

    ``dashboard`` matters only where one is started: Ray frees the placement groups of trainers
    inside stopped trials through it, so a sweep over multi-worker trials needs it.

    Raises:
        TrainingError: ``RAY_ADDRESS`` names a cluster that cannot be joined, or Ray wants a token
            and has none.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What Ray's core has to say stands in its log files; on stderr it is noise to a person.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    ray_worker.print_to_stdstream = _tell_on_stderr
    if not ray.is_initialized():
        # The driver prints its own lines of progress; the workers' stdout stays in Ray's logs.
        with _without_core_chatter(), _sigterm_returned():
            if os.environ.get("RAY_ADDRESS"):
                _join()
            else:
                _begin(dashboard)
    return Resources(tuple(_node(node) for node in ray.nodes() if node["Alive"]))


_tell = ray_worker.print_to_stdstream


def _tell_on_stderr(data: dict[str, Any], ignore_prefix: bool) -> None:
    """In place of Ray's own, which puts the news of a lost worker among a command's results."""
    _tell({**data, "is_err": True}, ignore_prefix)


def _node(told: dict[str, Any]) -> Node:
    """A node as Ray tells of it; several may have one address, so its id is part of the name."""
    has = told["Resources"]
    memory, shared = (int(has.get(name, 0)) for name in ("memory", "object_store_memory"))
    name = f"{told['NodeManagerAddress']} ({told['NodeID'][:6]})"
    return Node(int(has.get("CPU", 0)), int(has.get("GPU", 0)), memory, shared, name)


def _keep_to_loopback() -> None:
    """Before Ray starts here: nobody on another machine reaches it.

    Who does reach it may run anything. Linux alone is spared this by default, and 127.0.0.1 as
    ``_node_ip_address`` becomes the machine's outer address. Ray read its variable when it was
    imported; the processes that it starts read theirs anew.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False


def name_cluster() -> None:
    """In a worker: say which cluster it is of.

    What frees placement groups looks for its cluster among the machine's processes otherwise, and
    gives up where a second one runs: the next trial would wait for ever.
    """
    os.environ.setdefault("RAY_ADDRESS", ray.get_runtime_context().gcs_address)


@contextmanager
def ctrl_c_returned() -> Iterator[None]:
    """Around Ray Train and Tune, which take Ctrl-C for themselves and keep it afterwards."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _sigterm_returned() -> Iterator[None]:
    """Around Ray's start, which has SIGTERM end the process at once: who has a way keeps it."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if callable(before) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _without_core_chatter() -> Iterator[None]:
    """Ray's core says on stderr that its log level was set; nothing in Python can keep it quiet."""
    with tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        before = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(before, 2)
            os.close(before)
            said.seek(0)
            for line in said:
                if b" logging.cc:" not in line:
                    os.write(2, line)


def _begin(dashboard: bool) -> None:
    _keep_to_loopback()
    hook = f"{__name__}.{name_cluster.__name__}"
    try:
        ray.init(
            include_dashboard=dashboard,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"worker_process_setup_hook": hook} if dashboard else None,
        )
    except AuthenticationError as error:
        raise TrainingError(
            f"Ray does not start: {_why(error)}; give a token in RAY_AUTH_TOKEN, or unset "
            "RAY_AUTH_MODE"
        ) from None


def _join() -> None:
    try:
        _knock(os.environ["RAY_ADDRESS"])
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except (RayError, OSError, RuntimeError, ValueError) as error:
        address = os.environ["RAY_ADDRESS"]
        token = isinstance(error, AuthenticationError)
        what = "give its token in RAY_AUTH_TOKEN" if token else "start it"
        raise TrainingError(
            f"cannot join the Ray cluster at RAY_ADDRESS={address}: {_why(error)}; "
            f"{what} or unset RAY_ADDRESS"
        ) from None


def _knock(address: str) -> None:
    """Look whether somebody listens there: Ray itself waits five minutes, and says nothing.

    Raises:
        OSError: nobody does. An address without a port, such as ``auto``, is Ray's to look up.
    """
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not port.isdigit():
        return
    end = time.monotonic() + ANSWERS_WITHIN_S
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
        except OSError as error:
            if time.monotonic() > end:
                raise ConnectionError(f"nobody answers there ({error})") from None
            time.sleep(0.2)
        else:
            return


def _why(error: Exception) -> str:
    """Without what Ray adds to each refusal of a token."""
    return str(getattr(error, "message", error)).partition("\n")[0]
