"""What somebody before a camera is told at once."""

from __future__ import annotations

import numpy as np
import pytest

from raysign.extract import Seen
from raysign.serve.takes.hints import RECENT, hints_on


def seen(
    *, body: bool = True, hands: bool = True, brightness: float = 0.5, width: float = 0.3,
    hand_x: float = 0.5,
) -> Seen:  # fmt: skip
    xyz = np.full((75, 3), np.nan, np.float16)
    if body:
        xyz[:33] = 0.5
        xyz[11, :2], xyz[12, :2] = (0.5 - width / 2, 0.4), (0.5 + width / 2, 0.4)
    if hands:
        xyz[33:] = np.random.default_rng(0).uniform(-0.03, 0.03, (42, 3))
        xyz[33:, 0] += hand_x
        xyz[33:, 1] += 0.6
    return Seen(xyz, np.ones(75, np.float16), 640, 480, brightness, 0.0, 0.0)


@pytest.mark.parametrize(
    ("picture", "kinds"),
    [
        (seen(), []),
        (seen(body=False, hands=False), ["no_person"]),
        (seen(hands=False), ["no_hands"]),
        (seen(brightness=0.05), ["dark"]),
        (seen(hands=False, brightness=0.05), ["no_hands", "dark"]),
        (seen(width=0.03), ["far"]),
        (seen(hand_x=0.99), ["cut_off"]),
    ],
)
def test_a_hint_for_each_thing_that_can_be_mended(picture: Seen, kinds: list[str]) -> None:
    hints = hints_on([picture] * 6)
    assert [hint.kind for hint in hints] == kinds
    assert all(hint.level == "hint" and hint.text.endswith(".") for hint in hints)


def test_only_the_latest_pictures_count() -> None:
    assert hints_on([]) == ()
    assert hints_on([seen(hands=False)] * 40 + [seen()] * RECENT) == ()
    assert [h.kind for h in hints_on([seen()] * 40 + [seen(hands=False)] * RECENT)] == ["no_hands"]
