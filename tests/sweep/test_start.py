"""Trials that begin with the same weights, and losses that need no signs; without Ray."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from raysign.bundle import Bundle, load_bundle, save_bundle
from raysign.config import SweepConfig
from raysign.engine import Training
from raysign.errors import ConfigError, SpaceError
from raysign.sweep import ready as running
from raysign.sweep import trial as module
from raysign.sweep.placement import Need, Placed
from raysign.sweep.space import Space
from raysign.train import Material
from raysign.train.checkpoint import load_state

TINY: dict[str, Any] = {
    "data": {"synthetic": {"signs": 20, "train_signers": 2, "val_signers": 1}},
    "prepare": {"frames": 12},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "embedding": 8},
    "batches": {"signs": 10, "clips_per_sign": 2},
    "optim": {"epochs": 1},
    "evaluate": {"bootstrap": 100},
    "device": "cpu",
}
LR: dict[str, Any] = {"optim.lr": {"choice": [1e-12]}}


def space_of(space: dict[str, Any], **train: Any) -> Space:
    config = SweepConfig.model_validate({"space": space, "train": TINY | train})
    return running.space_of(config)


@pytest.fixture(scope="module")
def material() -> Material:
    return Material.read(space_of(LR).config({}), lambda line: None)


@pytest.fixture(scope="module")
def began(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = space_of(LR).config({}).model_copy(update={"seed": 9})
    training = Training(config, material.clips)
    bundle = Bundle(
        material.clips.layout, config, training.prepare.fingerprint, training.encoder.state_dict()
    )
    return save_bundle(bundle, tmp_path_factory.mktemp("began") / "bundle")


def test_every_trial_begins_with_them(
    began: Path, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = space_of(LR, start_from=str(began))
    start = running._start(space, material, lambda line: None)
    monkeypatch.setattr(module.ray, "get", lambda reference: reference)
    monkeypatch.setattr(module.tune, "report", lambda metrics: None)
    given: Any = {"space": space, "clips": material.clips, "start": start, "threads": 1}
    placed = Placed(workers=1, need=Need(1), at_once=1, fit=1, most=(1,))
    setting = module.Setting(
        **given, prepared=None, placed=placed, storage=str(tmp_path), budget_ms=None
    )
    drawn = {"number": 1, "values": {"optim.lr": 1e-12}, "seed": None}
    module.trial(drawn, setting=setting)
    trained = load_state(module.folder_of(tmp_path, 1, None))["best_weights"]
    for name, tensor in load_bundle(began).weights.items():
        torch.testing.assert_close(trained[name], tensor, rtol=0, atol=1e-6)


def test_a_trial_that_was_given_a_gpu_does_not_train_without(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver may be too old, and torch says so in a warning."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(module.ray, "get", lambda reference: reference)
    monkeypatch.setattr(module.tune, "report", told.append)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    given: Any = {"space": space_of(LR), "clips": material.clips, "start": None, "threads": 1}
    placed = Placed(workers=1, need=Need(1, gpus=1), at_once=1, fit=1, most=(1,))
    setting = module.Setting(
        **given, prepared=None, placed=placed, storage=str(tmp_path), budget_ms=None
    )
    module.trial({"number": 1, "values": {"optim.lr": 1e-3}, "seed": None}, setting=setting)
    (only,) = told
    assert only["error"].startswith("device=cuda, but torch sees no GPU; type device=cpu")


def test_a_space_in_which_one_could_not_is_refused(began: Path, material: Material) -> None:
    def start(space: dict[str, Any]) -> Any:
        made = space_of(space, start_from=str(began))
        return running._start(made, material, lambda line: None)

    assert start({"encoder.dropout": {"uniform": [0, 0.5]}}) is not None
    message = "not every trial can begin alike: start_from=.*encoder.depth is 1 there, 3 here"
    with pytest.raises(SpaceError, match=message):
        start({"encoder.depth": {"choice": [1, 3]}})
    made = space_of(LR, start_from=str(began), encoder={**TINY["encoder"], "width": 32})
    with pytest.raises(ConfigError, match=r"encoder.width is 16 there, 32 here"):
        running._start(made, material, lambda line: None)
    without = space_of(LR)
    assert running._start(without, material, lambda line: None) is None


def test_batches_are_checked_by_each_loss_of_a_space(material: Material) -> None:
    """40 clips of 20 signs: 30 signs are too many, 30 clips are not."""
    losses = {"loss.kind": {"choice": ["contrast", "supcon"]}}
    batches = {"batches": {"signs": 30, "clips_per_sign": 2}}
    running._check_trials(space_of(losses), material)
    running._check_trials(space_of(LR, loss={"kind": "contrast"}, **batches), material)
    with pytest.raises(SpaceError, match=r"does not fit the clips: batches.signs=30 \(P\)"):
        running._check_trials(space_of(losses, **batches), material)
    few = replace(material, clips=replace(material.clips, train=material.clips.queries))
    with pytest.raises(SpaceError, match="ask for 30 different clips"):
        running._check_trials(space_of({"loss.kind": {"choice": ["contrast"]}}, **batches), few)


MEMORY: dict[str, Any] = {"kind": "supcon", "memory": 20}
HANDS = {"frames": 12, "joints": "hands"}


@pytest.mark.parametrize(
    ("space", "train", "said"),
    [
        (LR, {"loss": MEMORY}, "memory_start=1000, but the run has 2 steps"),
        (
            {"loss.memory_start": {"choice": [0, 2]}},
            {"loss": MEMORY},
            "memory_start=2, but the run has 2",
        ),
        (
            {"optim.epochs": {"int_uniform": [1, 9]}},
            {"loss": {**MEMORY, "memory_start": 4}},
            "memory_start=4, but the run has [24] steps",
        ),
        (
            {"prepare.joints": {"choice": ["signing", "hands"]}},
            {"encoder": {"kind": "ensemble", "members": [{"joints": "body"}, {}]}},
            "does not fit the clips: a member of the ensemble has joints=body",
        ),
    ],
)
def test_what_some_trials_cannot_train_is_refused(
    space: dict[str, Any], train: dict[str, Any], said: str, material: Material
) -> None:
    with pytest.raises(SpaceError, match=said):
        running._check_trials(space_of(space, **train), material)


def test_a_memory_that_every_trial_uses_is_not_refused(material: Material) -> None:
    """Nor is one that none has, or a base that is nobody's."""
    one = {"loss": {**MEMORY, "memory_start": 1}}
    running._check_trials(space_of(LR, **one), material)
    running._check_trials(space_of({"loss.memory_start": {"choice": [0, 1]}}, **one), material)
    running._check_trials(
        space_of({"loss.memory_start": {"choice": [0, 1]}}, loss=MEMORY), material
    )
    running._check_trials(space_of(LR, loss={**MEMORY, "memory": 0}), material)
