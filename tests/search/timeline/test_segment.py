"""Pieces of continuous signing beside the true signs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import DataConfig
from raysign.keywords.compose import compose, take_apart
from raysign.search.timeline.figures import SegmentFigures, equal_pieces, segment_figures
from raysign.search.timeline.motion import HandMotion
from raysign.search.timeline.pieces import cut_all, lines, scene_of
from raysign.search.timeline.segment import Way, segment
from raysign.search.timeline.spans import as_array
from raysign.sentences import Sentences, SignedSentence
from raysign.skeleton import HANDS42, HOLISTIC75
from raysign.store import iter_clips

WAYS: tuple[Way, ...] = ("flow", "rests")


def figures(
    sentences: list[SignedSentence], way: Way = "flow"
) -> tuple[SegmentFigures, SegmentFigures]:
    """Of the pieces, and of equal ones that know the mean length."""
    true = [np.asarray(sentence.spans) for sentence in sentences]
    frames = [len(sentence.clip.xyz) for sentence in sentences]
    length = sum(frames) / sum(map(len, true))
    ours = [as_array(segment(sentence.clip, way).spans) for sentence in sentences]
    equal = [equal_pieces(count, length) for count in frames]
    return segment_figures(ours, true, 25.0), segment_figures(equal, true, 25.0)


def test_signs_of_a_sentence(flowing: list[SignedSentence]) -> None:
    ours, equal = figures(flowing)
    assert ours.boundary_f1 > max(0.85, equal.boundary_f1 + 0.1)
    assert ours.covered > max(0.7, 2 * equal.covered)


@pytest.mark.real
def test_signs_one_by_one(real_data: Path) -> None:
    """Choices were made on train; val's signers are others."""
    config = DataConfig(store="wlasl100", splits="signer_disjoint", duplicates="drop")
    parts = take_apart(iter_clips(real_data / "wlasl100"), config)
    ours, equal = figures(list(compose(parts.val, 40, "val", 0)), "rests")
    assert ours.boundary_f1 > equal.boundary_f1 + 0.4
    assert ours.covered > equal.covered + 0.05


def test_pieces_stand_in_order_and_apart(flowing: list[SignedSentence]) -> None:
    for sentence in flowing:
        for way in WAYS:
            spans = as_array(segment(sentence.clip, way).spans)
            assert (spans[:, 0] < spans[:, 1]).all()
            assert (spans[1:, 0] >= spans[:-1, 1]).all()
            assert spans.min(initial=0) >= 0
            assert spans.max(initial=0) <= len(sentence.clip.xyz)


def test_where_no_hand_is_seen_there_is_no_piece(flowing: list[SignedSentence]) -> None:
    clip = flowing[0].clip
    xyz = clip.xyz.copy()
    xyz[20:60, 33:] = np.nan
    for way in WAYS:
        for span in segment(replace(clip, xyz=xyz), way).spans:
            inside = ~np.isnan(xyz[span.first : span.end, 33:, 0]).all(axis=1)
            assert inside[0]
            assert inside[-1]
            assert span.score == inside.mean()
    xyz[:, 33:] = np.nan
    assert segment(replace(clip, xyz=xyz)).spans == ()


@pytest.mark.parametrize("layout", [HOLISTIC75, HANDS42])
@pytest.mark.parametrize("frames", [1, 2, 3, 9, 400])
@pytest.mark.parametrize("what", ["noise", "still", "nothing", "bursts"])
def test_any_recording_can_be_cut(layout: object, frames: int, what: str) -> None:
    joints = layout.num_joints  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    xyz = rng.random((frames, joints, 3)) if what != "still" else np.full((frames, joints, 3), 0.5)
    if what == "nothing":
        xyz[:] = np.nan
    if what == "bursts":
        xyz[rng.random((frames, joints)) < 0.5] = np.nan
    clip = Clip("c", xyz.astype(np.float16), layout.name)  # type: ignore[attr-defined]
    for way in WAYS:
        found = segment(clip, way)
        assert np.isfinite(found.motion.change).all()
        assert np.isfinite(found.motion.depth).all()
        assert len(found.motion.change) == frames
        assert all(0 <= span.first < span.end <= frames for span in found.spans)
    if what == "nothing":
        assert found.spans == ()


def test_speeds_are_the_same_at_any_frame_rate_and_picture() -> None:
    """A hand that goes a shoulder width in half a second."""
    paces = []
    for fps, wide in ((25.0, 1.0), (50.0, 2.0)):
        frames = int(2 * fps)
        xyz = np.full((frames, 75, 3), np.nan)
        for name, x in (("left_shoulder", 0.6), ("right_shoulder", 0.4)):
            xyz[:, HOLISTIC75.joint(name)] = (x / wide, 0.4, 0)
        way = np.abs(np.arange(frames) / fps % 1 - 0.5) * 2
        for side in ("left", "right"):
            xyz[:, HOLISTIC75.joint(f"{side}_wrist")] = (0.5 / wide, 0.6, 0)
        xyz[:, HOLISTIC75.joint("right_wrist"), 1] = 0.5 + 0.2 * way
        clip = Clip("c", xyz, "holistic75", fps=fps, width=int(100 * wide), height=100)
        paces.append(HandMotion.of(clip).pace)
    assert paces[0] == pytest.approx(paces[1], rel=0.05)
    assert 1 < paces[0] < 2  # of 2, smoothed at the turns


def test_who_is_slow_may_rest(flowing: list[SignedSentence]) -> None:
    clip = flowing[0].clip
    assert not segment(clip).may_rest
    assert segment(replace(clip, fps=8.0)).may_rest  # the same, three times as slow
    assert not segment(replace(clip, fps=8.0), "rests").may_rest


def test_the_page_says_that_it_may_rest(flowing: list[SignedSentence]) -> None:
    slow = replace(flowing[0], clip=replace(flowing[0].clip, fps=8.0))
    (cut,) = cut_all(Sentences.pack([slow]))
    assert scene_of(cut).note.endswith("; type --way rests")
    assert any(line.endswith("; type --way rests") for line in lines(cut))
    one = replace(cut, candidates=cut.candidates[:1])
    assert scene_of(one).note.startswith("1 piece; ")
    assert ": 1 piece in " in lines(one)[0]
