"""Sentences prepared together: one hand for each signer, and names for what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import KeywordPrepareConfig
from raysign.engine.keywords import PreparedSentences
from raysign.engine.keywords.sentences import left_handed
from raysign.errors import DataError
from raysign.keywords.prepare import PrepareSentences
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import OPENPOSE55

PREPARE = PrepareSentences(KeywordPrepareConfig(), OPENPOSE55)


def sentence(name: str, signer: str, left: float, seed: int = 0) -> SignedSentence:
    """Both hands are up; the left one moves so many times as far as the right one."""
    xyz = 0.5 + 0.002 * np.random.default_rng(seed).standard_normal((40, 55, 3))
    for joint, part in enumerate(OPENPOSE55.joints):
        side = -1 if "right" in part else 1 if "left" in part else 0
        xyz[:, joint, 0] += 0.1 * side
        if "shoulder" in part:
            xyz[:, joint, 1] = 0.4
        elif "wrist" in part or "_hand_" in part:
            far = 0.02 * (left if side == 1 else 1)
            xyz[:, joint, 1] += far * np.sin(np.arange(40) * 0.8)
    return SignedSentence(Clip(name, xyz, "openpose55", signer=signer, fps=25.0))


def alone(one: SignedSentence) -> np.ndarray:
    return PREPARE.geometry(one.clip.xyz)


def test_a_signer_has_one_dominant_hand() -> None:
    """Two of the three sentences of a left-hander say right, if barely."""
    lefty = [sentence(f"l{n}", "lefty", far, n) for n, far in enumerate((6.0, 1.1, 1.1))]
    righty = [sentence(f"r{n}", "righty", far, n) for n, far in enumerate((0.2, 0.2, 6.0))]
    unknown = [sentence("u0", "", 6.0), sentence("u1", "", 1.1), sentence("u2", "", 1.1)]
    said = [PREPARE.for_the_right(one.clip.xyz) + 0.2 > 0 for one in lefty]
    assert said == [False, True, True]
    sentences = Sentences.pack([*lefty, *righty, *unknown])
    assert left_handed(sentences, PREPARE) == {"lefty": True, "righty": False}
    prepared = PreparedSentences.of(sentences, PREPARE)
    for row, one in enumerate(sentences):
        left = {"lefty": True, "righty": False}.get(one.clip.signer)
        (own,) = prepared.views(np.array([row]))
        np.testing.assert_array_equal(own, PREPARE.geometry(one.clip.xyz, fps=25.0, left=left))
    # Nobody says whose these are: each decides for itself, as a query alone does.
    for row in (6, 7, 8):
        (own,) = prepared.views(np.array([row]))
        np.testing.assert_array_equal(own, alone(sentences.sentence(row)))
    assert not np.array_equal(prepared.views(np.array([1]))[0], alone(sentences.sentence(1)))


def test_nobody_asks_where_all_are_taken_for_right_handed() -> None:
    taken = PrepareSentences(KeywordPrepareConfig(dominant="right"), OPENPOSE55)
    assert left_handed(Sentences.pack([sentence("a", "lefty", 6.0)]), taken) == {}


@pytest.mark.parametrize("signer", ["", "somebody"])
@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (0, "sentence 'bad': it has no frames; leave it out of the store"),
        (17, r"sentence 'bad': it has 17 frames at 25 a second, more than prepare.longest_frames"),
    ],
)
def test_a_sentence_that_cannot_be_prepared_is_named(
    signer: str, frames: int, message: str
) -> None:
    one = sentence("bad", signer, 1.0)
    bad = replace(one, clip=replace(one.clip, xyz=np.resize(one.clip.xyz, (frames, 55, 3))))
    good = replace(one, clip=replace(one.clip, clip_id="good", xyz=one.clip.xyz[:16]))
    prepare = PrepareSentences(KeywordPrepareConfig(longest_frames=16), OPENPOSE55)
    with pytest.raises(DataError, match=message):
        PreparedSentences.of(Sentences.pack([good, bad]), prepare)
