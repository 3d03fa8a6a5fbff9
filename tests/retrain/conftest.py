"""A world of 20 signs, and a champion of it that was never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle, save_bundle
from raysign.clip import Clips
from raysign.config import RetrainConfig, TrainConfig, resolve
from raysign.encoders import build_encoder
from raysign.pose import Prepare
from raysign.retrain import Retrained, retrain
from raysign.skeleton import layout_named
from raysign.sources import load_split
from raysign.splits import Split
from raysign.tracking import Tracker, connect

SMALL: dict[str, Any] = {
    "data": {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 2}},
    "prepare": {"frames": 12},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "feedforward": 16, "embedding": 8},
    "evaluate": {"bootstrap": 100},
    "batches": {"signs": 10, "clips_per_sign": 2},
    "optim": {"epochs": 2},
    "device": "cpu",
}
DECLARED: dict[str, Any] = {"seeds": [0, 1], "resamples": 100}


@pytest.fixture(scope="session")
def recipe() -> TrainConfig:
    return resolve(TrainConfig, SMALL)


@pytest.fixture(scope="session")
def split(recipe: TrainConfig) -> Split[Clips]:
    return load_split(recipe.data)


Make = Callable[..., Path]


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory, split: Split[Clips]) -> Make:
    """An untrained model's bundle: ``untrained(seed=1)``."""

    def make(seed: int = 0, *, layout: str = "holistic75", **more: Any) -> Path:
        folder = tmp_path_factory.mktemp("untrained") / "bundle"
        config = resolve(TrainConfig, SMALL | {"seed": seed})
        prepare = Prepare(config.prepare, layout_named(layout))
        torch.manual_seed(seed)
        weights = build_encoder(config.encoder, prepare.channel_map).state_dict()
        card = {"data": {"fingerprint": Clips.fingerprint_of(split.train, split.queries)}}
        facts = {"card": card, "signs": tuple(sorted({*split.train.sign.tolist()}))} | more
        return save_bundle(
            Bundle(layout, config, prepare.fingerprint, weights, **facts), folder, replace=True
        )

    return make


@pytest.fixture(scope="session")
def mlflow_file(tmp_path_factory: pytest.TempPathFactory, untrained: Make) -> Path:
    """MLflow's file with a champion, to be copied: making its tables takes a second."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    tracker = connect(f"sqlite:///{file}")
    run = tracker.start_run("before")
    tracker.register(untrained(7), run)
    tracker.finish(run)
    return file


@pytest.fixture
def registry(tmp_path: Path, mlflow_file: Path, monkeypatch: pytest.MonkeyPatch) -> Tracker:
    """A copy of it."""
    file = tmp_path / "mlflow.db"
    file.write_bytes(mlflow_file.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
    return connect()


Again = Callable[..., Retrained]


@pytest.fixture
def again(tmp_path: Path, registry: Tracker) -> Again:
    """Train the champion again, in this process: ``again(protocols=HARD)``."""

    def run(
        source: str = "models:/raysign-encoder@champion",
        *,
        name: str = "r",
        tracker: Tracker = registry,
        move: bool = True,
        said: list[str] | None = None,
        **declared: Any,
    ) -> Retrained:
        return retrain(
            source,
            resolve(RetrainConfig, DECLARED | declared),
            reader=lambda: tracker,
            connect=lambda: tracker,
            folder=tmp_path / name,
            say=([] if said is None else said).append,
            move=move,
            on_ray=False,
        )

    return run


Runs = Callable[[], list[Any]]


@pytest.fixture
def runs(registry: Tracker) -> Runs:
    """All that MLflow has, oldest first, without what was there before."""

    def listed() -> list[Any]:
        found = registry.client.search_runs(
            [registry.experiment_id], order_by=["attributes.start_time"]
        )
        return [run for run in found if run.info.run_name != "before"]

    return listed
