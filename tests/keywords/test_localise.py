from __future__ import annotations

import numpy as np
import pytest

from raysign.keywords.localise import Peak, peaks


def spans(found: tuple[Peak, ...]) -> list[tuple[int, int]]:
    return [(peak.first, peak.end) for peak in found]


def test_a_peak_is_as_wide_as_its_half_height() -> None:
    track = np.asarray([0, 0, 0.1, 0.5, 0.8, 0.6, 0.2, 0, 0])
    (peak,) = peaks(track, 1, 9)
    assert (peak.first, peak.end, peak.frame, peak.height) == (3, 6, 4, 0.8)


def test_several_peaks_the_highest_first_and_no_faint_ones() -> None:
    track = np.asarray([0.2, 0.65, 0.2, 0.3, 0.2, 1.0, 0.9, 0.2])
    assert spans(peaks(track, 1, 8)) == [(5, 7), (1, 2)]


def test_half_is_measured_from_the_lowest_so_that_scores_serve_as_well() -> None:
    track = np.asarray([0, 0.4, 1.0, 0.7, 0])
    assert spans(peaks(track, 1, 5)) == spans(peaks(10 * track - 30, 1, 5)) == [(2, 4)]


@pytest.mark.parametrize(("stride", "rate", "times"), [(4, 1.0, 4), (2, 1.0, 2), (1, 2.0, 2)])
def test_stride_and_frames_a_second_are_undone(stride: int, rate: float, times: int) -> None:
    track = np.zeros(10)
    track[3:5] = 1, 0.9
    (peak,) = peaks(track, stride, 10 * times, rate)
    # Frame t of the model lies in the middle of what it stands for.
    assert (peak.first, peak.end) == (3 * times - times // 2, 5 * times - times // 2)
    assert peak.frame == 3 * times


def test_a_peak_lies_in_its_sentence_and_is_never_empty() -> None:
    for track in ([1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]):
        for stride, rate in ((4, 1.0), (1, 1.0), (1, 0.4)):
            frames = round(3 * stride * rate)
            (peak,) = peaks(np.asarray(track), stride, frames, rate)
            assert 0 <= peak.first <= peak.frame < peak.end <= frames


def test_a_flat_track_is_one_peak_over_the_whole_sentence() -> None:
    assert spans(peaks(np.full(5, 0.2), 4, 18)) == [(0, 18)]
    assert spans(peaks(np.ones(1), 4, 1)) == [(0, 1)]


def test_what_stands_after_the_end_is_not_read() -> None:
    track = np.asarray([0, 1.0, 0, -np.inf, -np.inf])
    assert spans(peaks(track, 2, 6)) == [(1, 3)]
    assert spans(peaks(np.asarray([0.2, 0.5, 0, 9.0]), 4, 10)) == [(2, 6)]
