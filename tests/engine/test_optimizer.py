from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from raysign.batches import TrainingClips
from raysign.config import TrainConfig
from raysign.engine import Training
from raysign.engine.optimizer import build_optimizer, rate
from raysign.losses import build_loss

MakeConfig = Callable[..., TrainConfig]


def test_the_rate_climbs_then_falls_along_a_cosine() -> None:
    rates = [rate(step, steps=100, warmup=0.1) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 11 for i in range(10)])
    assert rates[10] == 1
    assert rates[55] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[99] == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))
    assert rate(100, steps=100, warmup=0.1) == pytest.approx(0)
    assert rate(130, steps=100, warmup=0.1) == pytest.approx(0), "and does not rise again"
    assert rate(0, steps=1, warmup=0) == 1


def test_every_step_has_the_rate_of_the_schedule(config: MakeConfig, clips: TrainingClips) -> None:
    settings = config(optim__warmup=0.25, optim__lr=0.01, loss={"kind": "arcface"})
    training, rates = Training(settings, clips), []
    training.optimizer.register_step_pre_hook(
        lambda optimizer, *_: rates.append([group["lr"] for group in optimizer.param_groups])
    )
    training.run()
    # 12 signs × 2 groups of 3 clips in batches of 6 signs; 4 epochs.
    assert training.steps == 16
    for number, (matrices, vectors, proxies) in enumerate(rates):
        assert matrices == vectors == pytest.approx(0.01 * rate(number, steps=16, warmup=0.25))
        assert proxies == pytest.approx(10 * matrices)


def test_weight_decay_spares_vectors_and_proxies_which_have_their_own_rate(
    config: MakeConfig, clips: TrainingClips
) -> None:
    loss = {"kind": "supcon_arcface", "proxy_lr_factor": 7}
    settings = config(optim__weight_decay=0.3, loss=loss)
    training = Training(settings, clips)
    matrices, vectors, proxies = build_optimizer(
        settings, training.encoder, training.loss
    ).param_groups
    assert [group["weight_decay"] for group in (matrices, vectors, proxies)] == [0.3, 0, 0]
    assert proxies["lr"] == pytest.approx(7 * 3e-3)
    assert [tuple(p.shape) for p in proxies["params"]] == [(8, 12)]
    assert all(p.ndim > 1 for p in matrices["params"])
    assert all(p.ndim == 1 for p in vectors["params"])
    held = sum(len(group["params"]) for group in (matrices, vectors))
    assert held == len(list(training.encoder.parameters()))
    for kind in ("arcface", "proxy_nca", "cross_entropy"):
        settings = config(loss={"kind": kind, "proxy_lr_factor": 3})
        loss = build_loss(settings.loss, 12, 8)
        *_, proxies = build_optimizer(settings, training.encoder, loss).param_groups
        assert proxies["lr"] == pytest.approx(3 * 3e-3)
        assert len(proxies["params"]) == len(list(loss.parameters())) == 1
    without = build_optimizer(config(), training.encoder, build_loss(config().loss, 12, 8))
    assert len(without.param_groups) == 2
