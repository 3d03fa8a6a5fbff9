"""Ray's start: on this machine, or on the cluster that a job was submitted to."""

from __future__ import annotations

import os
from dataclasses import dataclass

import ray

from raysign.errors import TrainingError


@dataclass(frozen=True)
class Resources:
    """What the cluster has in all."""

    cpus: int
    gpus: int
    nodes: int

    def __str__(self) -> str:
        gpus = f", {self.gpus} GPUs" if self.gpus else ""
        return f"Ray: {self.nodes} node{'s' * (self.nodes > 1)}, {self.cpus} CPUs{gpus}"


def start(*, dashboard: bool = False) -> Resources:
    """Join the cluster this process belongs to, or start one on this machine.

    ``dashboard`` matters only where one is started: Ray frees the placement groups of trainers inside
    stopped trials through it, so a sweep over multi-worker trials needs it.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not ray.is_initialized():
        # Trials and workers print through the driver's own progress lines, not through copied stdout.
        if os.environ.get("RAY_ADDRESS"):
            _joined()
        else:
            ray.init(include_dashboard=dashboard, log_to_driver=False, logging_level="ERROR")
    total = ray.cluster_resources()
    return Resources(int(total.get("CPU", 0)), int(total.get("GPU", 0)), len(ray.nodes()))


def _joined() -> None:
    try:
        ray.init(log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError) as error:
        address = os.environ["RAY_ADDRESS"]
        raise TrainingError(
            f"cannot join the Ray cluster at RAY_ADDRESS={address}: {str(error).splitlines()[0]}; "
            "start it or unset RAY_ADDRESS"
        ) from None
