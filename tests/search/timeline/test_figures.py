"""Figures of segmentation, on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.search.timeline.figures import equal_pieces, segment_figures

TRUE = np.asarray([[0, 10], [12, 20], [24, 40]])


def test_the_truth_is_right() -> None:
    figures = segment_figures([TRUE, TRUE], [TRUE, TRUE], 25.0)
    assert (figures.boundary_f1, figures.precision, figures.recall) == (1, 1, 1)
    assert (figures.covered, figures.right, figures.signs, figures.pieces) == (1, 1, 6, 6)


def test_by_hand() -> None:
    # Boundaries are at 11 and 22, found ones at 5, 15.5 and 30: only 15.5 is near, to 11.
    found = np.asarray([[0, 4], [6, 15], [16, 29], [31, 40]])
    figures = segment_figures([found], [TRUE], 25.0)
    assert (figures.precision, figures.recall) == (1 / 3, 1 / 2)
    assert figures.boundary_f1 == pytest.approx(2 / 5)
    # 24–40 by 31–40: 9/16; 12–20 by 16–29: 4/17; 0–10 by 6–15: 4/15, by 0–4: 4/10.
    assert (figures.covered, figures.right) == (1 / 3, 1 / 4)


def test_a_boundary_is_found_once() -> None:
    close = np.asarray([[0, 10], [12, 13], [13, 40]])
    figures = segment_figures([close], [np.asarray([[0, 10], [12, 40]])], 25.0)
    assert (figures.precision, figures.recall) == (0.5, 1)


def test_nothing_found() -> None:
    figures = segment_figures([np.zeros((0, 2), dtype=np.int64)], [TRUE], 25.0)
    assert (figures.recall, figures.covered, figures.boundary_f1) == (0, 0, 0)
    assert np.isnan(figures.precision)


@pytest.mark.parametrize(
    ("frames", "length", "count"), [(100, 10.0, 10), (7, 40.0, 1), (31, 10.0, 3)]
)
def test_equal_pieces(frames: int, length: float, count: int) -> None:
    made = equal_pieces(frames, length)
    assert len(made) == count
    assert made[0, 0] == 0
    assert made[-1, 1] == frames
    assert (made[1:, 0] == made[:-1, 1]).all()
