"""A match stands beside the query moment by moment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.search.alignment import LEAD_S, mirrored, signing, stand_beside
from raysign.skeleton import HANDS42, HOLISTIC75
from raysign.synthetic import World

HANDS = np.s_[:, 33:]


@pytest.fixture(scope="module")
def sign() -> Clip:
    """Signed mostly with the right hand."""
    world = World(SyntheticConfig())
    clip = world.clip(world.sign(3), world.signer(4))
    shown = ~np.isnan(clip.xyz[:, [33, 54], 0])
    assert shown[:, 1].sum() > 10
    return signing(clip)


def beside(query: Clip, match: Clip) -> tuple[np.ndarray, float, bool]:
    (found,) = stand_beside(query, [match])
    return found.frame, found.distance, found.mirrored


def at(clip: Clip, frames: np.ndarray) -> Clip:
    """The clip's frames in another order, or some of them often."""
    return replace(clip, xyz=clip.xyz[frames])


def test_a_clip_goes_with_itself(sign: Clip) -> None:
    frame, distance, other = beside(sign, sign)
    np.testing.assert_allclose(frame, np.arange(len(sign.xyz)), atol=0.75)
    assert distance == pytest.approx(0, abs=1e-6)
    assert not other


def test_a_pause_in_the_match_is_passed_over(sign: Clip) -> None:
    """The match halts in its middle for as long as the whole sign takes."""
    count = len(sign.xyz)
    middle = count // 2
    order = np.concatenate([np.arange(middle), np.full(count, middle), np.arange(middle, count)])
    frame, _, _ = beside(sign, at(sign, order))
    shown = order[np.round(frame).astype(int)]
    assert np.abs(shown - np.arange(count)).max() <= 4
    straight = order[np.linspace(0, len(order) - 1, count).round().astype(int)]
    assert np.abs(straight - np.arange(count)).max() > 8, "which frame by frame would not"


def test_it_never_goes_back_and_stays_in_the_clip(sign: Clip) -> None:
    world = World(SyntheticConfig())
    other = signing(world.clip(world.sign(11), world.signer(2)))
    frame, distance, _ = beside(sign, other)
    assert len(frame) == len(sign.xyz)
    assert (np.diff(frame) >= 0).all()
    assert frame.min() >= 0
    assert frame.max() <= len(other.xyz) - 1
    assert distance > 0.1


def test_outside_of_the_signing_both_go_at_their_own_speed(sign: Clip) -> None:
    rest = np.full((10, *sign.xyz.shape[1:]), np.nan)
    rest[:, :33] = sign.xyz[0, :33]
    padded = replace(sign, xyz=np.concatenate([rest, sign.xyz]), fps=25.0)
    fast = replace(sign, xyz=np.concatenate([rest, rest, sign.xyz]), fps=50.0)
    first = int(np.flatnonzero(~np.isnan(padded.xyz[HANDS][..., 0]).all(axis=1))[0])
    frame, _, _ = beside(padded, fast)
    np.testing.assert_allclose(frame[first], first + 10, atol=1)
    np.testing.assert_allclose(np.diff(frame[: first - 1]), 2, atol=1e-6)


def test_the_other_hand_is_shown_in_a_mirror(sign: Clip) -> None:
    frame, distance, other = beside(sign, mirrored(sign))
    assert other
    assert distance == pytest.approx(0, abs=1e-6)
    (found,) = stand_beside(sign, [mirrored(sign)])
    np.testing.assert_allclose(found.clip.xyz, sign.xyz, atol=1e-6)
    left = HOLISTIC75.joint("left_hand_wrist"), HOLISTIC75.joint("right_hand_wrist")
    np.testing.assert_allclose(
        mirrored(sign).xyz[:, left[0], 0], 1 - sign.xyz[:, left[1], 0], atol=1e-6
    )
    assert len(frame) == len(sign.xyz)


def test_rest_is_left_out_and_hands_get_their_sides(sign: Clip) -> None:
    hands = sign.xyz[HANDS].copy()
    seen = ~np.isnan(hands[..., 0]).all(axis=1)
    first, last = (int(n) for n in np.flatnonzero(seen)[[0, -1]])
    rest = np.full((30, 42, 3), np.nan)
    slots = np.concatenate([rest, hands[first : last + 1], rest])
    slots = slots.reshape(len(slots), 2, 21, 3)
    slots[::3] = slots[::3, ::-1]  # as a detector numbers them
    clip = Clip("x", slots.reshape(-1, 42, 3).astype(np.float16), "hands42", fps=25.0)
    got = signing(clip)
    around = round(LEAD_S * 25)
    assert len(got.xyz) == last - first + 1 + 2 * around
    inner = got.xyz[around:-around]
    for part in ("left_hand", "right_hand"):
        where = HANDS42.parts[part]
        wanted = hands[first : last + 1, where]
        same = np.isnan(inner[:, where]) == np.isnan(wanted)
        assert same.all(axis=(1, 2)).mean() > 0.9, part


@pytest.mark.parametrize("frames", [1, 2])
@pytest.mark.parametrize("seen", [True, False])
def test_hardly_anything_to_align(sign: Clip, frames: int, seen: bool) -> None:
    middle = len(sign.xyz) // 2
    few = replace(sign, xyz=sign.xyz[middle : middle + frames].copy())
    if not seen:
        few.xyz[:] = np.nan
    few = signing(few)
    for query, match in ((few, sign), (sign, few), (few, few)):
        frame, distance, _ = beside(query, match)
        assert len(frame) == len(query.xyz)
        assert np.isfinite(frame).all()
        assert frame.max() <= len(match.xyz) - 1
        assert np.isfinite(distance)


def test_a_match_stands_as_it_would_alone(sign: Clip) -> None:
    world = World(SyntheticConfig())
    others = [signing(world.clip(world.sign(n), world.signer(2))) for n in (11, 12, 13)]
    alone = [beside(sign, other)[1] for other in others]
    assert [found.distance for found in stand_beside(sign, others)] == alone


@pytest.mark.parametrize("axis", [0, 1])
def test_half_a_place_is_none(sign: Clip, axis: int) -> None:
    """As a gallery may have it whose store was not raysign's."""
    xyz = sign.xyz.copy()
    xyz[3:9, 40:60, axis] = np.nan
    half = signing(replace(sign, xyz=xyz))
    assert (np.isnan(half.xyz[..., 0]) == np.isnan(half.xyz[..., 1])).all()
    assert np.isfinite(beside(sign, half)[1])


def test_nothing_beside(sign: Clip) -> None:
    assert stand_beside(sign, []) == []
