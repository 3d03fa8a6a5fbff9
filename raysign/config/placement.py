"""Where the trials of a sweep run."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from raysign.config.base import Config


class PlacementConfig(Config):
    """Trials × workers × what each worker holds of the one node that it is on.

    As many trials run at a time as the nodes have places for; the workers of a trial may stand on
    several nodes. `raysign sweep --dry-run` says what that gives before anything runs.
    """

    trials_at_once: int = Field(default=0, ge=0)
    """Trials at a time; 0 = as many as the cluster holds."""
    workers: int = Field(default=1, ge=1, le=4096)
    """Processes that train a trial together; each takes its share of a batch."""
    cpus_per_worker: float = Field(default=1, ge=0.01)
    """CPUs that each worker holds; so many threads it computes with, unless `train.threads` says
    otherwise.
    """
    gpus_per_worker: float | None = Field(default=None, ge=0, le=1)
    """Share of a GPU that each worker holds: 1, or a fraction with which several trials of a small
    encoder share one (.25: four do). 0 = none; null = one where the cluster has GPUs and the trials
    use them (`train.device` is `auto` or `cuda`). It is a count, not a fence: that all of them fit
    into the GPU's memory has to be seen to, and `--dry-run` measures it.
    """
    memory_per_worker_gib: float | None = Field(default=None, gt=0)
    """GiB that each worker holds beside the clips, which a node has once; Ray starts no more of
    them on a node than that has memory for. Null: memory is not counted.
    """
    price_per_node_hour: float | None = Field(default=None, ge=0)
    """What a node costs an hour, in any currency: `--dry-run` says what the sweep would."""

    @model_validator(mode="after")
    def _workers_have_gpus_of_their_own(self) -> Self:
        gpus = self.gpus_per_worker or 0
        if self.workers > 1 and 0 < gpus < 1:
            raise ValueError(
                f"gpus_per_worker={gpus:g} with workers={self.workers}: two workers of one trial "
                "would meet on a GPU, which NCCL refuses; type workers=1 for trials that share a "
                "GPU, or gpus_per_worker=1"
            )
        return self
