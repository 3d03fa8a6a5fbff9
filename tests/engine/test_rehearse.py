"""What a training is seen to take before it is begun."""

from __future__ import annotations

from typing import Any

import pytest

from raysign.config import TrainConfig, resolve
from raysign.engine import Training, loop
from raysign.train import Material

TINY: dict[str, Any] = {
    "data": {"synthetic": {"signs": 20, "train_signers": 4, "val_signers": 1}},
    "prepare": {"frames": 8},
    "encoder": {"width": 16, "heads": 2, "depth": 1, "embedding": 8},
    "batches": {"signs": 10, "clips_per_sign": 2},
    "optim": {"epochs": 3},
    "evaluate": {"bootstrap": 100},
    "device": "cpu",
}


@pytest.mark.parametrize("batches", [1, 3, 10])
def test_an_epoch_takes_as_many_steps_as_it_has(
    batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that moves by 1 s a step, by 7 when val is measured, and by 100 at first."""
    config = resolve(TrainConfig, TINY)
    training = Training(config, Material.read(config, lambda line: None).clips)
    assert training.steps == 3 * 4
    now = 0.0

    class Clock:
        @staticmethod
        def perf_counter() -> float:
            return now

    def stepped() -> None:
        nonlocal now
        now += 1 if now else 100

    def measured() -> None:
        nonlocal now
        now += 7

    monkeypatch.setattr(loop, "time", Clock)
    monkeypatch.setattr(training.schedule, "step", stepped)
    monkeypatch.setattr(training, "measure", measured)
    assert training.rehearse(batches) == (4.0, 7.0)
    assert now == 100 + batches + 7, "10 batches are more than an epoch has"
