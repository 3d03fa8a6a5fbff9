from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysign.clip import LABELS, Clip, Clips
from raysign.errors import DataError, LayoutError

if TYPE_CHECKING:
    from collections.abc import Sequence


def clip(clip_id: str, frames: int, seed: int | None = None, **known: Any) -> Clip:
    rng = np.random.default_rng(frames if seed is None else seed)
    return Clip(clip_id, rng.random((frames, 42, 3)).astype(np.float16), "hands42", **known)


def packed(lengths: Sequence[int]) -> Clips:
    return Clips.pack(
        clip(f"c{i}", n, seed=i, sign=f"sign {i % 3}", split="train") for i, n in enumerate(lengths)
    )


def test_a_clip_of_another_shape_is_refused() -> None:
    with pytest.raises(
        LayoutError, match=r"'x': layout 'hands42' .*\(frames, 42, 3\), got \(4, 75, 3"
    ):
        Clip("x", np.zeros((4, 75, 3)), "hands42")
    with pytest.raises(
        LayoutError, match="unknown layout 'hands43'; known layouts: holistic75, ha"
    ):
        Clip("x", np.zeros((4, 42, 3)), "hands43")
    with pytest.raises(DataError, match=r"confidence must have shape \(4, 42\), got \(4, 42, 1\)"):
        Clip("x", np.zeros((4, 42, 3)), "hands42", confidence=np.zeros((4, 42, 1)))


def test_pack_puts_clips_end_to_end() -> None:
    known = {"width": 320, "height": 240, "fps": 29.97}
    rows = [clip("a", 3, sign="x", **known), clip("b", 0), clip("c", 2, signer="9")]
    clips = Clips.pack(iter(rows))
    assert len(clips) == 3
    assert clips.offsets.tolist() == [0, 3, 3, 5]
    assert clips.num_frames.tolist() == [3, 0, 2]
    assert clips.xyz.dtype == np.float16
    assert (clips.sign.tolist(), clips.signer.tolist()) == (["x", "", ""], ["", "", "9"])
    assert all(getattr(clips, name).dtype.kind == "U" for name in LABELS)
    np.testing.assert_allclose(clips.aspect, [4 / 3, 1, 1])
    np.testing.assert_allclose([row.aspect for row in rows], clips.aspect)
    np.testing.assert_array_equal(clips.fps, np.float32([29.97, np.nan, np.nan]))
    assert (clips.width.tolist(), clips.height.tolist()) == ([320, 0, 0], [240, 0, 0])
    for row, landmarks in zip(rows, clips, strict=True):
        np.testing.assert_array_equal(row.xyz, landmarks)
    assert clips.landmarks(2).base is clips.xyz  # a view, not a copy


def test_nothing_and_mixed_layouts_are_refused() -> None:
    body = Clip("b", np.zeros((1, 75, 3)), "holistic75")
    with pytest.raises(DataError, match="no clips to pack"):
        Clips.pack([])
    with pytest.raises(DataError, match="no clips to join"):
        Clips.join([])
    with pytest.raises(LayoutError, match=r"several layouts \(hands42, holistic75\)"):
        Clips.pack([clip("a", 1), body])
    with pytest.raises(LayoutError, match=r"several layouts \(hands42, holistic75\)"):
        Clips.join([Clips.pack([clip("a", 1)]), Clips.pack([body])])


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_select_is_taking_them_one_by_one(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    index = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=10))
    clips = packed(lengths)
    if data.draw(st.booleans()):
        clips.content()
    got = clips.select(np.asarray(index, dtype=np.int64))
    assert len(got) == len(index)
    for new, old in enumerate(index):
        np.testing.assert_array_equal(got.landmarks(new), clips.landmarks(old))
        assert all(getattr(got, name)[new] == getattr(clips, name)[old] for name in LABELS)
        assert got.aspect[new] == clips.aspect[old]
    np.testing.assert_array_equal(got.content(), replace(got, _content=[]).content())


def test_select_by_mask_keeps_the_order() -> None:
    clips = packed([1, 2, 3, 4])
    got = clips.select(np.asarray([False, True, False, True]))
    assert got.clip_id.tolist() == ["c1", "c3"]
    assert got.xyz.flags.owndata  # not a view that keeps the whole store in memory
    assert len(clips.select(np.zeros(4, dtype=np.bool_))) == 0


def test_join_undoes_a_cut() -> None:
    clips = packed([3, 0, 2, 5, 1])
    parts = [clips.select(np.arange(2)), clips.select(np.arange(2, 5))]
    joined = Clips.join(parts)
    np.testing.assert_array_equal(joined.xyz, clips.xyz)
    np.testing.assert_array_equal(joined.offsets, clips.offsets)
    np.testing.assert_array_equal(joined.content(), clips.content())
    assert joined.clip_id.tolist() == clips.clip_id.tolist()


def test_content_is_equal_only_for_identical_landmarks() -> None:
    same, other = clip("a", 4, seed=1), clip("b", 4, seed=1, sign="other", signer="2")
    nudged = clip("c", 4, seed=1)
    nudged.xyz[-1, -1, -1] = np.nextafter(nudged.xyz[-1, -1, -1], np.float16(9))
    content = Clips.pack([same, other, nudged, clip("d", 3, seed=1)]).content()
    assert content.dtype == np.uint64
    assert content[0] == content[1]
    assert len(set(content.tolist())) == 3


def test_empty_is_a_clip_without_any_joint() -> None:
    nothing = np.full((3, 42, 3), np.nan, dtype=np.float16)
    almost = nothing.copy()
    almost[2, 41, 2] = 0
    clips = Clips.pack(
        [
            Clip("nothing", nothing, "hands42"),
            Clip("almost", almost, "hands42"),
            clip("no frames", 0),
            clip("full", 2),
            Clip("last", nothing, "hands42"),
        ]
    )
    assert clips.empty().tolist() == [True, False, True, False, True]


def test_the_fingerprint_sees_everything_but_the_order() -> None:
    clips = packed([3, 2, 5, 1])
    shuffled = clips.select(np.asarray([2, 0, 3, 1]))
    assert len(clips.fingerprint()) == 16
    assert clips.fingerprint() == shuffled.fingerprint() == packed([3, 2, 5, 1]).fingerprint()
    different = {clips.fingerprint(), packed([3, 2, 5, 2]).fingerprint()}
    for name in LABELS:
        changed = getattr(clips, name).copy()
        changed[1] = "?"
        different.add(replace(clips, **{name: changed}).fingerprint())
    assert len(different) == 2 + len(LABELS)


def test_clips_travel_without_a_copy() -> None:
    """As Ray's object store moves them: the arrays out of band, read-only on the other side."""
    clips = packed([3, 2])
    buffers: list[pickle.PickleBuffer] = []
    small = pickle.dumps(clips, protocol=5, buffer_callback=buffers.append)
    assert len(small) < 3000
    frozen = [memoryview(buffer.raw()).toreadonly() for buffer in buffers]
    got = pickle.loads(small, buffers=frozen)
    assert not got.xyz.flags.writeable
    assert got.fingerprint() == clips.fingerprint()
    assert got.select(np.asarray([1])).clip_id.tolist() == ["c1"]
