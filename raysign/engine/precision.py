"""In which numbers a training computes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from raysign.config import OptimConfig


def autocast(config: OptimConfig, device: torch.device) -> AbstractContextManager[object]:
    """A forward pass as ``optim.precision`` has it; weights stay in float32."""
    fit = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if config.precision == "bfloat16" or (config.precision == "auto" and fit):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()
