from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raysign.config import KeywordPrepareConfig
from raysign.errors import DataError, LayoutError
from raysign.keywords.prepare import PrepareSentences
from raysign.skeleton import HANDS42, HOLISTIC75, OPENPOSE55, Layout

PLAIN: dict[str, Any] = {"hands": "body", "repair_gap_frames": 0}


def prepare_of(layout: Layout = OPENPOSE55, **config: Any) -> PrepareSentences:
    return PrepareSentences(KeywordPrepareConfig(**config), layout)


def signing(frames: int = 30, layout: Layout = OPENPOSE55, seed: int = 0) -> NDArray[np.float16]:
    """A person in the middle of the picture, whose right hand draws circles."""
    random = np.random.default_rng(seed)
    xyz = 0.5 + 0.02 * random.normal(size=(frames, layout.num_joints, 3))
    for joint, name in enumerate(layout.joints):
        side = -1 if "right" in name else 1 if "left" in name else 0
        xyz[:, joint, 0] += 0.1 * side
        if "shoulder" in name:
            xyz[:, joint, :2] = 0.5 + 0.15 * side, 0.4
        if name.startswith("right") and "shoulder" not in name:
            xyz[:, joint, 1] += 0.1 * np.sin(np.arange(frames) * 0.4)
        if name.startswith("left") and "shoulder" not in name:
            xyz[:, joint, 1] += 0.3
    return xyz.astype(np.float16)


@pytest.mark.parametrize(("joints", "number"), [("body", 13), ("dominant", 34), ("both", 55)])
@pytest.mark.parametrize("confidence", [False, True])
@pytest.mark.parametrize("layout", [OPENPOSE55, HOLISTIC75], ids=lambda layout: layout.name)
def test_what_comes_out(joints: str, number: int, confidence: bool, layout: Layout) -> None:
    prepare = prepare_of(layout, joints=joints, confidence=confidence, motion_lags=(1, 2))
    found = prepare.geometry(signing(20, layout))
    assert found.shape == (20, number, 3)
    assert found.dtype == np.float16
    assert np.isfinite(found).all()
    channels = prepare.channels(torch.from_numpy(found)[None].float())
    assert channels.shape == (1, 20, prepare.channel_map.num_channels)
    assert prepare.channel_map.num_channels == number * 3 * 3


def test_the_middle_of_the_shoulders_is_the_origin_and_their_distance_the_unit() -> None:
    found = prepare_of(**PLAIN).geometry(signing())
    shoulders = [OPENPOSE55.joint(f"{side}_shoulder") for side in ("left", "right")]
    np.testing.assert_allclose(found[:, shoulders, 0].mean(1), 0, atol=0.1)
    np.testing.assert_allclose(found[:, shoulders, 0] @ [1, -1], 1, atol=1e-2)


def test_where_and_how_large_a_person_is_changes_nothing() -> None:
    xyz = signing().astype(np.float32)
    prepare = prepare_of()
    moved = xyz * [0.5, 0.5, 0.5] + [0.1, 0.3, 0]
    got, other = prepare.geometry(xyz), prepare.geometry(moved)
    np.testing.assert_allclose(other, got, atol=2e-3)
    wide = xyz * [0.5, 1, 0.5]  # the same in a picture twice as wide as high
    np.testing.assert_allclose(prepare.geometry(wide, aspect=2.0), got, atol=2e-3)


def test_fingers_stand_about_their_wrist() -> None:
    about, placed = prepare_of(), prepare_of(hands="body")
    xyz = signing()
    wrist = OPENPOSE55.joint("right_hand_wrist")
    np.testing.assert_array_equal(about.geometry(xyz)[:, wrist], placed.geometry(xyz)[:, wrist])
    assert sum(about.relative) == 40
    assert not any(placed.relative)
    carried = xyz.astype(np.float32)
    carried[:, OPENPOSE55.parts["right_hand"], 0] += 0.2
    fingers = slice(wrist + 1, wrist + 21)
    np.testing.assert_allclose(
        about.geometry(carried)[:, fingers], about.geometry(xyz)[:, fingers], atol=5e-3
    )


@pytest.mark.parametrize("joints", ["body", "dominant", "both"])
def test_who_signs_with_the_left_is_mirrored(joints: str) -> None:
    xyz = signing().astype(np.float32)
    confidence = np.random.default_rng(0).random(xyz.shape[:2]).astype(np.float32)
    mirror = list(OPENPOSE55.mirror)
    mirrored = xyz[:, mirror] * [-1, 1, 1] + [1, 0, 0]
    found, taken = prepare_of(joints=joints), prepare_of(joints=joints, dominant="right")
    right = found.geometry(xyz, confidence)
    np.testing.assert_array_equal(right, taken.geometry(xyz, confidence))
    left = found.geometry(mirrored, confidence[:, mirror])
    np.testing.assert_allclose(left, right, atol=2e-3)
    assert np.abs(taken.geometry(mirrored, confidence[:, mirror]) - right).max() > 0.1


def test_whoever_knows_the_signer_decides_which_hand_it_is() -> None:
    prepare, xyz = prepare_of(), signing()
    alone = prepare.geometry(xyz)
    np.testing.assert_array_equal(alone, prepare.geometry(xyz, left=False))
    mirrored = xyz[:, list(OPENPOSE55.mirror)] * [-1, 1, 1] + [1, 0, 0]
    np.testing.assert_allclose(prepare.geometry(mirrored, left=False)[:, 0, 0], -alone[:, 0, 0],
                               atol=2e-3)  # fmt: skip
    assert prepare.for_the_right(xyz) > 0 > prepare.for_the_right(mirrored)
    taken = prepare_of(dominant="right")
    np.testing.assert_array_equal(taken.geometry(xyz, left=True), alone)


def test_confidence_stands_beside_its_joint() -> None:
    xyz = signing(6)
    xyz[2, 5] = np.nan
    prepare = prepare_of(**PLAIN)
    assert prepare.geometry(xyz)[..., 2].sum() == 6 * 55 - 1
    given = np.linspace(0.1, 0.9, 6 * 55).reshape(6, 55).astype(np.float16)
    found = prepare.geometry(xyz, given)
    expected = given.copy()
    expected[2, 5] = 0
    np.testing.assert_allclose(found[..., 2], expected, atol=1e-3)
    assert np.isnan(found[2, 5, :2]).all()
    channels = prepare.channels(torch.from_numpy(found)[None].float())
    assert channels.unflatten(2, (55, 3))[0, 2, 5].tolist() == [0, 0, 0]


def test_without_confidence_a_missing_joint_is_told_from_one_at_the_origin() -> None:
    xyz = signing(20)
    hand, nose = OPENPOSE55.parts["right_hand"], OPENPOSE55.joint("nose")
    xyz[2, nose] = xyz[5:8, hand] = np.nan
    prepare = prepare_of(confidence=False)
    given = np.full((20, 55), 0.25, np.float16)
    found = prepare.geometry(xyz, given)
    np.testing.assert_array_equal(found[..., 2], ~np.isnan(found[..., 0]))
    assert (found[5:8, hand, 2] == 1).all()  # the gap is filled
    channels = prepare.channels(torch.from_numpy(found)[None].float()).unflatten(2, (55, 3))[0]
    assert channels[2, nose].tolist() == [0, 0, 0]
    assert channels[3, nose, 2] == 1


def test_of_two_joints_the_lower_confidence_counts() -> None:
    xyz = signing(4, HOLISTIC75)
    confidence = np.ones((4, 75), np.float16)
    confidence[:, HOLISTIC75.joint("left_shoulder")] = 0.25
    found = prepare_of(HOLISTIC75).geometry(xyz, confidence)
    assert (found[:, OPENPOSE55.joint("neck"), 2] == 0.25).all()


def test_a_short_gap_in_a_hand_is_filled_and_stays_unsure() -> None:
    xyz = signing(20)
    hand = OPENPOSE55.parts["right_hand"]
    xyz[5:8, hand] = np.nan
    found = prepare_of().geometry(xyz)
    assert np.isfinite(found[5:8, hand]).all()
    assert (found[5:8, hand, 2] == 0).all()
    assert np.isnan(prepare_of(repair_gap_frames=2).geometry(xyz)[5:8, hand, 0]).all()


@pytest.mark.parametrize(
    ("fps", "frames", "rate"),
    [(50.0, 15, 2.0), (25.0, 30, 1.0), (12.5, 59, 0.5), (25.2, 30, 1.0), (None, 30, 1.0),
     (float("nan"), 30, 1.0)],
)  # fmt: skip
def test_frames_a_second(fps: float | None, frames: int, rate: float) -> None:
    prepare, xyz = prepare_of(**PLAIN), signing(30)
    found = prepare.geometry(xyz, fps=fps)
    assert (len(found), prepare.rate(fps)) == (frames, rate)
    same = found[::2] if rate == 0.5 else found
    as_it_is = prepare.geometry(xyz)[:: 2 if rate == 2 else 1]
    np.testing.assert_allclose(same, as_it_is, atol=0.1)  # the medians are of other frames


@pytest.mark.parametrize("confidence", [True, False])
def test_between_frames_what_is_missing_has_no_confidence(confidence: bool) -> None:
    xyz = signing(30)
    xyz[10:14, 20] = np.nan
    found = prepare_of(**PLAIN | {"confidence": confidence}).geometry(xyz, fps=12.5)
    gone = np.isnan(found[..., 0])
    assert gone[20:27, 20].all()
    assert (found[..., 2][gone] == 0).all()
    assert (found[..., 2][~gone] > 0).all()


@pytest.mark.parametrize("frames", [1, 2, 3, 500, 5000])
def test_any_length(frames: int) -> None:
    assert prepare_of().geometry(signing(frames)).shape == (frames, 55, 3)


def test_lengths_that_are_refused() -> None:
    with pytest.raises(DataError, match="has no frames"):
        prepare_of().geometry(signing(0))
    with pytest.raises(
        DataError, match=r"5001 frames at 25 a second, more than prepare\.longest_f"
    ):
        prepare_of().geometry(signing(5001))
    assert len(prepare_of().geometry(signing(5001), fps=50.0)) == 2501


def test_nobody_is_seen() -> None:
    found = prepare_of().geometry(np.full((7, 55, 3), np.nan, np.float16))
    assert np.isnan(found[..., :2]).all()
    assert (found[..., 2] == 0).all()
    assert (prepare_of().channels(torch.from_numpy(found)[None].float()) == 0).all()


def test_bursts_of_what_is_no_number_stay_where_they_are() -> None:
    xyz, random = signing(60), np.random.default_rng(0)
    burst = random.random((60, 55)) < 0.3
    burst[20:30] = True
    broken = xyz.copy()
    broken[burst] = np.nan
    broken[3, 1, 1], broken[4, 2, 0], broken[5, 3, 2] = np.inf, -np.inf, np.nan
    found = prepare_of(**PLAIN).geometry(broken)
    gone = np.isnan(found[..., 0])
    burst[3, 1] = burst[4, 2] = True
    np.testing.assert_array_equal(gone, burst)
    assert (found[..., 2] == ~burst).all()
    clean = prepare_of(**PLAIN).geometry(xyz)
    np.testing.assert_allclose(found[~burst], clean[~burst], atol=0.2)


def test_what_lies_absurdly_far_out_is_brought_near() -> None:
    xyz = signing(10).astype(np.float32)
    xyz[4, 20] = 1e6
    assert np.abs(prepare_of(**PLAIN).geometry(xyz)).max() <= 20


def test_the_fingerprint_tells_prepares_apart() -> None:
    prints = {
        prepare_of(layout, **config).fingerprint
        for layout in (OPENPOSE55, HOLISTIC75)
        for config in ({}, {"joints": "body"}, {"confidence": False}, {"fps": 30.0})
    }
    assert len(prints) == 8
    assert prepare_of().fingerprint == prepare_of().fingerprint


def test_hands_alone_are_refused() -> None:
    with pytest.raises(LayoutError, match="needs a body and both hands, got layout 'hands42'"):
        prepare_of(HANDS42)
