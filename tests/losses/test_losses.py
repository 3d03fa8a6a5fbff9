from __future__ import annotations

from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from raysign.config import (
    ArcFaceConfig,
    CrossEntropyConfig,
    LossConfig,
    MaskedConfig,
    ProxyNCAConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TripletConfig,
)
from raysign.losses import ArcFace, WeightedSum, build_loss

KINDS = [kind for kind in get_args(get_args(LossConfig)[0]) if kind is not MaskedConfig]
VARIANTS: dict[str, Any] = {
    **{kind.model_fields["kind"].default: kind() for kind in KINDS},
    "supcon with memory": SupConConfig(memory=8, memory_start=0),
    "arcface with sub-centres": ArcFaceConfig(subcentres=2, smoothing=0.1),
    "supcon_arcface with all": SupConArcFaceConfig(
        subcentres=2, smoothing=0.1, memory=8, memory_start=0
    ),
    "triplet, soft": TripletConfig(soft=True, margin=0),
    "triplet with memory": TripletConfig(memory=8, memory_start=0),
    "cross_entropy, linear": CrossEntropyConfig(classifier="linear"),
}
SIGNS, DIMENSIONS = 4, 5
SIGN = torch.tensor([0, 2, 2, 0, 3, 2, 0])  # 3 stands alone: it has no positive
every_loss = pytest.mark.parametrize("config", VARIANTS.values(), ids=VARIANTS.keys())


def embeddings(seed: int = 0) -> Tensor:
    x = torch.randn(len(SIGN), DIMENSIONS, generator=torch.Generator().manual_seed(seed))
    return nn.functional.normalize(x, dim=1)


def built(config: Any) -> nn.Module:
    torch.manual_seed(0)
    return build_loss(config, SIGNS, DIMENSIONS)


@pytest.mark.parametrize(
    ("config", "shapes"),
    [
        (SupConConfig(), []),
        (TripletConfig(), []),
        (ArcFaceConfig(), [(5, 4)]),
        (ArcFaceConfig(subcentres=3), [(5, 12)]),
        (SupConArcFaceConfig(), [(5, 4)]),
        (ProxyNCAConfig(), [(4, 5)]),
        (CrossEntropyConfig(), [(5, 4)]),
        (CrossEntropyConfig(classifier="linear"), [(4, 5), (4,)]),
    ],
)
def test_proxies_are_parameters(config: Any, shapes: list[tuple[int, ...]]) -> None:
    loss = built(config)
    assert [tuple(p.shape) for p in loss.parameters()] == shapes
    assert len(loss.state_dict()) == len(shapes), "and all of its state"
    assert bool(shapes) == ("proxy_lr_factor" in type(config).model_fields)


@every_loss
def test_gradients_are_finite_and_reach_embeddings_and_proxies(config: Any) -> None:
    loss = built(config)
    x = embeddings().requires_grad_()
    number = loss(x, SIGN)
    assert number.shape == ()
    number.backward()
    for tensor in (x, *loss.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()


@every_loss
def test_clips_of_a_sign_together_cost_less_than_apart(config: Any) -> None:
    place = torch.eye(DIMENSIONS)[SIGN]
    # Not at the very same point: some distances have no slope there.
    together = nn.functional.normalize(place + 0.05 * embeddings(), dim=1)

    def value(x: Tensor) -> float:
        loss = built(config)
        for proxies in loss.parameters():
            count = max(SIGNS, proxies.shape[-1])  # signs × sub-centres, or dimensions
            own = torch.eye(DIMENSIONS)[:, :SIGNS].repeat_interleave(max(1, count // 4), dim=1)
            proxies.data = own if proxies.shape == own.shape else own[:, :SIGNS].T.contiguous()
        for name, bias in loss.named_parameters():
            if name.endswith("bias"):
                bias.data = torch.zeros(SIGNS)
        number: float = loss(x, SIGN).item()
        return number

    assert value(together) < value(together.roll(1, 0)) / 5


@every_loss
def test_the_order_of_the_clips_does_not_matter(config: Any) -> None:
    order = torch.randperm(len(SIGN), generator=torch.Generator().manual_seed(3))
    got = built(config)(embeddings()[order], SIGN[order])
    torch.testing.assert_close(got, built(config)(embeddings(), SIGN))


@every_loss
def test_a_state_goes_on_with_the_same_numbers(config: Any) -> None:
    first = built(config)
    first(embeddings(1), SIGN)
    torch.manual_seed(9)
    second = build_loss(config, SIGNS, DIMENSIONS)
    second.load_state_dict(first.state_dict())
    for seed in (2, 3, 4):
        assert torch.equal(first(embeddings(seed), SIGN), second(embeddings(seed), SIGN))


@pytest.mark.parametrize("kind", [ArcFaceConfig, SupConArcFaceConfig])
def test_a_wider_margin_is_harder(kind: Any) -> None:
    values = [built(kind(margin=margin))(embeddings(), SIGN).item() for margin in (0, 0.2, 0.4)]
    assert values == sorted(values)
    assert values[1] > values[0] + 0.1


def near_proxies(distance: float, side: int, config: ArcFaceConfig) -> tuple[Tensor, WeightedSum]:
    """Clips that stand at that distance from their sign's proxy, or from its opposite."""
    loss = built(config)
    loss.losses[0].W.data = torch.eye(DIMENSIONS)[:, :SIGNS].clone()  # type: ignore[index,union-attr,operator]
    x = side * torch.eye(DIMENSIONS)[SIGN]
    x[:, 4] = distance
    return x.requires_grad_(), loss  # type: ignore[return-value]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("distance", [0, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2])
def test_arcface_pulls_no_harder_than_its_scale_however_near_a_proxy(
    distance: float, side: int
) -> None:
    x, loss = near_proxies(distance, side, ArcFaceConfig(margin=0.5))
    loss(x, SIGN).backward()
    pulls = len(SIGN) * x.grad.norm(dim=1)  # type: ignore[union-attr]
    assert pulls.isfinite().all()
    # The slope of s·cos θ is at most s; two of them: towards the own proxy, away from another.
    assert pulls.max() <= 2 * 30
    (proxies,) = loss.parameters()
    assert proxies.grad is not None
    assert len(SIGN) * proxies.grad.norm(dim=0).max() <= 3 * 2 * 30, "three clips of a sign"


@pytest.mark.parametrize(("distance", "most"), [(5e-3, 0.02), (2e-2, 2e-3), (0.1, 1e-4)])
def test_arcface_is_exact_outside_its_clamp(distance: float, most: float) -> None:
    x, loss = near_proxies(distance, 1, ArcFaceConfig(margin=0.5, scale=4))
    loss(x, SIGN).backward()
    exact, exactly = near_proxies(distance, 1, ArcFaceConfig(margin=0.5, scale=4))
    exact = exact.detach().double().requires_grad_()
    exactly.double()(exact, SIGN).backward()
    assert x.grad is not None
    assert exact.grad is not None
    error = (x.grad - exact.grad).norm() / exact.grad.norm()
    assert error < most


def test_the_nearest_sub_centre_counts_so_variants_need_not_meet() -> None:
    """One sign made in two ways that lie opposite each other."""
    sign = torch.tensor([0, 0, 1, 1])
    x = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 1, 0.1]])
    values = []
    for subcentres in (1, 2):
        torch.manual_seed(0)
        loss = ArcFace.of(ArcFaceConfig(subcentres=subcentres, margin=0.1), 2, 3)
        steps = torch.optim.Adam(loss.parameters(), lr=0.05)
        for _ in range(100):
            steps.zero_grad()
            value = loss(x, sign)
            value.backward()
            steps.step()
        values.append(value.item())
    one, two = values
    assert two < one / 100
