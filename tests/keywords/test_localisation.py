from __future__ import annotations

import numpy as np
import pytest

from raysign.errors import DataError
from raysign.keywords.localisation import localisation, true_places
from raysign.keywords.localise import peaks
from raysign.keywords.metrics import keyword_figures
from raysign.keywords.spans import iou

GLOSSES = [("REGEN", "NORD", "REGEN"), ("NORD", "WIND"), ("WIND",), ()]
SPANS = [((0, 4), (4, 10), (12, 16)), ((2, 6), (6, 8)), None, ()]
NUMBERS = {"NORD": 0, "REGEN": 1}


def test_pairs_are_of_known_words_and_known_times():
    truth = true_places(GLOSSES, SPANS, NUMBERS)
    pairs = zip(truth.sentence.tolist(), truth.word.tolist(), truth.spans, strict=True)
    assert [(s, w, spans.tolist()) for s, w, spans in pairs] == [
        (0, 1, [[0, 4], [12, 16]]),
        (0, 0, [[4, 10]]),
        (1, 0, [[2, 6]]),
    ]
    assert true_places(GLOSSES, [None] * 4, NUMBERS) is None
    assert true_places(GLOSSES, SPANS, {"SCHNEE": 0}) is None


def located(peak, span, scores=None):
    truth = true_places(GLOSSES, SPANS, NUMBERS)
    frames = np.array([20, 8, 9, 5])
    scores = np.zeros((4, 2)) if scores is None else scores
    return localisation(truth, np.array(peak), np.array(span), frames, scores, resamples=50)


def test_by_hand():
    found = located([15, 10, 5], [[12, 18], [0, 3], [2, 6]])
    assert found.pointing.value == pytest.approx(2 / 3)  # 15 in 12–16; 10 is past 4–10; 5 in 2–6
    assert found.chance == pytest.approx((8 / 20 + 6 / 20 + 4 / 8) / 3)
    assert found.middle == pytest.approx(1 / 3)  # 10, 10, 4
    assert found.iou.value == pytest.approx((4 / 6 + 0 + 1) / 3)
    assert (found.pairs, found.sentences, found.words) == (3, 2, 2)
    assert found.spans_per_pair == pytest.approx(4 / 3)
    assert found.as_json()["pointing_high"] == found.pointing.high


def test_overlapping_spans_cover_a_frame_once():
    truth = true_places([("A", "A", "A")], [((0, 6), (4, 8), (1, 2))], {"A": 0})
    found = localisation(
        truth, np.array([0]), np.array([[0, 1]]), np.array([10]), np.ones((1, 1)), resamples=1
    )
    assert found.chance == 0.8


def test_map_falls_where_spans_must_overlap():
    scores = np.array([[0.2, 0.9], [0.8, 0.1], [0.9, 0.9], [0.0, 0.0]])
    found = located([15, 10, 5], [[12, 18], [4, 6], [2, 6]], scores)
    timed = [0, 1]  # sentence 2 does not say when; in 3 nothing is signed
    labels = np.array([[True, True], [True, False]])
    assert keyword_figures(scores[timed], labels).map == 1
    # IoU 2/3 for REGEN, 1/3 and 1 for NORD, whose best sentence is the second
    assert found.map_at == {0.1: 1.0, 0.3: 1.0, 0.5: (1 + 1 / 2) / 2}


def test_iou_by_counting_frames():
    rng = np.random.default_rng(0)
    for _ in range(50):
        (a, b), (c, d) = (sorted(rng.choice(20, 2, replace=False)) for _ in range(2))
        one, two = set(range(a, b)), set(range(c, d))
        expected = len(one & two) / len(one | two)
        assert iou(np.array([[a, b]]), np.array([[c, d]]))[0, 0] == pytest.approx(expected)


def test_refused():
    with pytest.raises(DataError, match=r"must hold a frame, got \[3, 3\]"):
        located([1, 1, 1], [[0, 1], [3, 3], [0, 1]])


def test_a_predicted_peak_lies_in_its_own_span():
    """Whatever the encoder's stride and the sentence's rate: else pointing and IoU disagree."""
    rng = np.random.default_rng(0)
    for _ in range(2000):
        frames, stride = int(rng.integers(1, 60)), int(rng.choice([1, 2, 4]))
        rate = float(rng.choice([0.5, 0.6, 1.0, 1.2, 2.0]))
        track = rng.random(max(1, int(np.ceil(frames / (stride * rate)))))
        for peak in peaks(track, stride, frames, rate):
            assert 0 <= peak.first <= peak.frame < peak.end <= frames
