from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from raysign.config.data import SyntheticConfig
from raysign.skeleton import HAND_BONES, HOLISTIC75
from raysign.synthetic import World
from raysign.synthetic.anatomy import MAX_WRIST_BEND_RAD, hand
from raysign.synthetic.performance import Performance, perform
from raysign.synthetic.phonetics import FLAT, FLEXION, HIGH, LOW

ARM = [("shoulder", "elbow"), ("elbow", "wrist")]
WORLD = World(SyntheticConfig())
PAIRS = [(sign, signer) for signer in range(10) for sign in range(signer, 60, 12)]


def performance(sign: int, signer: int, *, left_handed: bool | None = None) -> Performance:
    who = WORLD.signer(signer)
    if left_handed is not None:
        who = replace(who, left_handed=left_handed)
    return perform(WORLD.sign(sign), who, np.random.default_rng(sign))


def lengths(joints: NDArray[np.float64], bones: object) -> NDArray[np.float64]:
    ends = joints[:, np.asarray(bones)]
    return np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=-1)


def angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.arccos(np.clip(cosine, -1, 1))


@pytest.mark.parametrize(("sign", "signer"), PAIRS)
def test_a_body_keeps_its_measures(sign: int, signer: int) -> None:
    joints, who = performance(sign, signer).joints, WORLD.signer(signer)
    sides = ("left", "right")
    arms = [[HOLISTIC75.joint(f"{s}_{name}") for name in bone] for s in sides for bone in ARM]
    assert np.allclose(lengths(joints, arms), [who.upper_arm, who.forearm] * 2)
    rigid = [(11, 12), (11, 23), (12, 24), (23, 24), (0, 11)]
    assert np.ptp(lengths(joints, rigid), axis=0).max() < 1e-9
    for side in sides:
        fingers = joints[:, HOLISTIC75.parts[f"{side}_hand"]]
        assert np.ptp(lengths(fingers, HAND_BONES), axis=0).max() < 1e-9
        assert np.allclose(lengths(fingers, [(0, 9)])[:, 0], who.palm, rtol=0.01)


@pytest.mark.parametrize(("sign", "signer"), PAIRS)
def test_hands_hang_on_their_wrists_and_bend_as_hands_do(sign: int, signer: int) -> None:
    joints = performance(sign, signer).joints
    for side in ("left", "right"):
        fingers = joints[:, HOLISTIC75.parts[f"{side}_hand"]]
        on_body = [HOLISTIC75.joint(f"{side}_{n}") for n in ("wrist", "pinky", "index", "thumb")]
        assert np.array_equal(joints[:, on_body], fingers[:, [0, 17, 5, 2]])
        elbow = joints[:, HOLISTIC75.joint(f"{side}_elbow")]
        bend = angle(fingers[:, 0] - elbow, fingers[:, 9] - fingers[:, 0])
        assert bend.max() < MAX_WRIST_BEND_RAD + 0.06  # the middle knuckle is a bit off the axis
        for base in (5, 9, 13, 17):
            first, middle, last = np.moveaxis(np.diff(fingers[:, base : base + 4], axis=1), 1, 0)
            assert angle(first, middle).max() <= HIGH[FLEXION.index("index_pip")] + 1e-6
            assert angle(middle, last).max() <= 0.7 * HIGH[FLEXION.index("index_pip")]


def test_neither_side_of_the_hand_is_mixed_up() -> None:
    flat = hand(np.array([FLAT]))[0]
    radial, distal, palmar = flat.T
    assert (np.diff(radial[[5, 9, 13, 17]]) < 0).all()
    assert radial[4] > radial[8]
    assert (distal[[8, 12, 16, 20]] > distal[[5, 9, 13, 17]]).all()
    fist = hand(np.array([(1.5,) * 4 + (1.6,) * 4 + FLAT[8:]]))[0]
    assert (fist[[6, 10, 14, 18], 2] > palmar[[6, 10, 14, 18]] + 0.2).all()
    assert (fist[[8, 12, 16, 20], 1] < fist[[5, 9, 13, 17], 1]).all()


def test_right_palms_face_the_camera_with_the_thumb_towards_the_middle() -> None:
    """Fingers up and palm out, a right hand's thumb is on its picture-right side."""
    up_out = next(
        s
        for s in map(WORLD.sign, range(10_000))
        if s.orientation.name == "up-out" and s.hands == "one" and s.movement.path == "arc"
    )
    who = replace(WORLD.signer(4), left_handed=False, turn_rad=(0.0, 0.0, 0.0))
    done = perform(up_out, who, np.random.default_rng(0))
    fingers = done.joints[done.raised[1].argmax(), HOLISTIC75.parts["right_hand"]]
    index, pinky = fingers[5], fingers[17]
    assert index[0] > pinky[0]
    assert fingers[9, 1] < fingers[0, 1]


def test_flexion_ranges_hold_every_handshape() -> None:
    for language in (1, 2):
        for shape in World(SyntheticConfig(language=language)).inventory.handshapes:
            assert (np.array(shape.flexion) >= LOW).all()
            assert (np.array(shape.flexion) <= HIGH).all()


@pytest.mark.parametrize("sign", range(6))
def test_left_handers_are_mirror_images(sign: int) -> None:
    right, left = (performance(sign, 0, left_handed=hand) for hand in (False, True))
    mirrored = right.joints[:, HOLISTIC75.mirror] * [-1, 1, 1]
    assert np.array_equal(left.joints, mirrored)
    assert np.array_equal(left.raised, right.raised[::-1])


def test_the_other_hand_rests_in_one_handed_signs_only() -> None:
    kinds = {}
    for index in range(60):
        left, right = performance(index, 0).raised
        assert right.max() > 0.9
        kinds.setdefault(WORLD.sign(index).hands, set()).add(bool(left.max() > 0.9))
    assert kinds == {"one": {False}, "both": {True}, "alternating": {True}, "base": {True}}
