from __future__ import annotations

import pytest

from raysign.skeleton import HANDS42, HOLISTIC75, ChannelMap, Extra

EXTRAS = (
    Extra("body_presence", "body"),
    Extra("left_hand_palm_x", "left_hand", flips=True),
    Extra("left_hand_presence", "left_hand"),
    Extra("right_hand_palm_x", "right_hand", flips=True),
)
MAP = ChannelMap(HOLISTIC75, 3, ("position", "motion_1"), EXTRAS)


def test_channels_are_counted() -> None:
    assert MAP.num_features == 6
    assert MAP.num_channels == 75 * 6 + 4
    assert ChannelMap(HANDS42, 2, ("position",)).num_channels == 84


def test_a_joints_channels_come_copy_by_copy_and_axis_by_axis() -> None:
    motion = 75 * 3
    assert MAP.of_joints([0]) == (0, 1, 2, motion, motion + 1, motion + 2)
    assert MAP.of_joints([74, 1])[6:] == (3, 4, 5, motion + 3, motion + 4, motion + 5)
    everything = MAP.of_joints(range(75))
    assert sorted(everything) == list(range(450))


def test_a_parts_extras_follow_the_joints() -> None:
    assert MAP.of_extras(["body"]) == (450,)
    assert MAP.of_extras(["right_hand", "left_hand"]) == (453, 451, 452)
    assert MAP.of_extras([]) == ()


@pytest.mark.parametrize("axes", [2, 3])
def test_every_x_flips_and_the_extras_that_say_so(axes: int) -> None:
    channels = ChannelMap(HOLISTIC75, axes, ("position", "bone", "motion_1"), EXTRAS)
    flips = [number for number, flip in enumerate(channels.flips) if flip]
    first = 75 * 3 * axes
    assert flips == [*range(0, first, axes), first + 1, first + 3]
    assert len(channels.flips) == channels.num_channels


def test_some_joints_have_the_channels_that_a_map_of_their_own_has() -> None:
    hands = MAP.only("hands")
    assert hands.layout == HOLISTIC75.only("hands")
    assert [extra.name for extra in hands.extras] == [extra.name for extra in EXTRAS[1:]]
    assert MAP.numbers(hands) == (*range(99, 225), *range(225 + 99, 450), 451, 452, 453)
    body = MAP.only("body")
    assert (body.layout.num_joints, body.extras) == (25, EXTRAS[:1])
    assert MAP.numbers(body) == (*range(75), *range(225, 300), 450)
    assert MAP.only("all") == MAP
    assert MAP.numbers(MAP) == tuple(range(MAP.num_channels))
