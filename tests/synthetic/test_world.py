from __future__ import annotations

import hashlib
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from raysign.clip import Clip, Clips
from raysign.config.data import SyntheticConfig
from raysign.errors import DataError
from raysign.skeleton import HOLISTIC75
from raysign.synthetic import World, iter_clips

SMALL = SyntheticConfig(signs=20, train_signers=3, val_signers=2)
CLIPS = list(iter_clips(SMALL))
HANDS = (HOLISTIC75.parts["left_hand"], HOLISTIC75.parts["right_hand"])

HASH_IN_A_FRESH_PROCESS = """
import hashlib
from itertools import islice
from raysign.config.data import SyntheticConfig
from raysign.synthetic import iter_clips
digest = hashlib.sha256()
for clip in islice(iter_clips(SyntheticConfig(signs=20, train_signers=3, val_signers=2)), 25):
    digest.update(clip.clip_id.encode() + clip.xyz.tobytes() + clip.confidence.tobytes())
print(digest.hexdigest())
"""


def same(first: Clip, second: Clip) -> bool:
    return first.clip_id == second.clip_id and first.xyz.tobytes() == second.xyz.tobytes()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    digest = hashlib.sha256()
    for clip in islice(iter_clips(SMALL), 25):
        assert clip.confidence is not None
        digest.update(clip.clip_id.encode() + clip.xyz.tobytes() + clip.confidence.tobytes())
    fresh = subprocess.run(
        [sys.executable, "-c", HASH_IN_A_FRESH_PROCESS], capture_output=True, text=True, check=True
    )
    assert fresh.stdout.strip() == digest.hexdigest()


def test_a_clip_depends_on_seed_language_sign_and_signer_alone() -> None:
    larger = SMALL.model_copy(update={"signs": 500, "train_signers": 4, "val_signers": 9})
    world, other = World(larger), World(SMALL)
    np.random.seed(0)  # the global state must not matter
    for clip in reversed(CLIPS[::17]):
        _, sign, signer = clip.clip_id.split("-")
        assert same(clip, world.clip(world.sign(int(sign)), world.signer(int(signer[1:]))))
    once, twice = (other.clip(other.sign(0), other.signer(0)) for _ in range(2))
    assert same(once, twice)
    for change in ({"seed": 1}, {"language": 2}):
        changed = World(SMALL.model_copy(update=change))
        clip = changed.clip(changed.sign(0), changed.signer(0))
        assert clip.xyz.tobytes() != once.xyz.tobytes()
    assert len({clip.xyz.tobytes() for clip in CLIPS}) == len(CLIPS)


def test_train_signers_come_first_and_never_sign_in_val() -> None:
    assert len(CLIPS) == len(World(SMALL)) == 100
    assert [clip.split for clip in CLIPS] == ["train"] * 60 + ["val"] * 40
    signers = {split: {c.signer for c in CLIPS if c.split == split} for split in ("train", "val")}
    assert signers == {"train": {"s00", "s01", "s02"}, "val": {"s03", "s04"}}
    for signer in ("s00", "s04"):
        assert len({clip.sign for clip in CLIPS if clip.signer == signer}) == 20


def test_labels() -> None:
    clip = CLIPS[0]
    assert len({clip.clip_id for clip in CLIPS}) == len(CLIPS)
    assert clip.clip_id == "syn1-000000-s00"
    assert (clip.dataset, clip.language, clip.layout) == ("synthetic", "qaa", "holistic75")
    assert (clip.fps, clip.width, clip.height) == (25.0, 256, 256)
    assert clip.sign == World(SMALL).sign(0).gloss
    assert next(iter_clips(SMALL.model_copy(update={"language": 2}))).language == "qab"
    assert Clips.pack(CLIPS).empty().sum() == 0


@pytest.mark.parametrize("clip", CLIPS[::7], ids=lambda clip: clip.clip_id)
def test_landmarks_are_as_a_detector_gives_them(clip: Clip) -> None:
    xyz = clip.xyz
    assert xyz.dtype == np.float16
    assert 30 <= len(xyz) <= 80
    assert not np.isinf(xyz).any()
    missing = np.isnan(xyz)
    assert (missing.all(axis=2) == missing.any(axis=2)).all()
    upper_body = xyz[:, :25]
    assert not np.isnan(upper_body).any()
    assert (np.abs(upper_body[..., :2] - 0.5) < 1.2).all()
    assert np.abs(upper_body[:, 23:25, 2].mean(axis=1)).max() < 0.05
    for hand in HANDS:
        found = ~missing[:, hand, 0]
        assert (found.all(axis=1) == found.any(axis=1)).all()
        assert np.nanmax(np.abs(xyz[:, hand.start, 2]), initial=0) == 0
    assert clip.confidence is not None
    assert ((clip.confidence >= 0) & (clip.confidence <= 1)).all()
    hands = clip.confidence[:, 33:]
    assert np.array_equal(hands == 1, ~missing[:, 33:, 0])
    assert np.array_equal(hands == 0, missing[:, 33:, 0])


def test_a_hand_that_is_seen_sits_on_its_wrist() -> None:
    gaps = [
        clip.xyz[:, hand.start, :2] - clip.xyz[:, HOLISTIC75.joint(f"{side}_wrist"), :2]
        for clip in CLIPS[::5]
        for side, hand in zip(("left", "right"), HANDS, strict=True)
    ]
    assert np.nanmax(np.abs(np.concatenate(gaps))) < 0.05


def test_hands_go_missing_in_some_frames_and_signers_differ_in_what_is_guessed() -> None:
    missing = np.concatenate([np.isnan(clip.xyz[:, 54, 0]) for clip in CLIPS])
    assert 0.1 < missing.mean() < 0.6
    legs = {c.signer: bool(np.isnan(c.xyz[:, 25:33]).all()) for c in CLIPS}
    guessed = {s.name: s.guesses_legs for s in World(SMALL).signers}
    assert legs == {name: not guess for name, guess in guessed.items()}
    assert len({len(clip.xyz) for clip in CLIPS}) > 15


def test_one_signer_in_ten_is_left_handed_and_yaws_spread() -> None:
    world = World(SyntheticConfig(seed=3))
    signers = [world.signer(index) for index in range(50)]
    assert sum(signer.left_handed for signer in signers) == 5
    yaws = np.rad2deg([signer.yaw_rad for signer in signers[:6]])
    assert np.abs(yaws).max() <= 35
    assert np.ptp(yaws) > 35
    with pytest.raises(DataError, match="from 0"):
        world.signer(-1)
