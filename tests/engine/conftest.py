"""A task so small that an encoder learns it in a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from raysign.batches import Prepared, TrainingClips
from raysign.config import AugmentConfig, TrainConfig
from raysign.config.load import with_values

FRAMES = 8
TINY: dict[str, Any] = {
    "prepare": {"frames": FRAMES, "motion_lags": [], "presence": False},
    "augment": dict.fromkeys(AugmentConfig.model_fields, 0.0),
    "encoder": {
        "width": 16,
        "heads": 2,
        "depth": 1,
        "feedforward": 16,
        "embedding": 8,
        "dropout": 0,
    },
    "batches": {"signs": 6, "clips_per_sign": 3},
    "optim": {"epochs": 4, "lr": 3e-3},
    "evaluate": {"bootstrap": 100},
    "device": "cpu",
}


def tiny_config(**values: Any) -> TrainConfig:
    """``TINY`` with values at dotted paths, a dot written as two underscores."""
    changed = {name.replace("__", "."): value for name, value in values.items()}
    return TrainConfig.model_validate(with_values(TINY, changed))


def tiny_clips(signs: int = 12, clips: int = 6, seed: int = 0) -> TrainingClips:
    """Eight joints tell the sign; another stands anywhere, which misleads a neighbour search."""
    random = np.random.default_rng(seed)
    place = random.standard_normal((signs, 1, 8, 3))

    def prepared(count: int, first_key: int) -> Prepared:
        sign = np.repeat(np.arange(signs), count)
        xyz = np.zeros((len(sign), FRAMES, 42, 3))
        xyz[:, :, 0] = 6 * random.standard_normal((len(sign), 1, 3))
        xyz[:, :, 8:16] = place[sign] + 0.1 * random.standard_normal((len(sign), FRAMES, 8, 3))
        key = np.arange(len(sign)) + first_key
        return Prepared(xyz.astype(np.float16), sign, key)

    train, queries = prepared(clips, 0), prepared(2, 10_000)
    names = np.asarray([f"sign {i}" for i in range(signs)])
    return TrainingClips("hands42", train, queries, None, names, f"tiny {seed}", "", ())


@pytest.fixture(scope="session")
def config() -> Callable[..., TrainConfig]:
    return tiny_config


@pytest.fixture(scope="session")
def clips() -> TrainingClips:
    return tiny_clips()
