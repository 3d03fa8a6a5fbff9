"""Bundles that are told apart by their weights, and registered without being trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from raysign.bundle import Bundle, save_bundle
from raysign.config import PrepareConfig, TrainConfig, TransformerConfig
from raysign.tracking import RegisteredVersion, Tracker, connect

CONFIG = TrainConfig(
    prepare=PrepareConfig(frames=8),
    encoder=TransformerConfig(depth=1, heads=2, width=8, feedforward=8, embedding=4),
)


@pytest.fixture(scope="session")
def remembers(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    return connect(f"sqlite:///{tmp_path_factory.mktemp('remembers') / 'mlflow.db'}")


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[float], Path]:
    """A bundle's folder; the number is its weight."""

    def make(weight: float) -> Path:
        bundle = Bundle(
            layout="hands42",
            config=CONFIG,
            prepare_fingerprint="prepared",
            weights={"map": torch.full((3, 4), weight)},
            metrics={"val/map": 0.25, "val/map_low": 0.2, "val/map_high": 0.3},
            card={"epoch": 7, "data": {"fingerprint": "da7a"}},
        )
        return save_bundle(bundle, tmp_path / f"bundle-{weight}", replace=True)

    return make


Enter = Callable[..., RegisteredVersion]


@pytest.fixture
def enter(remembers: Tracker, folder_of: Callable[[float], Path]) -> Enter:
    """Register a bundle by its weight: ``enter("name", 1.0)``."""

    def register(name: str, weight: float) -> RegisteredVersion:
        run = remembers.start_run("trained")
        remembers.finish(run)
        return remembers.register(folder_of(weight), run, name=name)

    return register
