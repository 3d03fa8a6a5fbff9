from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from pytorch_metric_learning import losses as pml
from torch import Tensor

from raysign.config import ArcFaceConfig, LossConfig, SupConArcFaceConfig, SupConConfig
from raysign.losses import build_loss

KINDS = get_args(get_args(LossConfig)[0])
SIGNS, DIMENSIONS = 4, 5
SIGN = torch.tensor([0, 2, 2, 0, 3, 2, 0])  # 3 stands alone: it has no positive


def embeddings() -> Tensor:
    x = torch.randn(len(SIGN), DIMENSIONS, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.normalize(x, dim=1)


def value(config: Any) -> float:
    torch.manual_seed(0)
    number: float = build_loss(config, SIGNS, DIMENSIONS)(embeddings(), SIGN).item()
    return number


def proxies_of(config: Any) -> Tensor:
    torch.manual_seed(0)
    (proxies,) = build_loss(config, SIGNS, DIMENSIONS).parameters()
    return proxies.detach()


def supcon_by_hand(x: Tensor, sign: Tensor, temperature: float) -> float:
    """Khosla et al. (2020), eq. 2; the mean over anchors that have a positive."""
    z, terms = x.tolist(), []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if sign[p] == sign[i]]
        if not positives:
            continue
        like = {
            a: math.exp(sum(b * c for b, c in zip(z[i], z[a], strict=True)) / temperature)
            for a in others
        }
        logs = [math.log(like[p] / sum(like.values())) for p in positives]
        terms.append(-sum(logs) / len(positives))
    return sum(terms) / len(terms)


def arcface_by_hand(x: Tensor, sign: Tensor, proxies: Tensor, margin: float, scale: float) -> float:
    """Deng et al. (2019), eq. 3: cross-entropy of s × cosines, the own angle widened by m."""
    terms = []
    for row, own in zip(x.tolist(), sign.tolist(), strict=True):
        logits = []
        for number, proxy in enumerate(proxies.T.tolist()):
            length = math.sqrt(math.fsum(p * p for p in proxy))
            cosine = sum(a * b for a, b in zip(row, proxy, strict=True)) / length
            if number == own:
                angle = math.acos(cosine)
                assert angle + margin <= math.pi, "beyond π the margin is defined otherwise"
                cosine = math.cos(angle + margin)
            logits.append(scale * cosine)
        terms.append(math.log(sum(map(math.exp, logits))) - logits[own])
    return sum(terms) / len(terms)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_supcon_is_equation_2(temperature: float) -> None:
    got = value(SupConConfig(temperature=temperature))
    assert got == pytest.approx(supcon_by_hand(embeddings(), SIGN, temperature), rel=1e-4)
    theirs = pml.SupConLoss(temperature)(embeddings(), SIGN)
    assert got == pytest.approx(theirs.item(), rel=1e-6)


@pytest.mark.parametrize(("margin", "scale"), [(0.0, 30.0), (0.3, 30.0), (0.5, 8.0)])
def test_arcface_is_equation_3_with_the_margin_in_radians(margin: float, scale: float) -> None:
    config = ArcFaceConfig(margin=margin, scale=scale)
    expected = arcface_by_hand(embeddings(), SIGN, proxies_of(config), margin, scale)
    assert value(config) == pytest.approx(expected, rel=1e-4)


def test_both_are_the_weighted_sum() -> None:
    config = SupConArcFaceConfig(supcon_weight=0.5, arcface_weight=2, temperature=0.2, margin=0.4)
    supcon = supcon_by_hand(embeddings(), SIGN, 0.2)
    arcface = arcface_by_hand(embeddings(), SIGN, proxies_of(config), 0.4, 30)
    assert value(config) == pytest.approx(0.5 * supcon + 2 * arcface, rel=1e-4)


@pytest.mark.parametrize("kind", [ArcFaceConfig, SupConArcFaceConfig])
def test_a_wider_margin_is_harder(kind: Any) -> None:
    values = [value(kind(margin=margin)) for margin in (0, 0.2, 0.4)]
    assert values == sorted(values)
    assert values[1] > values[0] + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_proxies_are_parameters_one_for_each_sign(kind: Any) -> None:
    loss = build_loss(kind(), SIGNS, DIMENSIONS)
    shapes = [tuple(p.shape) for p in loss.parameters()]
    has_proxies = "proxy_lr_factor" in kind.model_fields
    assert shapes == ([(DIMENSIONS, SIGNS)] if has_proxies else [])
    assert len(loss.state_dict()) == len(shapes)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_finite_and_reach_embeddings_and_proxies(kind: Any) -> None:
    loss = build_loss(kind(), SIGNS, DIMENSIONS)
    x = embeddings().requires_grad_()
    number = loss(x, SIGN)
    assert number.shape == ()
    number.backward()
    for tensor in (x, *loss.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()


@pytest.mark.parametrize("kind", KINDS)
def test_clips_of_a_sign_together_cost_less_than_apart(kind: Any) -> None:
    torch.manual_seed(0)
    loss = build_loss(kind(), SIGNS, DIMENSIONS)
    place = torch.eye(DIMENSIONS)[SIGN]
    for proxies in loss.parameters():
        proxies.data = torch.eye(DIMENSIONS)[:, :SIGNS].clone()
    # Not at the very same point: the arc cosine has no slope there.
    together = torch.nn.functional.normalize(place + 0.05 * embeddings(), dim=1)
    assert loss(together, SIGN) < loss(together.roll(1, 0), SIGN) / 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_clips_does_not_matter(kind: Any) -> None:
    torch.manual_seed(0)
    loss, order = build_loss(kind(), SIGNS, DIMENSIONS), torch.randperm(len(SIGN))
    got = loss(embeddings()[order], SIGN[order])
    torch.testing.assert_close(got, loss(embeddings(), SIGN))
