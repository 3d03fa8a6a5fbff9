from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysign.doctor.segments import Segments, share

LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=6)


def parts(lengths: list[int]) -> tuple[Segments, list[slice]]:
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Segments(bounds), [slice(a, b) for a, b in pairwise(bounds)]


@given(LENGTHS, st.integers(0, 2**32 - 1))
def test_reductions_equal_a_loop_over_clips(lengths: list[int], seed: int) -> None:
    segments, clips = parts(lengths)
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, sum(lengths)).astype(np.float64)
    values[rng.random(len(values)) < 0.3] = np.nan
    flags = rng.random(len(values)) < 0.5
    assert segments.total(flags).tolist() == [int(flags[c].sum()) for c in clips]
    assert segments.longest_run(flags).tolist() == [longest(flags[c]) for c in clips]
    medians = [np.sort(v)[(len(v) - 1) // 2] if len(v) else np.nan for v in known(values, clips)]
    np.testing.assert_array_equal(segments.median(values), medians)
    np.testing.assert_array_equal(
        segments.between(flags), np.concatenate([between(flags[c]) for c in clips])
    )
    earlier = segments.before(values)
    for clip in clips:
        expected = np.concatenate([[np.nan], values[clip]])[:-1] if clip.stop > clip.start else []
        np.testing.assert_array_equal(earlier[clip], expected)


def known(values: np.ndarray, clips: list[slice]) -> list[np.ndarray]:
    return [values[c][~np.isnan(values[c])] for c in clips]


def longest(flags: np.ndarray) -> int:
    return max(map(len, "".join("x" if f else " " for f in flags).split()), default=0)


def between(flags: np.ndarray) -> np.ndarray:
    out = np.zeros_like(flags)
    at = np.flatnonzero(flags)
    if len(at):
        out[at[0] : at[-1] + 1] = True
    return out


def test_a_share_of_nothing_is_not_known() -> None:
    shares = share(np.array([1, 0]), np.array([2, 0]))
    assert shares[0] == pytest.approx(0.5)
    assert np.isnan(shares[1])
