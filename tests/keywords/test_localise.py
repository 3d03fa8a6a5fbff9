from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from raysign.config import KeywordPrepareConfig, KeywordSTGCNConfig
from raysign.keywords.encoder import KeywordEncoder
from raysign.keywords.localise import Peak, peaks
from raysign.keywords.prepare import PrepareSentences
from raysign.skeleton import HOLISTIC75


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


@cache
def encoded(frames: int) -> int:
    """Frames that a small encoder of stride 4 gives for so many."""
    prepare = PrepareSentences(KeywordPrepareConfig(joints="body"), HOLISTIC75)
    config = KeywordSTGCNConfig(widths=(8, 16, 24), kernel=3)
    encoder = KeywordEncoder(config, prepare.channel_map)
    with torch.inference_mode():
        out = encoder(torch.zeros(1, frames, prepare.channel_map.num_channels))[0].shape[1]
    return int(out)


@pytest.mark.parametrize("fps", [24.0, 29.97, 30.0, 50.0, 60.0])
@pytest.mark.parametrize("read", [25.0, 12.5])
def test_padding_is_not_read_at_any_rate(fps: float, read: float) -> None:
    """30 frames a second read at 25 is rate 1.2: n frames are as many as prepare resamples to."""
    config = KeywordPrepareConfig(
        joints="body", fps=read, dominant="right", repair_gap_frames=0, hands="body"
    )
    prepare = PrepareSentences(config, HOLISTIC75)
    rate = prepare.rate(fps)
    xyz = np.zeros((400, HOLISTIC75.num_joints, 3), np.float16)
    for frames in range(1, 401) if (fps, read) == (30.0, 25.0) else range(1, 401, 13):
        own = encoded(len(prepare.geometry(xyz[:frames], fps=fps)))
        track = np.append(np.zeros(own), 9.0)  # what a longer neighbour in the batch leaves there
        assert spans(peaks(track, 4, frames, rate)) == [(0, frames)]
        track[own - 1] = 1.0
        last = peaks(track, 4, frames, rate)[0]
        assert (last.height, last.end) == (1.0, frames)
