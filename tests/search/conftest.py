"""An untrained encoder's bundle and a small store."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from raysign.bundle import Bundle, save_bundle
from raysign.config import TrainConfig, resolve
from raysign.encoders import build_encoder
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


@pytest.fixture
def desk(tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with ``model``, ``other`` (of another seed) and ``store``."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("model", "other")):
        prepare = Prepare(config.prepare, layout_named("holistic75"))
        torch.manual_seed(seed)
        weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
        save_bundle(Bundle("holistic75", config, prepare.fingerprint, weights), name)
    write_store("store", iter_clips(config.data.synthetic))
    return tmp_path
