"""Untrained models of the synthetic world, with cards as training writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle
from raysign.clip import Clips
from raysign.config import TrainConfig, resolve
from raysign.config.load import with_values
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.sources import load_split
from raysign.splits import Split
from raysign.train import Member

WORLD = {"signs": 20, "train_signers": 2, "val_signers": 1}
SMALL: dict[str, Any] = {
    "data": {"synthetic": WORLD},
    "prepare": {"frames": 12},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "evaluate": {"bootstrap": 100},
    "batches": {"signs": 10, "clips_per_sign": 2},
    "device": "cpu",
}
FIGURES = {f"val/map{end}": value for end, value in (("", 0.01), ("_low", 0.0), ("_high", 0.1))}
FIGURES |= {name.replace("map", "recall_at_1"): value for name, value in FIGURES.items()}


@pytest.fixture(scope="session")
def world() -> Split:
    """The clips that the models say they learned from."""
    return load_split(resolve(TrainConfig, SMALL).data)


Make = Callable[..., Member]


@pytest.fixture
def make(world: Split) -> Make:
    """Make an untrained model: ``make("hands", seed=1, prepare__joints="hands")``.

    Its config is ``SMALL`` with values at dotted paths, a dot written as two underscores.
    """
    fingerprint = Clips.fingerprint_of(world.train, world.queries)

    def member(
        name: str, layout: str = "holistic75", weight: float = 1.0, more: Any = (), **values: Any
    ) -> Member:
        changed = {name.replace("__", "."): value for name, value in values.items()}
        config = resolve(TrainConfig, with_values(SMALL, changed))
        prepare = Prepare(config.prepare, layout_named(layout))
        torch.manual_seed(config.seed)
        weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
        card = {"data": {"fingerprint": fingerprint, "store": "synthetic"}, "epoch": 3}
        bundle = Bundle(layout, config, prepare.fingerprint, weights, FIGURES, card)
        return Member(name, replace(bundle, **dict(more)), weight)

    return member
