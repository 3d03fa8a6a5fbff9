"""What is stepped how far: parameter groups, and the learning rate over a run."""

from __future__ import annotations

import math
from typing import Any

from torch import nn
from torch.optim import AdamW

from raysign.config import KeywordConfig, TrainConfig


def build_optimizer(
    config: TrainConfig | KeywordConfig, model: nn.Module, loss: nn.Module | None = None
) -> AdamW:
    """AdamW; no weight decay on vectors (biases, norms) and proxies.

    Proxies, the loss's parameters, have a rate of their own: ``optim.lr`` ×
    ``loss.proxy_lr_factor``.
    """
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.optim.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    proxies = [] if loss is None else list(loss.parameters())
    if proxies:
        factor = getattr(config.loss, "proxy_lr_factor", 1.0)
        groups.append({"params": proxies, "weight_decay": 0.0, "lr": config.optim.lr * factor})
    return AdamW(groups, lr=config.optim.lr, betas=(0.9, 0.98))


def rate(step: int, *, steps: int, warmup: float) -> float:
    """The learning rate of a step (from 0) as a share of the highest rate.

    It climbs in equal strides over the first ``warmup`` × ``steps`` steps, then falls along a
    cosine to zero, which it reaches after the last step.
    """
    warm = warmup * steps
    if step < warm:
        return (step + 1) / (warm + 1)
    progress = (step - warm) / max(1.0, steps - warm)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
