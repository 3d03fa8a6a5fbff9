"""Untrained encoders' bundles, a small store, and clips to draw from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from raysign.bundle import Bundle, save_bundle
from raysign.clip import Clip
from raysign.config import DataConfig, TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.evaluate.sides import Sides
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.store import write_store
from raysign.synthetic import iter_clips

SMALL = {
    "prepare": {"frames": 16},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "data": {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 1}},
}


@pytest.fixture(scope="session")
def config() -> TrainConfig:
    return resolve(TrainConfig, SMALL)


Models = Callable[..., Path]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Models:
    """Make an untrained encoder's bundle: ``models("a", seed=1, signs=("book",))``."""

    def make(name: str, *, seed: int = 0, settings: TrainConfig | None = None, **more: Any) -> Path:
        folder = tmp_path_factory.getbasetemp() / "models" / name
        own = (settings or config).model_copy(update={"seed": seed})
        prepare = Prepare(own.prepare, layout_named("holistic75"))
        torch.manual_seed(seed)
        weights = build_encoder(own.encoder, prepare.channel_map).state_dict()
        bundle = Bundle("holistic75", own, prepare.fingerprint, weights, **more)
        return save_bundle(bundle, folder, replace=True)

    return make


@pytest.fixture(scope="session")
def model(models: Models) -> Path:
    """An untrained encoder's bundle."""
    return models("plain")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, config: TrainConfig) -> Path:
    """Train, val and test clips; the first val clip is a copy of a train clip of its own sign."""
    clips = list(iter_clips(config.data.synthetic))
    train, val = ([c for c in clips if c.split == name] for name in ("train", "val"))
    twin = next(c for c in train if c.sign == val[0].sign)
    val[0] = replace(twin, clip_id="twin", split="val")
    test = [replace(c, clip_id=f"test-{c.clip_id}", split="test") for c in val]
    folder = tmp_path_factory.mktemp("data") / "store"
    write_store(str(folder), [*train, *val, *test])
    return folder


SidesOf = Callable[..., Sides]


@pytest.fixture
def sides_of(tmp_path: Path) -> SidesOf:
    """Both sides of a store of these clips: ``sides_of(clips, "val", "train")``."""

    def read(clips: Iterable[Clip], queries: str = "", gallery: str = "") -> Sides:
        folder = tmp_path / "drawn"
        write_store(str(folder), list(clips))
        ends = (f"{folder}:{split}" if split else str(folder) for split in (queries, gallery))
        return Sides.read(*ends, DataConfig(), open_test=False)

    return read


NoiseOf = Callable[..., list[Clip]]


@pytest.fixture(scope="session")
def noise_of() -> NoiseOf:
    """Clips of noise: ``noise_of({"a": 5, "b": 9}, signers=3)``, by the signers in turn."""

    def make(counts: dict[str, int], signers: int = 3, split: str = "train") -> list[Clip]:
        rng = np.random.default_rng(len(split))
        return [
            Clip(
                f"{split}-{signers}-{sign}-{i}",
                rng.random((5, 42, 3), np.float32),
                "hands42",
                sign,
                signer=f"p{i % signers}" if signers else "",
                split=split,
            )
            for sign, count in counts.items()
            for i in range(count)
        ]

    return make
