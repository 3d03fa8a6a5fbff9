"""Rows of small models, and a table of them with a sweep that explains it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from raysign.evaluate.table import (
    Choice,
    Explained,
    Level,
    Table,
    build,
)
from raysign.ranking import Figure

EXPLAINED = Explained(
    "ambiguity <1>",
    "val/map",
    40,
    100,
    0.05,
    0.18,
    0.24,
    0.21,
    ("loss.kind",),
    "stores/wl|asl",
    (
        Choice(
            "encoder.pooling",
            Figure(0.5, 0.3, 0.7),
            0.97,
            0.4,
            True,
            (Level("attention", 20, 0.22), Level("mean", 20, 0.18)),
        ),
        Choice("optim.lr", Figure(0.1, 0.02, 0.3), 0.03, 0.1, False, (Level("≤ 0.001", 40, 0.2),)),
    ),
)


@pytest.fixture(scope="module")
def rows(models: Any) -> dict[str, tuple[str, ...]]:
    return {
        "M1": tuple(str(models(f"m1-{seed}", seed=seed)) for seed in (1, 2, 3)),
        "M5": tuple(str(models(f"m5-{seed}", seed=seed)) for seed in (4, 5)),
        "mine | <b>": (str(models("mine", seed=6)),),
    }


@pytest.fixture(scope="module")
def made(rows: dict[str, tuple[str, ...]], store: Path) -> Table:
    return replace(build(rows, f"{store}:val", f"{store}:train"), explained=EXPLAINED)
