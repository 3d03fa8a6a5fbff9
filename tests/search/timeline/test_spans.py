"""Spans against slow and obvious loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raysign.keywords.spans import iou
from raysign.search.timeline.spans import Span, as_array, inside, kept

spans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda s: (s[0], s[0] + s[1])),
    min_size=1,
    max_size=8,
).map(lambda rows: np.asarray(rows, dtype=np.int64))


@given(spans, spans)
def test_overlaps_frame_by_frame(some: np.ndarray, others: np.ndarray) -> None:
    shared, union = iou(some, others), inside(some, others)
    for i, one in enumerate(some.tolist()):
        for j, other in enumerate(others.tolist()):
            a, b = set(range(*one)), set(range(*other))
            assert shared[i, j] == len(a & b) / len(a | b)
            assert union[i, j] == len(a & b) / min(len(a), len(b))


@given(spans, st.data())
def test_no_two_that_are_kept_are_one_find(rows: np.ndarray, data: st.DataObject) -> None:
    scores = np.asarray(
        data.draw(st.lists(st.floats(-1, 1), min_size=len(rows), max_size=len(rows)))
    )
    best = kept(rows, scores)
    assert best[0].score == scores.max()
    assert [span.score for span in best] == sorted((s.score for s in best), reverse=True)
    both = inside(as_array(best), as_array(best)) - np.eye(len(best))
    assert both.max() <= 0.5
    for row in rows:  # what is left out lies in something that is not worse
        assert inside(row[None], as_array(best)).max() > 0.5
    assert kept(rows, scores, most=2) == best[:2]


def test_a_span_stands_on_its_middle() -> None:
    assert Span.around(4, 10, 0.5) == Span(4, 10, 0.5, 7)
    assert as_array([]).shape == (0, 2)
