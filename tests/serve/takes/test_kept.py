"""Takes are kept for a while, and not all of them."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.serve.problems import Refused
from raysign.serve.takes import Kept, Takes, take_of
from raysign.synthetic import iter_clips


def a_take(**told: Any) -> Kept:
    clip = next(iter_clips(SyntheticConfig(signs=20)))
    given = {"kind": "camera", "name": "", "landmarks_ms": 1.0, "expires_s": 9.0, **told}
    return take_of(clip, **given)


def test_ids_cannot_be_guessed() -> None:
    ids = {a_take().take.id for _ in range(3)}
    assert len(ids) == 3
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


def test_what_is_unused_for_long_is_forgotten_though_nobody_asks() -> None:
    async def live() -> None:
        takes = Takes(0.2, 9)
        one, other = a_take(), a_take()
        takes.keep(one)
        takes.keep(other)
        for _ in range(3):
            await asyncio.sleep(0.12)
            assert takes.get(one.take.id) is one  # which counts as using it
        assert len(takes) == 1
        with pytest.raises(Refused) as refused:
            takes.get(other.take.id)
        assert (refused.value.status, refused.value.kind) == (410, "gone")
        await asyncio.sleep(0.6)
        assert len(takes) == 0

    asyncio.run(live())


def test_of_too_many_the_longest_unused_goes() -> None:
    async def live() -> None:
        takes = Takes(60, 2)
        one, two, three = a_take(), a_take(), a_take()
        takes.keep(one)
        takes.keep(two)
        takes.get(one.take.id)
        takes.keep(three)
        assert len(takes) == 2
        assert takes.get(one.take.id) is one
        with pytest.raises(Refused):
            takes.get(two.take.id)
        takes.forget(one.take.id)
        takes.forget("never was")
        assert len(takes) == 1
        takes.clear()
        assert len(takes) == 0

    asyncio.run(live())


def test_of_too_many_bytes_the_longest_unused_goes() -> None:
    async def live() -> None:
        one, two, three = a_take(), a_take(), a_take()
        assert one.nbytes >= one.clip.xyz.nbytes > 0
        takes = Takes(60, 9, 2 * one.nbytes)
        for kept in (one, two, three):
            takes.keep(kept)
        assert len(takes) == 2
        with pytest.raises(Refused):
            takes.get(one.take.id)
        assert takes.get(three.take.id) is three

    asyncio.run(live())


def test_a_take_says_what_its_clip_shows() -> None:
    clip = next(iter_clips(SyntheticConfig(signs=20)))
    take = a_take(name="sign.mp4", kind="file").take
    assert (take.kind, take.name, take.frames, take.fps) == ("file", "sign.mp4", len(clip.xyz), 25)
    assert take.seconds == pytest.approx(len(clip.xyz) / 25)
    assert take.film.frames == len(clip.xyz)
    start, end = take.signing
    assert 0 <= start < end <= take.seconds
    assert max(take.activity.motion) == 1
    assert (take.landmarks_ms, take.expires_s) == (1.0, 9.0)


def test_a_take_is_drawn_as_its_dictionary_is() -> None:
    by_layout = {
        layout: len(a_take(layout=layout).take.film.places)
        for layout in (None, "holistic75", "hands42", "openpose55")
    }
    assert by_layout[None] == by_layout["holistic75"] == by_layout["openpose55"]
    assert by_layout["hands42"] < by_layout["holistic75"]


def seen(frames: int, **parts: float) -> Clip:
    """A clip in which a part's joints have this x and y, and the others are missing."""
    xyz = np.full((frames, 75, 3), np.nan, np.float16)
    place = {"body": slice(0, 33), "left": slice(33, 54), "right": slice(54, 75)}
    for part, where in parts.items():
        xyz[:, place[part]] = where
    return Clip("c", xyz, "holistic75", fps=25.0, width=640, height=480)


@pytest.mark.parametrize(
    ("clip", "kind", "says"),
    [
        (seen(9), "no_person", "Nobody was found"),
        (seen(9, body=0.5), "no_hands", "No hand was found"),
        (seen(1, body=0.5, left=0.4), "too_short", "a single picture"),
        (seen(9, body=0.5, left=300.0), "not_usable", "units of the picture"),
    ],
)
def test_what_can_ask_nothing_is_refused_in_words(clip: Clip, kind: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        take_of(clip, kind="file", name="", landmarks_ms=0, expires_s=1)
    assert (refused.value.status, refused.value.kind) == (422, kind)
    assert says in refused.value.text
    assert "--" not in refused.value.text
