"""Which ports a new cluster takes: none that another cluster of this machine has or will have.

A port is bound seconds after it is chosen, and a part that was killed comes back to its own. So a
free port is not enough: two clusters that start at once would choose the same.
"""

from __future__ import annotations

import atexit
import json
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from local_cluster.processes import clusters_running
from raysign.errors import ConfigError

USUAL = {"gcs": 6379, "dashboard": 8265, "client": 10001, "mlflow": 5000, "postgres": 5432}
TRIED = 100
"""How far from the usual one: below all that the kernel gives away by itself."""

_claims = ExitStack()
atexit.register(_claims.close)


def choose() -> dict[str, int]:
    """One for each part, claimed until this process ends: the usual, or the next that is free."""
    others = _of_others()
    return {part: _next(part, number, others) for part, number in USUAL.items()}


def _next(part: str, usual: int, others: set[int]) -> int:
    for number in range(usual, usual + TRIED):
        if number not in others and _claim(number):
            return number
    raise ConfigError(f"no port from {usual} to {usual + TRIED - 1} is free for {part}")


def _claim(number: int) -> bool:
    """Whether it is free and nobody else's claim; the kernel ends a claim with its process."""
    claim = socket.socket(socket.AF_UNIX)
    with socket.socket() as listening:
        try:
            # An abstract name lies in no folder, and is seen where the port is.
            claim.bind(f"\0raysign-cluster-port-{number}")
            listening.bind(("", number))
        except OSError:
            claim.close()
            return False
    _claims.enter_context(claim)
    return True


def _of_others() -> set[int]:
    """Of the clusters of which anything runs, up or not."""
    found: set[int] = set()
    for folder in clusters_running():
        with suppress(OSError, ValueError, KeyError):
            found |= {*json.loads((Path(folder) / "cluster.json").read_text())["ports"].values()}
    return found
