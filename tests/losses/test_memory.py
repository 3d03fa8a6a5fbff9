"""The cross-batch memory against a list of everything it should hold."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from raysign.config import (
    ArcFaceConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TrainConfig,
    TripletConfig,
    resolve,
)
from raysign.errors import ConfigError
from raysign.losses import build_loss

CLIPS, DIMENSIONS, TEMPERATURE, MARGIN = 4, 3, 0.2, 0.3
SIGNS = ([0, 0, 1, 1], [2, 2, 0, 0], [1, 1, 2, 2], [0, 0, 2, 2], [1, 1, 0, 0], [2, 2, 1, 1])
SUPCON: dict[str, Any] = {"temperature": TEMPERATURE}
TRIPLET: dict[str, Any] = {"margin": MARGIN}
KINDS = pytest.mark.parametrize(
    ("kind", "settings"),
    [(SupConConfig, SUPCON), (TripletConfig, TRIPLET)],
    ids=["supcon", "triplet"],
)
Reference = tuple[Tensor, int, tuple[int, int]]


def batch(step: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(CLIPS, DIMENSIONS, generator=torch.Generator().manual_seed(step))
    return nn.functional.normalize(x, dim=1).requires_grad_(), torch.tensor(SIGNS[step])


def by_hand(kind: Any, step: int, memory: int, start: int) -> tuple[Tensor, Tensor]:
    """The loss of a step and its gradient, clip by clip, from the batches up to it."""
    x, _ = batch(step)
    unit = x / x.norm(dim=1, keepdim=True)  # a slope along the sphere: lengths do not count
    if step < start:
        held: list[Reference] = [(unit[i], SIGNS[step][i], (step, i)) for i in range(CLIPS)]
    else:
        held = [
            (batch(s)[0][i].detach(), SIGNS[s][i], (s, i))
            for s in range(start, step + 1)
            for i in range(CLIPS)
        ][-memory:]
    terms = []
    for i in range(CLIPS):
        others = [(z, sign) for z, sign, which in held if which != (step, i)]
        own = SIGNS[step][i]
        if kind is SupConConfig:
            like = [(torch.dot(unit[i], z) / TEMPERATURE).exp() for z, _ in others]
            whole = torch.stack(like).sum()
            logs = [
                (v / whole).log() for v, (_, sign) in zip(like, others, strict=True) if sign == own
            ]
            terms.append(-torch.stack(logs).mean())
        else:
            far = torch.stack([(unit[i] - z).norm() for z, sign in others if sign == own]).max()
            near = torch.stack([(unit[i] - z).norm() for z, sign in others if sign != own]).min()
            terms.append(torch.relu(far - near + MARGIN))
    value = torch.stack(terms).mean()
    (slope,) = torch.autograd.grad(value, x)
    return value.detach(), slope


def built(kind: Any, settings: dict[str, Any], memory: int = 10, start: int = 0) -> nn.Module:
    config = kind(**settings, memory=memory, memory_start=start)
    return build_loss(config, 3, DIMENSIONS)


@KINDS
@pytest.mark.parametrize("start", [0, 2])
@pytest.mark.parametrize("memory", [4, 5, 7, 8, 10, 100])
def test_each_clip_is_compared_with_the_last_embeddings_but_itself(
    memory: int, start: int, kind: Any, settings: dict[str, Any]
) -> None:
    loss = built(kind, settings, memory, start)
    for step in range(len(SIGNS)):
        x, sign = batch(step)
        value = loss(x, sign)
        value.backward()
        expected, slope = by_hand(kind, step, memory, start)
        torch.testing.assert_close(value.detach(), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(x.grad, slope, rtol=1e-3, atol=1e-4)


@KINDS
def test_before_it_starts_the_batch_is_all_there_is(kind: Any, settings: dict[str, Any]) -> None:
    late, without = built(kind, settings, start=2), build_loss(kind(**settings), 3, DIMENSIONS)
    same = []
    for step in range(len(SIGNS)):
        x, sign = batch(step)
        same.append(torch.equal(late(x, sign), without(x, sign)))
    assert same[:2] == [True, True]
    assert not all(same)


@KINDS
@pytest.mark.parametrize("done", [1, 2, 3, 4])
def test_a_checkpoint_goes_on_with_the_same_bits(
    done: int, kind: Any, settings: dict[str, Any]
) -> None:
    through = built(kind, settings, start=1)
    for step in range(done):
        through(*batch(step))
    buffer = io.BytesIO()
    torch.save(through.state_dict(), buffer)
    buffer.seek(0)
    resumed = built(kind, settings, start=1)
    resumed.load_state_dict(torch.load(buffer, weights_only=True))
    for step in range(done, len(SIGNS)):
        assert torch.equal(resumed(*batch(step)), through(*batch(step)))


def test_of_two_losses_supcon_alone_has_a_memory() -> None:
    torch.manual_seed(0)
    both = build_loss(SupConArcFaceConfig(memory=10, memory_start=0), 3, DIMENSIONS)
    torch.manual_seed(0)
    arcface = build_loss(ArcFaceConfig(), 3, DIMENSIONS)
    supcon = build_loss(SupConConfig(memory=10, memory_start=0), 3, DIMENSIONS)
    for step in range(4):
        expected = supcon(*batch(step)) + arcface(*batch(step))
        torch.testing.assert_close(both(*batch(step)), expected)


@pytest.mark.parametrize("kind", ["supcon", "triplet", "supcon_arcface"])
def test_a_memory_that_cannot_hold_a_batch_is_refused(kind: str) -> None:
    tree: dict[str, Any] = {"loss": {"kind": kind, "memory": 95}}
    with pytest.raises(ConfigError, match=r"loss.memory=95 must be 0 or at least the 96 clips"):
        resolve(TrainConfig, tree)
    tree["loss"]["memory"] = 96
    assert resolve(TrainConfig, tree).loss.memory == 96  # type: ignore[union-attr]
