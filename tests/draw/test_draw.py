from __future__ import annotations

import numpy as np
import pytest

from raysign.config import SyntheticConfig
from raysign.draw import DARK, LIGHT, Inks, captioned, draw_frame, draw_strip, spread, view_of
from raysign.skeleton import HANDS42, HOLISTIC75, LAYOUTS, Layout
from raysign.synthetic import World

BODYLESS = np.s_[:, 33:]


@pytest.fixture(scope="module")
def signing() -> np.ndarray:
    """A two-handed clip of ``holistic75``."""
    world = World(SyntheticConfig())
    xyz = world.clip(world.sign(487), world.signer(4)).xyz
    assert (~np.isnan(xyz[:, [33, 54], 0])).all(axis=1).any()
    return xyz


def both_hands(xyz: np.ndarray) -> int:
    return int(np.flatnonzero((~np.isnan(xyz[:, [33, 54], 0])).all(axis=1))[0])


def near(picture: np.ndarray, ink: tuple[int, int, int]) -> np.ndarray:
    mask: np.ndarray = np.abs(picture.astype(int) - ink).max(axis=2) < 25
    return mask


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("inks", [LIGHT, DARK], ids=["light", "dark"])
def test_every_layout_can_be_drawn(layout: Layout, inks: Inks) -> None:
    xyz = np.random.default_rng(0).random((3, layout.num_joints, 3))
    picture = draw_frame(xyz[0], layout, 160, inks=inks)
    assert picture.dtype == np.uint8
    assert picture.shape[0] == 160
    assert near(picture, inks.left).any()
    assert near(picture, inks.right).any()
    assert (near(picture, inks.body).sum() > 200) == layout.has_body
    assert draw_strip(xyz, layout, 3, 80).shape[0] == 80


def test_left_is_blue_right_is_orange_and_each_where_it_is(signing: np.ndarray) -> None:
    frame = signing[both_hands(signing)]
    view = view_of(frame[None], HOLISTIC75)
    picture = draw_frame(frame, HOLISTIC75, 320, view=view)
    for part, ink in (("left_hand", LIGHT.left), ("right_hand", LIGHT.right)):
        rows, columns = np.nonzero(near(picture, ink))
        hand = frame[HOLISTIC75.parts[part], :2].astype(np.float64)
        middle = (hand.mean(axis=0) - [view.left, view.top]) / view.height * 320
        assert np.hypot(columns.mean() - middle[0], rows.mean() - middle[1]) < 8


def test_what_is_missing_is_left_out(signing: np.ndarray) -> None:
    frame = signing[both_hands(signing)].copy()
    frame[HOLISTIC75.parts["left_hand"]] = np.nan
    frame[HOLISTIC75.joint("right_elbow")] = np.nan
    picture = draw_frame(frame, HOLISTIC75, 160)
    assert not near(picture, LIGHT.left).any()
    assert near(picture, LIGHT.right).any()
    blank = draw_frame(np.full_like(frame, np.nan), HOLISTIC75, 160)
    assert (blank == LIGHT.ground).all()


def test_a_wide_picture_is_drawn_wide(signing: np.ndarray) -> None:
    square = view_of(signing, HOLISTIC75)
    wide = view_of(signing, HOLISTIC75, aspect=1.5)
    assert wide.width / wide.height > 1.2 * square.width / square.height
    assert view_of(signing, HOLISTIC75, shape=1.0).width == pytest.approx(
        view_of(signing, HOLISTIC75, shape=1.0).height
    )


def test_the_view_holds_what_is_seen_and_no_stray(signing: np.ndarray) -> None:
    view = view_of(signing, HOLISTIC75)
    hands = signing[BODYLESS][..., :2].reshape(-1, 2)
    hands = hands[~np.isnan(hands[:, 0])].astype(np.float64)
    inside = (hands > [view.left, view.top]) & (
        hands < [view.left + view.width, view.top + view.height]
    )
    assert inside.all(axis=1).mean() > 0.97
    stray = signing.copy()
    stray[0, HOLISTIC75.joint("left_elbow")] = 30
    assert view_of(stray, HOLISTIC75).width < 2 * view.width


def test_nothing_found_shows_the_whole_picture() -> None:
    view = view_of(np.full((2, 42, 3), np.nan), HANDS42, aspect=2.0)
    assert (view.left, view.top, view.width, view.height) == (0, 0, 2, 1)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1920.0, 6e4])
def test_any_units_can_be_drawn(scale: float, signing: np.ndarray) -> None:
    with np.errstate(over="ignore"):
        xyz = (signing.astype(np.float32) * scale).astype(np.float32)
    assert draw_strip(xyz, HOLISTIC75, 2, 60).shape[0] == 60


def test_edges_are_smooth(signing: np.ndarray) -> None:
    picture = draw_frame(signing[both_hands(signing)], HOLISTIC75, 160)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


def test_over_a_video_the_rest_stays_as_it_is(signing: np.ndarray) -> None:
    video = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    before = video.copy()
    picture = draw_frame(signing[both_hands(signing)], HOLISTIC75, over=video)
    assert picture.shape == video.shape
    same = (picture == video).all(axis=2)
    assert 0.5 < same.mean() < 0.99
    np.testing.assert_array_equal(video, before)


def test_a_strip_is_spread_over_the_signing() -> None:
    xyz = np.full((40, 42, 3), np.nan)
    xyz[10:34] = np.random.default_rng(0).random((24, 42, 3))
    assert spread(xyz, HANDS42, 6).tolist() == [12, 16, 20, 24, 28, 32]
    assert spread(xyz[:12], HANDS42, 6).tolist() == [10, 11]
    assert spread(xyz[:0], HANDS42, 6).tolist() == []
    one = draw_frame(xyz[12], HANDS42, 50, view=view_of(xyz, HANDS42))
    assert draw_strip(xyz, HANDS42, 6, 50).shape == (50, 6 * one.shape[1], 3)
    assert (draw_strip(xyz[:0], HANDS42, 6, 50) == 255).all()


def trail(xyz: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The pixels that the way which led to a frame adds to it."""
    view = view_of(np.concatenate([xyz[None], way]), HANDS42)
    still = draw_frame(xyz, HANDS42, 160, view=view)
    moving = draw_frame(xyz, HANDS42, 160, view=view, before=np.concatenate([way, xyz[None]]))
    added: np.ndarray = (still != moving).any(axis=2)
    return added


@pytest.fixture
def moving() -> np.ndarray:
    """A left hand alone that goes sideways, in 11 frames."""
    hand = np.random.default_rng(0).random((21, 3)) * 0.1
    xyz = np.full((11, 42, 3), np.nan)
    xyz[:, :21] = hand + 0.08 * np.arange(11)[:, None, None] * [1, 0, 0]
    return xyz


def test_the_way_of_the_finger_is_a_row_of_dots(moving: np.ndarray) -> None:
    """Not a line, which could be an arm."""
    added = trail(moving[-1], moving[:-1])
    columns = np.flatnonzero(added.any(axis=0))
    assert (np.diff(columns) > 2).sum() >= 7
    assert added[:, : added.shape[1] // 2].any()


def test_the_way_ends_where_the_hand_was_not_seen_or_leapt(moving: np.ndarray) -> None:
    whole = trail(moving[-1], moving[:-1]).sum()
    gap, leap = moving.copy(), moving.copy()
    gap[5] = np.nan
    leap[:6, :, 1] += 0.5
    for way in (gap, leap):
        assert 0 < trail(way[-1], way[:-1]).sum() < 0.7 * whole
    gone = np.full_like(moving[-1], np.nan)
    assert not trail(gone, moving[:-1]).any()


def test_words_stand_above_and_below() -> None:
    strip = np.zeros((100, 300, 3), dtype=np.uint8)
    page = captioned(strip, "hello", ["0.10 s", "0.20 s", "0.30 s"])
    line = (len(page) - 100) // 2
    np.testing.assert_array_equal(page[line:-line], strip)
    above, below = (near(part, LIGHT.body).any(axis=0) for part in (page[:line], page[-line:]))
    assert 130 < np.flatnonzero(above).mean() < 170
    for third in range(3):
        assert below[100 * third : 100 * third + 100].any()
    narrow = captioned(strip[:, :60], "a long name for a sign that is short", ["0.10 s"] * 6)
    assert narrow.shape[1] == 60
    text = near(narrow[-line:], LIGHT.body).any(axis=0)
    assert (~text).mean() > 0.2, "they do not run into one another"
