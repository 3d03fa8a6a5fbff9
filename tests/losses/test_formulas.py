"""Each loss against its formula, written out for one clip after another."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from raysign.config import (
    ArcFaceConfig,
    CrossEntropyConfig,
    ProxyNCAConfig,
    SupConArcFaceConfig,
    SupConConfig,
    TripletConfig,
)
from raysign.losses import build_loss

SIGNS, DIMENSIONS = 4, 5
SIGN = [0, 2, 2, 0, 3, 2, 0]  # 3 stands alone: it has no positive
Vector = list[float]


def embeddings() -> list[Vector]:
    """One clip of sign 2 stands nearly opposite the others; most clips of sign 0 close together."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(len(SIGN), DIMENSIONS, generator=random)
    x[[0, 3, 6]] = torch.tensor([2.0, 1, 0, 0, 0]) + 0.2 * x[[0, 3, 6]]
    vectors: list[Vector] = nn.functional.normalize(x, dim=1).tolist()
    return vectors


def got(config: Any) -> tuple[float, nn.Module]:
    torch.manual_seed(0)
    loss = build_loss(config, SIGNS, DIMENSIONS)
    return loss(torch.tensor(embeddings()), torch.tensor(SIGN)).item(), loss


def proxies_of(loss: nn.Module) -> list[Vector]:
    """One a sign; with sub-centres, a sign's stand side by side."""
    (proxies,) = loss.parameters()
    if proxies.shape[0] == DIMENSIONS:
        proxies = proxies.T  # type: ignore[assignment]
    rows: list[Vector] = proxies.tolist()
    return rows


def dot(one: Vector, other: Vector) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def cosine(one: Vector, other: Vector) -> float:
    return dot(one, other) / math.sqrt(dot(one, one) * dot(other, other))


def distance(one: Vector, other: Vector) -> float:
    return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


def mean(terms: list[float]) -> float:
    return math.fsum(terms) / len(terms)


def cross_entropy(logits: list[float], own: int, smoothing: float = 0) -> float:
    """Against a target of 1 − ε for the own sign, and ε shared out among all."""
    whole = math.log(math.fsum(map(math.exp, logits)))
    value = 0.0
    for number, logit in enumerate(logits):
        target = smoothing / len(logits) + (1 - smoothing) * (number == own)
        value -= target * (logit - whole)
    return value


def supcon(temperature: float) -> float:
    """Khosla et al. (2020), eq. 2; the mean over anchors that have a positive."""
    z, terms = embeddings(), []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if SIGN[p] == SIGN[i]]
        if positives:
            whole = math.fsum(math.exp(dot(z[i], z[a]) / temperature) for a in others)
            logs = [math.log(math.exp(dot(z[i], z[p]) / temperature) / whole) for p in positives]
            terms.append(-mean(logs))
    return mean(terms)


def arcface(proxies: list[Vector], margin: float, scale: float, smoothing: float, k: int) -> float:
    """Deng et al. (2019), eq. 3, with the nearest of k proxies a sign; beyond π − m as theirs."""
    terms = []
    for row, own in zip(embeddings(), SIGN, strict=True):
        logits = []
        for number in range(SIGNS):
            cos = max(cosine(row, proxy) for proxy in proxies[number * k : (number + 1) * k])
            if number == own and math.acos(cos) <= math.pi - margin:
                cos = math.cos(math.acos(cos) + margin)
            elif number == own:
                cos -= margin * math.sin(margin)
            logits.append(scale * cos)
        terms.append(cross_entropy(logits, own, smoothing))
    return mean(terms)


def proxy_nca(proxies: list[Vector], temperature: float) -> float:
    """Teh et al. (2020): the own proxy's share of the softmax over all of −d² / T."""
    terms = []
    for row, own in zip(embeddings(), SIGN, strict=True):
        units = [[a / math.sqrt(dot(p, p)) for a in p] for p in proxies]
        like = [math.exp(-(distance(row, unit) ** 2) / temperature) for unit in units]
        terms.append(-math.log(like[own] / math.fsum(like)))
    return mean(terms)


def triplets(margin: float, soft: bool) -> list[float]:
    """Hermans et al. (2017), eq. 5, for each clip with a positive."""
    z, terms = embeddings(), []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [distance(z[i], z[a]) for a in others if SIGN[a] == SIGN[i]]
        negatives = [distance(z[i], z[a]) for a in others if SIGN[a] != SIGN[i]]
        if positives:
            by = margin + max(positives) - min(negatives)
            terms.append(math.log1p(math.exp(by)) if soft else max(0.0, by))
    return terms


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_supcon(temperature: float) -> None:
    value, _ = got(SupConConfig(temperature=temperature))
    assert value == pytest.approx(supcon(temperature), rel=1e-4)


@pytest.mark.parametrize("subcentres", [1, 3])
@pytest.mark.parametrize("smoothing", [0, 0.2])
@pytest.mark.parametrize(("margin", "scale"), [(0.0, 30.0), (0.3, 30.0), (1.4, 8.0)])
def test_arcface(margin: float, scale: float, smoothing: float, subcentres: int) -> None:
    config = ArcFaceConfig(margin=margin, scale=scale, smoothing=smoothing, subcentres=subcentres)
    value, loss = got(config)
    proxies = proxies_of(loss)
    assert len(proxies) == SIGNS * subcentres
    assert value == pytest.approx(arcface(proxies, margin, scale, smoothing, subcentres), rel=1e-4)


def test_arcface_beyond_pi() -> None:
    _, loss = got(ArcFaceConfig(margin=1.4))
    angles = [
        math.acos(cosine(row, proxies_of(loss)[own]))
        for row, own in zip(embeddings(), SIGN, strict=True)
    ]
    assert max(angles) > math.pi - 1.4 > min(angles), "test_arcface sees both sides"


@pytest.mark.parametrize("temperature", [1 / 9, 0.5])
def test_proxy_nca(temperature: float) -> None:
    value, loss = got(ProxyNCAConfig(temperature=temperature))
    assert value == pytest.approx(proxy_nca(proxies_of(loss), temperature), rel=1e-4)


def test_proxy_nca_is_a_softmax_over_cosines() -> None:
    _, loss = got(ProxyNCAConfig(temperature=0.2))
    proxies = proxies_of(loss)
    assert proxy_nca(proxies, 0.2) == pytest.approx(arcface(proxies, 0, 2 / 0.2, 0, 1))


def test_the_coldest_proxy_nca_loses_no_clip() -> None:
    coldest = ProxyNCAConfig.model_fields["temperature"].metadata[0].ge
    loss = build_loss(ProxyNCAConfig(temperature=coldest), 2, 2)
    (proxies,) = loss.parameters()
    proxies.data = torch.tensor([[1.0, 0], [-1, 0]])
    x = torch.tensor([[-1.0, 0]], requires_grad=True)
    value = loss(x, torch.tensor([0]))
    assert value.item() == pytest.approx(4 / coldest, rel=1e-4)


@pytest.mark.parametrize(("margin", "soft"), [(0.1, False), (0.6, False), (0.0, True), (0.3, True)])
def test_triplet(margin: float, soft: bool) -> None:
    value, _ = got(TripletConfig(margin=margin, soft=soft))
    terms = triplets(margin, soft)
    assert len(terms) == 6, "the clip that stands alone has none"
    assert value == pytest.approx(mean(terms), rel=1e-4)
    assert soft or (0 in triplets(0.1, soft)), "a mean over all, not over those above 0"


@pytest.mark.parametrize("smoothing", [0, 0.1, 0.5])
@pytest.mark.parametrize("scale", [5.0, 30.0])
def test_cross_entropy_over_cosines(scale: float, smoothing: float) -> None:
    value, loss = got(CrossEntropyConfig(scale=scale, smoothing=smoothing))
    assert value == pytest.approx(arcface(proxies_of(loss), 0, scale, smoothing, 1), rel=1e-4)


@pytest.mark.parametrize("smoothing", [0, 0.1])
def test_cross_entropy_linear(smoothing: float) -> None:
    value, loss = got(CrossEntropyConfig(classifier="linear", scale=5, smoothing=smoothing))
    weights, bias = (p.tolist() for p in loss.parameters())
    terms = []
    for row, own in zip(embeddings(), SIGN, strict=True):
        logits = [5 * dot(row, w) + b for w, b in zip(weights, bias, strict=True)]
        terms.append(cross_entropy(logits, own, smoothing))
    assert value == pytest.approx(mean(terms), rel=1e-4)


def test_both_are_the_weighted_sum() -> None:
    config = SupConArcFaceConfig(
        supcon_weight=0.5, arcface_weight=2, temperature=0.2, margin=0.4, smoothing=0.1
    )
    value, loss = got(config)
    expected = 0.5 * supcon(0.2) + 2 * arcface(proxies_of(loss), 0.4, 30, 0.1, 1)
    assert value == pytest.approx(expected, rel=1e-4)
