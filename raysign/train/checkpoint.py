"""A training state in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

FILE = "training.pt"


def save_state(state: dict[str, Any], folder: str | Path) -> None:
    """Write a state; the file appears whole or not at all."""
    partial = Path(folder) / f"{FILE}.partial"
    torch.save(state, partial)
    os.replace(partial, Path(folder) / FILE)


def load_state(folder: str | Path) -> dict[str, Any]:
    """Read a state; tensors and plain values only, so nothing in it can run."""
    state: dict[str, Any] = torch.load(
        Path(folder) / FILE, map_location="cpu", weights_only=True
    )
    return state
