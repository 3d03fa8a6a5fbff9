"""Batch norm over all workers (Ioffe & Szegedy, 2015), on a CPU as well as on GPUs.

torch's own ``SyncBatchNorm`` runs on GPUs alone.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class BatchNorm(nn.Module):
    """Each channel to mean 0 and variance 1 over all clips, frames and joints of a batch.

    While it trains, the batch is that of all workers, so that they learn what one alone would, and
    frames that are not shown do not count. Later the running statistics stand in: a clip's
    embedding does not depend on its neighbours. Names and defaults are those of
    ``nn.BatchNorm2d``.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(
        self,
        x: Float[Tensor, "clip frame joint width"],
        shown: Bool[Tensor, "clip frame"] | None = None,
    ) -> Float[Tensor, "clip frame joint width"]:
        if not self.training or (shown is None and _workers() == 1):
            pixels = nn.functional.batch_norm(
                x.permute(0, 3, 1, 2),
                self.running_mean,
                self.running_var,
                self.weight,
                self.bias,
                self.training,
                self.momentum,
                self.eps,
            )
            return pixels.permute(0, 2, 3, 1)
        mean, var, count = self._statistics(x.float(), shown)
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            unbiased = var * count / (count - 1).clamp(min=1)
            self.running_var.lerp_(unbiased, self.momentum)
        scale = (var + self.eps).rsqrt() * self.weight
        return (x.float() * scale + (self.bias - mean * scale)).to(x.dtype)

    def _statistics(
        self, x: Float[Tensor, "clip frame joint width"], shown: Bool[Tensor, "clip frame"] | None
    ) -> tuple[Float[Tensor, "width"], Float[Tensor, "width"], Float[Tensor, ""]]:
        """Mean, variance and how many frames × joints they are of, over all workers.

        In two passes: of one, float32 would lose the variance of a channel far from 0.
        """
        weight = x.new_ones(x.shape[:2]) if shown is None else shown.to(x.dtype)
        count = _over_workers(weight.sum() * x.shape[2]).clamp(min=1)
        weight = weight[:, :, None, None]
        mean = _over_workers((x * weight).sum(dim=(0, 1, 2))) / count
        var = _over_workers(((x - mean).square() * weight).sum(dim=(0, 1, 2))) / count
        return mean, var, count


def _workers() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _over_workers(total: Tensor) -> Tensor:
    """The sum over workers, differentiable: each takes its part of the others' gradients."""
    if _workers() == 1:
        return total
    summed: Tensor = all_reduce(total)
    return summed
