"""The numbers of a confidence, found again from what it says, and beside other people's code."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from raysign.errors import ConfigError, DataError
from raysign.ranking import Asks, Confidence, fit_confidence
from raysign.ranking.calibration import _sharpness, falling_odds, threshold_for
from raysign.ranking.confidence import softmax

TRUE = Confidence(
    looked_at=8,
    sharpness=6.0,
    temperature=0.1,
    slope=9.0,
    none=6.0,
    farther=4.0,
    unknown_share=0.5,
    threshold=0.5,
)


def drawn(count: int, seed: int = 0, truth: Confidence = TRUE) -> Asks:
    """Asks whose answers are drawn with the chances that ``truth`` says."""
    rng = np.random.default_rng(seed)
    scores = -np.sort(-rng.normal(0.3, 0.3, (count, 8)), axis=1)
    shares, found, none = truth.of_many(scores)
    all_ = np.concatenate([shares * found[:, None], none[:, None]], axis=1)
    all_ = np.concatenate([all_, 1 - all_.sum(axis=1, keepdims=True)], axis=1)
    pick = (rng.random((count, 1)) > np.cumsum(all_, axis=1)).sum(axis=1)
    place = np.where(pick < 8, pick, -1)
    return Asks(scores, place, pick != 8, np.arange(count) // 2, more_signs=True)


def test_chances_are_found_again() -> None:
    asks = drawn(20_000)
    share = float((~asks.known).mean())
    fitted = fit_confidence(asks, unknown_share=share)
    assert fitted.sharpness == pytest.approx(TRUE.sharpness, rel=0.05)
    other = drawn(500, seed=1).scores
    for mine, true in zip(fitted.of_many(other), TRUE.of_many(other), strict=True):
        np.testing.assert_allclose(mine, true, atol=0.03)
    assert fitted.farther is not None
    assert fitted.none - fitted.farther == pytest.approx(TRUE.none - 4.0, abs=0.1)


def test_the_share_is_a_setting_and_not_what_was_asked() -> None:
    asks = drawn(4000)
    half = fit_confidence(asks)
    many = asks.known | (np.arange(4000) % 3 == 0)  # two in three unknown asks are left out
    fewer = fit_confidence(asks.select(many))
    assert half.unknown_share == fewer.unknown_share == 0.5
    _, _, a = half.of_many(asks.scores)
    _, _, b = fewer.of_many(asks.scores)
    assert np.abs(a - b).mean() < 0.04


def test_refuse_is_the_share_of_known_asks_that_are_called_unknown() -> None:
    asks = drawn(4000)
    for refuse in (0.01, 0.05, 0.3):
        fitted = fit_confidence(asks, refuse=refuse, unknown_share=0.3)
        _, _, none = fitted.of_many(asks.scores)
        refused = (none > fitted.threshold)[asks.known].mean()
        assert refuse - 0.002 < refused <= refuse
    assert threshold_for(np.array([0.4, 0.2, 0.3, 0.1]), 0.5) == 0.2
    for count in (20, 40, 100, 101):  # of which one in twenty may be refused, and no more
        none = np.arange(count) / count
        assert (none > threshold_for(none, 0.05)).sum() == count // 20


def test_falling_odds_are_a_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    nearness = rng.normal(0.5, 0.2, 300)
    absent = rng.random(300) < 1 / (1 + np.exp(8 * nearness - 4))
    count = int(absent.sum())
    sure, doubt = (count + 1) / (count + 2), 1 / (300 - count + 2)
    target = np.where(absent, sure, doubt)
    reference = LogisticRegression(C=1e9, tol=1e-10, max_iter=10_000).fit(
        np.concatenate([nearness, nearness])[:, None],
        np.repeat([1, 0], 300),
        np.concatenate([target, 1 - target]),
    )
    slope, bias, loss = falling_odds(nearness, absent)
    assert slope == pytest.approx(-reference.coef_[0, 0], rel=1e-3)
    assert bias == pytest.approx(reference.intercept_[0], rel=1e-3)
    p = 1 / (1 + np.exp(slope * nearness - bias))
    assert loss == pytest.approx(-(target * np.log(p) + (1 - target) * np.log(1 - p)).mean())


def test_sharpness_is_where_the_loss_is_least() -> None:
    asks = drawn(400)
    here = asks.place >= 0
    scores, place = asks.scores[here], asks.place[here]

    def loss(sharpness: float) -> float:
        shares = np.log(softmax(sharpness, scores))
        right = np.take_along_axis(shares, place[:, None], axis=1)[:, 0]
        return float(-(right.sum() + shares.mean()) / (len(scores) + 1))

    grid = np.linspace(2, 12, 201)
    wanted = grid[np.argmin([loss(float(a)) for a in grid])]
    assert _sharpness(scores, place, float(scores.std())) == pytest.approx(wanted, abs=0.1)


def test_a_handful_without_a_mistake_is_no_certainty() -> None:
    scores = np.tile([[0.9, 0.1, 0.0], [0.2, 0.1, 0.0]], (6, 1))
    known = np.tile([True, False], 6)
    asks = Asks(scores, np.where(known, 0, -1), known, np.arange(12) // 2, more_signs=True)
    fitted = fit_confidence(asks)
    signs, none = fitted.of(np.array([0.9, 0.1, 0.0]))
    assert 0.7 < signs[0] < 0.97
    assert 0.01 < none < 0.2
    _, far = fitted.of(np.array([0.2, 0.1, 0.0]))
    assert 0.8 < far < 0.97


def test_nearness_that_says_nothing_or_the_contrary_is_not_used() -> None:
    rng = np.random.default_rng(0)
    scores = -np.sort(-rng.random((400, 3)), axis=1)
    known = scores[:, 0] < 0.7  # the nearer, the more unknown
    asks = Asks(scores, np.where(known, 0, -1), known, np.arange(400), more_signs=False)
    fitted = fit_confidence(asks)
    assert fitted.slope == 0
    assert fitted.of(scores[0])[1] == fitted.of(scores[1])[1] == pytest.approx(0.5, abs=0.01)
    assert fitted.of(np.full(3, -np.inf))[1] == pytest.approx(0.5, abs=0.01)
    same = Asks(np.full((9, 3), 0.5), asks.place[:9], known[:9], asks.sign[:9], more_signs=True)
    assert fit_confidence(same).slope == 0


def test_a_gallery_of_few_signs_has_none_farther_down() -> None:
    asks = drawn(300)
    whole = Asks(asks.scores, asks.place, asks.known & (asks.place >= 0), asks.sign, False)
    fitted = fit_confidence(whole)
    assert fitted.farther is None
    signs, none = fitted.of(asks.scores[0])
    assert signs.sum() + none == pytest.approx(1)


def test_one_side_alone_is_refused() -> None:
    asks = drawn(60)
    with pytest.raises(
        DataError, match=r"whose sign is there and whose sign is not, got \d+ and 0"
    ):
        fit_confidence(asks.select(asks.known))
    with pytest.raises(ConfigError, match="unknown_share must lie between 0 and 1, got 0"):
        inspect.unwrap(fit_confidence)(asks, unknown_share=0.0)
    with pytest.raises(ConfigError, match="refuse must lie between 0 and 1, got nan"):
        fit_confidence(asks, refuse=float("nan"))
