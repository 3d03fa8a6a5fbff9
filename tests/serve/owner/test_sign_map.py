"""Signs that look alike stand near each other."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.serve.owner.sign_map import BY_NEIGHBOURS, BY_SPREAD, places, sign_means


def groups(count: int, of: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(count, 32)).repeat(of, axis=0) + 0.05 * rng.normal(
        size=(count * of, 32)
    )
    return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype("f4")


def test_means_of_signs() -> None:
    vectors = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype="f4")
    means = sign_means(vectors, np.array([0, 0, 1, -1]), 3)
    np.testing.assert_allclose(means, [[0.5**0.5] * 2, [0, 1], [0, 0]], atol=1e-6)


@pytest.mark.parametrize(("count", "of", "how"), [(8, 5, BY_NEIGHBOURS), (3, 5, BY_SPREAD)])
def test_alike_is_near_and_the_same_each_time(count: int, of: int, how: str) -> None:
    means = groups(count, of)
    found, told = places(means)
    assert told == how
    np.testing.assert_array_equal(found, places(means)[0])
    assert np.abs(found).max() == pytest.approx(1)
    group = np.arange(count * of) // of
    apart = np.linalg.norm(found[:, None] - found, axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert (group[apart.argmin(axis=1)] == group).all()


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_handful_of_signs(count: int) -> None:
    found, _ = places(groups(max(count, 1), 1)[:count])
    assert found.shape == (count, 2)
    assert np.isfinite(found).all()
