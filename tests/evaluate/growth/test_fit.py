"""Curves through shares: found again by their own form, and honest about another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from raysign.errors import DataError
from raysign.evaluate.growth import Curve
from raysign.evaluate.growth.fit import fitted


@pytest.mark.parametrize(
    ("form", "inverse"),
    [("logit", lambda g: 1 / (1 + np.exp(-g))), ("cloglog", lambda g: 1 - np.exp(-np.exp(g)))],
)
def test_a_curve_is_found_again_by_its_own_form(form: str, inverse: Any) -> None:
    x = np.array([20.0, 100, 300, 500, 2500, 12_500])
    share = inverse(3 - 1.1 * np.log10(x))
    lines = fitted(form, x, np.stack([share, np.ones(6), np.zeros(6)]))
    assert lines[0] == pytest.approx([3, -1.1], abs=1e-4)
    assert np.isfinite(lines).all()
    resampled = np.clip(share + np.random.default_rng(0).normal(0, 0.01, (200, 6)), 0, 1)
    curve = Curve.through(x, share, resampled)
    assert curve is not None
    assert curve.form == form
    assert curve.miss == pytest.approx(0, abs=1e-4)
    beyond = curve.at(25_000.0)
    assert beyond is not None
    assert beyond.value == pytest.approx(inverse(3 - 1.1 * np.log10(25_000)), abs=1e-4)
    assert 0 < beyond.low < beyond.value < beyond.high < 0.3
    assert curve.at(25_001.0) is None


def test_a_curve_of_another_form_says_how_far_it_misses() -> None:
    """A line in log x, which is below 0 in the end: a quarter of it cannot know."""
    x = np.geomspace(20, 10_000, 12)
    share = (1.3 - 0.32 * np.log10(x)).clip(0, 1)
    curve = Curve.through(x, share, share[None])
    assert curve is not None
    assert curve.miss is not None
    assert curve.miss > 0.01
    inside, beyond = curve.at(x[-1].item()), curve.at(20_000.0)
    assert inside is not None
    assert beyond is not None
    assert inside.high - inside.low == pytest.approx(0, abs=1e-9)
    assert beyond.high - beyond.value == pytest.approx(curve.miss)
    assert beyond.low == max(0.0, beyond.value - curve.miss)
    few = Curve.through(x[-5:], share[-5:], share[None, -5:])
    assert few is not None
    assert few.miss is None, "a quarter of the largest x has too few points"
    assert few.at(x[-1].item()) is not None
    assert few.at(10_001.0) is None
    assert Curve.through(x[:2], share[:2], share[None, :2]) is None
    with pytest.raises(DataError, match="shares in 0–1"):
        Curve.through(x, share + 1, share[None])
