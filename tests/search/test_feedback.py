"""What a recording is told, on the synthetic world's good clips made bad in one way each."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.search.feedback import remarks_on
from raysign.search.look import Look
from raysign.skeleton import HANDS42, HOLISTIC75
from raysign.store import iter_clips
from raysign.synthetic import World

LEFT, RIGHT = HOLISTIC75.parts["left_hand"], HOLISTIC75.parts["right_hand"]
BODY = HOLISTIC75.parts["body"]


@pytest.fixture(scope="module")
def good() -> Clip:
    """Two hands in every frame of 60, in a picture of 256 × 256 pixels."""
    world = World(SyntheticConfig())
    clip = world.clip(world.sign(7), world.signer(2))
    rng = np.random.default_rng(0)
    xyz = np.repeat(clip.xyz[20:21].astype(np.float32), 60, axis=0)
    xyz[:, LEFT] = 0.4 + 0.05 * rng.random((60, 21, 3))
    xyz[:, RIGHT] = 0.6 + 0.05 * rng.random((60, 21, 3))
    assert not np.isnan(xyz).any()
    return replace(clip, xyz=xyz, confidence=None)


def kinds(clip: Clip) -> list[str]:
    return [remark.kind for remark in remarks_on(Look.at(clip))]


def text(clip: Clip, kind: str) -> str:
    (remark,) = [remark for remark in remarks_on(Look.at(clip)) if remark.kind == kind]
    return remark.text


def changed(clip: Clip, at: Any, to: Any) -> Clip:
    xyz = clip.xyz.copy()
    xyz[at] = to
    return replace(clip, xyz=xyz)


def scaled(clip: Clip, by: float) -> Clip:
    xyz = clip.xyz.copy()
    xyz[..., :2] = 0.5 + by * (xyz[..., :2] - 0.5)
    return replace(clip, xyz=xyz)


def test_a_good_recording_is_left_alone(good: Clip) -> None:
    assert kinds(good) == []
    silent = Counter(not kinds(clip) for clip in World(SyntheticConfig(signs=20)).clips())
    assert silent[True] > 0.9 * silent.total()


def test_hands_that_are_not_found(good: Clip) -> None:
    nan = np.nan
    lost = changed(good, (slice(10, 50), slice(33, 75)), nan)
    assert kinds(lost) == ["few_hands"]
    assert "found in only 33 % of the frames" in text(lost, "few_hands")
    # at rest, before and after, they need not be seen
    assert kinds(changed(good, (slice(40, 60), slice(33, 75)), nan)) == []
    never = kinds(changed(good, (slice(None), slice(33, 75)), nan))
    assert never == ["few_hands", "short", "mostly_rest"]


def test_a_hand_over_the_edge(good: Clip) -> None:
    low = changed(good, (slice(20, 40), RIGHT, 1), 1.05)
    assert kinds(low) == ["cut_off"]
    assert "at the picture's bottom in 48 % of the frames" in text(low, "cut_off")
    assert "picture's left" in text(changed(good, (slice(20, 40), LEFT, 0), -0.1), "cut_off")
    # while it comes and goes it may
    ends = [*range(8), *range(52, 60)]
    assert kinds(changed(good, (ends, RIGHT, 1), 1.05)) == []
    # fingertips may too
    assert kinds(changed(good, (slice(None), range(70, 75), 1), 1.05)) == []


def test_a_hand_that_has_left(good: Clip) -> None:
    xyz = good.xyz.copy()
    xyz[20:40, RIGHT] = np.nan
    xyz[[*range(10), *range(25, 50)], LEFT] = np.nan  # so that the right one is seen more
    away = replace(good, xyz=xyz)
    assert "cut_off" not in kinds(away)
    wrist = HOLISTIC75.joint("right_wrist")
    assert "cut_off" in kinds(changed(away, (slice(20, 40), wrist, 1), 1.3))
    # the other hand may rest outside of the picture
    other = changed(good, (slice(10, 60), LEFT), np.nan)
    assert kinds(changed(other, (slice(None), HOLISTIC75.joint("left_wrist"), 1), 1.3)) == []


def test_nobody_behind_the_hands(good: Clip) -> None:
    assert kinds(changed(good, (slice(20, None), BODY), np.nan)) == ["no_body"]
    assert "in only 33 %" in text(changed(good, (slice(20, None), BODY), np.nan), "no_body")


def test_near_and_far(good: Clip) -> None:
    left, right = (HOLISTIC75.joint(f"{side}_shoulder") for side in ("left", "right"))
    wide = float(np.linalg.norm(good.xyz[0, left, :2] - good.xyz[0, right, :2]))
    assert kinds(scaled(good, 30 / 256 / wide)) == ["far"]
    assert kinds(scaled(good, 40 / 256 / wide)) == []
    # the same in a sharper picture is good enough, till nobody is found any more
    sharp = replace(good, width=1024, height=1024)
    assert kinds(scaled(sharp, 30 / 256 / wide)) == []
    assert kinds(scaled(sharp, 0.06 / wide)) == ["far"]
    assert kinds(scaled(replace(good, width=None, height=None), 0.06 / wide)) == ["far"]
    assert "near" in kinds(scaled(good, 0.6 / wide))
    # in a picture twice as wide the same shoulders are half as many widths apart
    assert "near" not in kinds(scaled(good, 0.5 / wide))
    assert "near" in kinds(scaled(replace(good, width=512), 0.5 / wide))


def test_hands_alone_can_be_far_too(good: Clip) -> None:
    hands = replace(good, xyz=good.xyz[:, 33:].copy(), layout=HANDS42.name)
    hands.xyz[:, [0, 21]], hands.xyz[:, [9, 30]] = 0.5, 0.56
    assert kinds(hands) == []
    hands.xyz[:, [9, 30]] = 0.51
    assert kinds(hands) == ["far"]


def test_how_long_it_lasts(good: Clip) -> None:
    brief = changed(good, (slice(8, None), slice(33, 75)), np.nan)
    assert kinds(brief) == ["short"]
    assert "for 0.3 s only" in text(brief, "short")
    assert kinds(replace(brief, fps=None)) == []
    assert kinds(changed(replace(brief, fps=None), (slice(5, 8), slice(33, 75)), np.nan)) == [
        "short",
        "mostly_rest",
    ]
    assert kinds(replace(good, fps=8.0)) == ["long", "slow"]
    assert text(replace(good, fps=8.0), "slow") == (
        "The recording has only 8 frames a second: 25 show quick movements."
    )
    assert kinds(replace(good, fps=12.0)) == []


def test_every_remark_is_one_plain_sentence_and_problems_come_first(good: Clip) -> None:
    bad = scaled(changed(good, (slice(5, 55), slice(33, 75)), np.nan), 0.1)
    remarks = remarks_on(Look.at(replace(bad, fps=5.0)), take=2)
    levels = [remark.level for remark in remarks]
    assert levels == sorted(levels, reverse=True)
    assert set(levels) == {"problem", "hint"}
    for remark in remarks:
        assert remark.take == 2
        assert "\n" not in remark.text
        assert remark.text.endswith(".")
        json.dumps(vars(remark))


@pytest.mark.real
def test_on_a_dictionarys_videos_remarks_are_rare(real_data: Path) -> None:
    found: Counter[str] = Counter()
    clips = 0
    for clip in iter_clips(real_data / "wlasl100", ["val"]):
        clips += 1
        found.update(kinds(clip) or ["none"])
    share = {kind: round(count / clips, 3) for kind, count in found.items()}
    assert share == {"none": 0.973, "few_hands": 0.024, "cut_off": 0.003}
