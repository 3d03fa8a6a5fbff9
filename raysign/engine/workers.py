"""Which device a process computes on, and how several processes share one batch."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.distributed as dist
from jaxtyping import Float, Int, Int64
from torch import Tensor, nn
from torch.distributed.nn.functional import all_gather, all_reduce
from torch.nn.parallel import DistributedDataParallel

from raysign.errors import TrainingError


def world() -> tuple[int, int]:
    """This process's rank and how many there are; (0, 1) without ``torch.distributed``."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def choose_device(name: str) -> torch.device:
    """``auto`` → a GPU where there is one; ``TrainingError`` for a GPU that is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        needs = torch.version.cuda
        driver = f", or a driver that is new enough for CUDA {needs}, see nvidia-smi" * bool(needs)
        raise TrainingError(
            f"device=cuda, but torch sees no GPU; type device=cpu or device=auto{driver}"
        )
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def gathered_loss(
    loss: nn.Module, embeddings: Float[Tensor, "clip embedding"], sign: Int[Tensor, "clip"]
) -> Float[Tensor, ""]:
    """The loss over the clips of all workers, differentiable on each.

    ``all_gather``'s backward sums over workers what DistributedDataParallel then averages: together
    the gradient of the one loss.
    """
    if world()[1] > 1:
        embeddings = torch.cat(all_gather(embeddings.contiguous()))
        signs = [torch.empty_like(sign) for _ in range(world()[1])]
        dist.all_gather(signs, sign.contiguous())
        sign = torch.cat(signs)
    value: Tensor = loss(embeddings, sign)
    return value


def gathered_mean(total: Float[Tensor, ""], count: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """Σ totals / Σ counts over the workers, differentiable on each as ``gathered_loss`` is.

    0 where all counts are.
    """
    if world()[1] > 1:
        total, count = all_reduce(total), all_reduce(count)
    return total / count.clamp(min=1)


def distributed(module: nn.Module, *, in_part: bool = False) -> nn.Module:
    """The module with its gradients averaged over workers, where there are both.

    ``in_part``: some of its parameters get none.
    """
    if world()[1] == 1 or not any(p.requires_grad for p in module.parameters()):
        return module
    return DistributedDataParallel(module, find_unused_parameters=in_part)


def share_of_signs(signs: int) -> slice:
    """Which of a batch's signs this worker takes; ``TrainingError`` where they cannot be shared."""
    rank, workers = world()
    if signs % workers:
        raise TrainingError(
            f"batches.signs={signs} cannot be shared among {workers} workers; "
            f"type batches.signs={math.ceil(signs / workers) * workers}"
        )
    share = signs // workers
    return slice(rank * share, (rank + 1) * share)


def share_of_clips(clips: int) -> Int64[np.ndarray, "share"]:
    """Which of the clips this worker embeds; as many on every worker, the last one repeated."""
    rank, workers = world()
    share = math.ceil(clips / workers)
    return np.minimum(np.arange(rank * share, (rank + 1) * share), clips - 1)


def gathered_rows(rows: Float[Tensor, "share dim"], clips: int) -> Float[Tensor, "clip dim"]:
    """The rows of all workers' ``share_of_clips``, in the clips' order, on every worker."""
    parts = [torch.empty_like(rows) for _ in range(world()[1])]
    dist.all_gather(parts, rows.contiguous())
    return torch.cat(parts)[:clips]
