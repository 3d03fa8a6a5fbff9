"""The exponential moving average of an encoder's weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Tensors = tuple[Tensor, ...] | list[Tensor]


def moving_average(encoder: nn.Module, decay: float) -> AveragedModel:
    """A copy of the encoder that follows its weights, one ``update_parameters`` a step.

    After step 0 it has the encoder's weights, after step t old × d + new × (1 − d), where d =
    ``decay_at(t, decay)``. Floating-point buffers, such as running statistics, are averaged alike;
    whole numbers, such as the places of joints, are taken over as they are.
    """

    def update(averaged: Tensors, current: Tensors, step: Tensor | int) -> None:
        # Both lists are of one dtype; a mean of whole numbers would be cut off to another one.
        if not averaged[0].is_floating_point():
            for mine, now in zip(averaged, current, strict=True):
                mine.copy_(now)
            return
        get_ema_multi_avg_fn(decay_at(int(step), decay))(averaged, current, step)

    average = AveragedModel(encoder, multi_avg_fn=update, use_buffers=True)
    return average.requires_grad_(False).eval()


def decay_at(step: int, decay: float) -> float:
    """min(decay, (1 + step) / (10 + step)): so the weights at the start are soon forgotten."""
    return min(decay, (1 + step) / (10 + step))
