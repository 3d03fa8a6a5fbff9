"""What a request asks with."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.serve.ask.given import clip_from, part_of
from raysign.serve.problems import Refused
from raysign.serve.words import Landmarks, Part
from raysign.synthetic import iter_clips


@pytest.fixture(scope="module")
def clip() -> Clip:
    return next(iter_clips(SyntheticConfig(signs=20)))


def part(start_s: float | None = None, end_s: float | None = None) -> Part:
    return Part(id="x", start_s=start_s, end_s=end_s)


def test_a_part_of_a_take(clip: Clip) -> None:
    np.testing.assert_array_equal(part_of(clip, part()).xyz, clip.xyz)
    cut = part_of(clip, part(0.4, 1.0))
    np.testing.assert_array_equal(cut.xyz, clip.xyz[10:25])
    assert cut.confidence is not None
    assert len(cut.confidence) == 15
    np.testing.assert_array_equal(part_of(clip, part(0.4)).xyz, clip.xyz[10:])


@pytest.mark.parametrize(
    ("asked", "kind"),
    [(part(90, 91), "empty_span"), (part(1, 0.5), "empty_span"), (part(0, 0.04), "too_short")],
)
def test_parts_that_are_none(clip: Clip, asked: Part, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        part_of(clip, asked)
    assert (refused.value.status, refused.value.kind) == (422, kind)


def landmarks(clip: Clip, **other: Any) -> Landmarks:
    xyz = base64.b64encode(clip.xyz.astype("<f2").tobytes()).decode()
    given = {
        "layout": "holistic75", "fps": 25, "width": 256, "height": 256,
        "frames": len(clip.xyz), "xyz": xyz, **other,
    }  # fmt: skip
    return Landmarks(**given)


def test_landmarks_that_were_sent(clip: Clip) -> None:
    got = clip_from(landmarks(clip), 1, 60)
    np.testing.assert_array_equal(got.xyz, clip.xyz.astype(np.float16))
    assert (got.layout, got.fps, got.width) == ("holistic75", 25, 256)


@pytest.mark.parametrize(
    ("other", "kind", "says"),
    [
        ({"xyz": "not Base64!"}, "not_understood", "clips.0.xyz must be Base64"),
        ({"frames": 3}, "not_understood", "3 frames × 75 joints × 3 float16 numbers, 1,350 bytes"),
        ({"layout": "hands42"}, "not_understood", "× 42 joints"),
        ({"fps": 0.5}, "too_long", "Clip 1 is too long"),
    ],
)
def test_landmarks_that_are_not_what_they_say(
    clip: Clip, other: dict[str, Any], kind: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        clip_from(landmarks(clip, **other), 1, 60)
    assert refused.value.kind == kind
    assert says in refused.value.text


def test_landmarks_that_show_nobody_or_lie_nowhere(clip: Clip) -> None:
    for value, kind in ((np.nan, "no_person"), (np.inf, "not_usable"), (300, "not_usable")):
        xyz = np.full((9, 75, 3), value, np.float16)
        with pytest.raises(Refused) as refused:
            clip_from(landmarks(Clip("c", xyz, "holistic75")), 1, 60)
        assert refused.value.kind == kind
