"""Two orders become one."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.search.keywords.fused import fused_by_place, places


def test_places_share_their_ties() -> None:
    assert places(np.asarray([0.1, 0.9, 0.5, 0.5, 0.0])).tolist() == [4, 1, 2.5, 2.5, 5]


def test_one_search_keeps_its_scores() -> None:
    score = np.asarray([0.2, 0.1])
    assert fused_by_place(score) is score


def test_good_in_both_is_better_than_best_in_one() -> None:
    word = np.asarray([1.0, 0.8, 0.1, 0.3, 0.2])
    example = np.asarray([-1.0, 0.8, 0.9, 0.0, 0.1])
    score = fused_by_place(word, example)
    assert score.argmax() == 1
    assert score[1] == pytest.approx(2 / 62)
    assert np.allclose(fused_by_place(example, word), score)
    assert np.allclose(fused_by_place(word**3, example), score)  # only places count
