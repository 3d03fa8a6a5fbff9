"""Measures at their edges."""

from __future__ import annotations

import numpy as np

from raysign.clip import Clip, Clips
from raysign.doctor.measure import measure


def one_hand(frames: int, slot: int = 0) -> np.ndarray:
    """A hand that drifts to the right, in one slot of ``hands42``."""
    shape = np.random.default_rng(0).random((21, 3)) * 0.2
    xyz = np.full((frames, 42, 3), np.nan)
    xyz[:, 21 * slot : 21 * slot + 21] = 0.4 + shape + 0.002 * np.arange(frames)[:, None, None]
    return xyz


def test_a_still_clip_is_frozen_for_all_frames_but_its_first() -> None:
    still = np.repeat(one_hand(1), 4, axis=0)
    clips = Clips.pack([Clip(name, still, "hands42") for name in "ab"])
    assert measure(clips).frozen_frames.tolist() == [3, 3]


def test_what_is_missing_is_not_frozen() -> None:
    clips = Clips.pack([Clip("a", np.full((9, 42, 3), np.nan), "hands42")])
    measures = measure(clips)
    assert measures.frozen_frames.tolist() == [0]
    assert measures.span_frames.tolist() == [0]
    assert np.isnan(measures.missing_inside).all()


def test_a_lone_hand_that_turns_up_in_the_other_slot_has_changed_it() -> None:
    moved = one_hand(8)
    moved[4:] = one_hand(8, slot=1)[4:]
    far = moved.copy()
    far[4:, :, 0] += 0.4
    clips = Clips.pack([Clip("moved", moved, "hands42"), Clip("another", far, "hands42")])
    assert measure(clips).exchanged.tolist() == [1, 0]


def test_a_clip_without_frames_is_measured() -> None:
    clips = Clips.pack([Clip("none", one_hand(0), "hands42"), Clip("some", one_hand(5), "hands42")])
    measures = measure(clips)
    assert np.isnan(measures.hand[0])
    assert measures.hand[1] == 1
