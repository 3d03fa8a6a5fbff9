from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.errors import DataError, LayoutError
from raysign.sentences import Sentences, SignedSentence


def clip(clip_id: str, frames: int, layout: str = "hands42", **known: Any) -> Clip:
    rng = np.random.default_rng(list(clip_id.encode()))
    joints = {"hands42": 42, "openpose55": 55}[layout]
    xyz = rng.random((frames, joints, 3)).astype(np.float16)
    xyz[rng.random(xyz.shape[:2]) < 0.2] = np.nan
    return Clip(clip_id, xyz, layout, **known)


def rows() -> list[SignedSentence]:
    sure = np.linspace(0, 1, 4 * 42).reshape(4, 42)
    return [
        SignedSentence(
            clip("a", 4, signer="1", split="train", fps=25.0, confidence=sure),
            ("REGEN", "NORD"),
            ("im", "norden", "regen"),
            ((0, 2), (3, 4)),
        ),
        SignedSentence(clip("b", 1, width=210, height=260)),
        SignedSentence(clip("c", 5000), ("SONNE",), ()),
    ]


def test_packed_sentences_are_what_they_were() -> None:
    packed = Sentences.pack(rows())
    assert len(packed) == 3
    assert packed.written("gloss") == (("REGEN", "NORD"), (), ("SONNE",))
    assert packed.written("translation") == (("im", "norden", "regen"), (), ())
    for got, want in zip(packed, rows(), strict=True):
        assert (got.glosses, got.translation, got.spans) == (
            want.glosses,
            want.translation,
            want.spans,
        )
        for name in ("clip_id", "signer", "split", "fps", "width", "height"):
            assert getattr(got.clip, name) == getattr(want.clip, name)
        np.testing.assert_array_equal(got.clip.xyz, want.clip.xyz)


def test_confidence_is_the_detectors_or_tells_what_is_there() -> None:
    packed = Sentences.pack(rows())
    assert packed.confidence.dtype == np.float16
    np.testing.assert_allclose(packed.seen(0), rows()[0].clip.confidence, atol=1e-3)
    np.testing.assert_array_equal(packed.seen(1), ~np.isnan(packed.clips.landmarks(1)[..., 0]))


@pytest.mark.parametrize("which", [[2, 0], [], [False, True, True]])
def test_some_of_them(which: list[int]) -> None:
    index = np.asarray(which, dtype=np.bool_ if True in which else np.int64)
    chosen = Sentences.pack(rows()).select(index)
    wanted = np.arange(3)[index]
    assert [rows()[i].glosses for i in wanted] == list(chosen.glosses)
    for place, i in enumerate(wanted):
        np.testing.assert_array_equal(chosen.clips.landmarks(place), rows()[i].clip.xyz)
        assert len(chosen.seen(place)) == len(rows()[i].clip.xyz)


def test_the_fingerprint_is_of_all_that_is_known_in_any_order() -> None:
    packed = Sentences.pack(rows())
    same = packed.fingerprint()
    assert same == Sentences.pack(rows()).fingerprint()
    assert same == packed.select(np.array([2, 0, 1])).fingerprint()
    others = [
        packed.select(np.array([0, 1])),
        dataclasses.replace(packed, glosses=(("REGEN",), *packed.glosses[1:])),
        dataclasses.replace(packed, translations=((), *packed.translations[1:])),
        dataclasses.replace(packed, spans=(None, None, None)),
        dataclasses.replace(packed, confidence=packed.confidence / 2),
    ]
    assert len({same, *(one.fingerprint() for one in others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"glosses": ("A", "B"), "spans": ((0, 1),)}, "1 spans for 2 glosses"),
        ({"glosses": ("A",), "spans": ((2, 2),)}, "'A' in frames 2 to 2 of a sentence of 4"),
        ({"glosses": ("A",), "spans": ((3, 5),)}, "frames 3 to 5"),
        ({"glosses": ("A",), "spans": ((-1, 1),)}, "frames -1 to 1"),
        ({"glosses": ("",)}, "must not be empty nor hold a blank, got ''"),
        ({"translation": ("thank you",)}, "got 'thank you'"),
    ],
)
def test_what_is_no_sentence(known: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SignedSentence(clip("a", 4), **known)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda s: {"confidence": s.confidence[1:]}, "confidence must have shape"),
        (lambda s: {"glosses": s.glosses[1:]}, "glosses of 2 sentences, landmarks of 3"),
        (lambda s: {"spans": ()}, "spans of 0 sentences"),
    ],
)
def test_what_does_not_fit(broken: Callable[[Sentences], Any], message: str) -> None:
    packed = Sentences.pack(rows())
    with pytest.raises(DataError, match=message):
        dataclasses.replace(packed, **broken(packed))


def test_what_cannot_be_packed() -> None:
    with pytest.raises(DataError, match="no clips to pack"):
        Sentences.pack([])
    other = SignedSentence(clip("d", 2, "openpose55"))
    with pytest.raises(LayoutError, match="several layouts"):
        Sentences.pack([*rows(), other])


def test_sentences_without_a_frame_are_left_out_by_name() -> None:
    packed = Sentences.pack([*rows(), SignedSentence(clip("d", 0)), SignedSentence(clip("e", 0))])
    kept, notes = packed.with_frames()
    assert kept.clips.clip_id.tolist() == ["a", "b", "c"]
    assert notes == ("2 sentences without a frame are left out (d, e)",)
    assert kept.with_frames() == (kept, ())
