"""Where hands move in a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.serve.takes.activity import MOST_STEPS, activity_of


def moving(frames: int = 100, fps: float = 25.0) -> Clip:
    """The right hand is there from frame 20 on, moves in 40–60; the left one is there in 70–80."""
    xyz = np.full((frames, 75, 3), np.nan, np.float32)
    xyz[20:, 54:75] = 0.5
    xyz[40:60, 54:75, 0] += 0.01 * np.arange(20)[:, None]
    xyz[60:, 54:75, 0] = xyz[59, 54:75, 0]
    xyz[70:80, 33:54] = 0.3
    return Clip("c", xyz, "holistic75", fps=fps, width=640, height=480)


def test_hands_and_their_motion_in_time() -> None:
    activity = activity_of(moving())
    times = np.arange(len(activity.hands)) * activity.step_s
    assert activity.step_s == pytest.approx(0.08)
    assert times[-1] < 4
    hands, motion = np.array(activity.hands), np.array(activity.motion)
    assert set(hands[times < 0.7]) == {0}
    assert set(hands[(times > 0.9) & (times < 2.7)]) == {1}
    assert set(hands[(times > 2.85) & (times < 3.1)]) == {2}
    assert (motion[(times > 1.65) & (times < 2.3)] > 0.9).all()
    assert (motion[(times < 1.5) | (times > 2.5)] == 0).all()
    assert motion.max() == 1


def test_motion_does_not_depend_on_the_pictures_shape() -> None:
    wide = moving()
    xyz = wide.xyz.copy()
    xyz[..., 0] *= 0.5  # the same way in pixels
    other = replace(wide, xyz=xyz, width=1280)
    assert activity_of(other).motion == activity_of(wide).motion


def test_nothing_moves_in_a_still_recording() -> None:
    clip = moving()
    still = replace(clip, xyz=np.repeat(clip.xyz[30:31], 10, axis=0))
    assert set(activity_of(still).motion) == {0}


def test_a_long_recording_has_longer_steps() -> None:
    clip = moving()
    long = replace(clip, xyz=np.tile(clip.xyz, (200, 1, 1)))
    activity = activity_of(long)
    assert len(activity.motion) <= MOST_STEPS
    assert len(activity.motion) * activity.step_s == pytest.approx(800, rel=0.01)
