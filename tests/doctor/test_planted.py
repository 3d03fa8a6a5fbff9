"""Each check finds exactly the defect that is planted, and nothing in a clean world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.doctor import Case, Finding
from raysign.doctor.checks import check
from raysign.skeleton import HOLISTIC75

Consult = Callable[..., Case]
Find = Callable[..., dict[str, Finding]]
Plant = Callable[..., list[Clip]]
Spoil = Callable[[np.ndarray], np.ndarray]

LEFT, RIGHT = HOLISTIC75.parts["left_hand"], HOLISTIC75.parts["right_hand"]
HANDS = slice(33, 75)
EVERY = slice(None)
SOME = slice(0, 60, 12)
FROZEN = 12


@pytest.mark.parametrize("layout", ["world", "hands_world", "openpose_world"])
def test_nothing_is_found_in_a_clean_world(
    layout: str, request: pytest.FixtureRequest, consult: Consult
) -> None:
    assert check(consult(request.getfixturevalue(layout))) == ()


def empty(xyz: np.ndarray) -> np.ndarray:
    return np.full_like(xyz, np.nan)


def no_hands(xyz: np.ndarray) -> np.ndarray:
    xyz[:, HANDS] = np.nan
    return xyz


def no_body(xyz: np.ndarray) -> np.ndarray:
    xyz[: int(0.7 * len(xyz)), :33] = np.nan
    return xyz


def gaps(xyz: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
    lost = found[1:-1]
    xyz[lost[: int(0.8 * len(lost))], HANDS] = np.nan
    return xyz


def glimpse(xyz: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
    xyz[found[3:], HANDS] = np.nan
    return xyz


def other_slots(xyz: np.ndarray) -> np.ndarray:
    left = xyz[:, LEFT].copy()
    xyz[:, LEFT] = xyz[:, RIGHT]
    xyz[:, RIGHT] = left
    return xyz


def other_slots_halfway(xyz: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
    middle = found[len(found) // 2]
    xyz[middle:] = other_slots(xyz[middle:].copy())
    return xyz


def one_hand_twice(xyz: np.ndarray) -> np.ndarray:
    xyz[:, LEFT] = xyz[:, RIGHT]
    xyz[:, LEFT, 0] += np.float16(0.002)
    return xyz


def frozen(xyz: np.ndarray) -> np.ndarray:
    found = np.flatnonzero(~np.isnan(xyz[:, RIGHT, 0]).all(axis=1))
    middle = found[len(found) // 3]
    xyz[middle : middle + FROZEN, RIGHT] = xyz[middle, RIGHT]
    return xyz


def shuffled_hands(xyz: np.ndarray) -> np.ndarray:
    order = np.random.default_rng(1).permutation(21)
    for part in (LEFT, RIGHT):
        xyz[:, part] = xyz[:, part][:, order]
    return xyz


def shuffled_body(xyz: np.ndarray) -> np.ndarray:
    order = np.random.default_rng(1).permutation(33)
    xyz[:, :33] = xyz[:, :33][:, order]
    return xyz


def y_up(xyz: np.ndarray) -> np.ndarray:
    xyz[..., 1] = 1 - xyz[..., 1]
    return xyz


def mirrored(xyz: np.ndarray) -> np.ndarray:
    """X, and not the joints' names."""
    xyz[..., 0] = 1 - xyz[..., 0]
    return xyz


def pixels(xyz: np.ndarray) -> np.ndarray:
    xyz[..., :2] *= 256
    return xyz


def centred(xyz: np.ndarray) -> np.ndarray:
    shoulders = xyz[:, 11:13, :2].astype(np.float32)
    width = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=1).mean()
    middle = shoulders.mean(axis=(0, 1))
    xyz[..., :2] = (xyz[..., :2] - middle) / width
    return xyz


def far_away(xyz: np.ndarray) -> np.ndarray:
    xyz[..., :2] = 0.5 + 0.08 * (xyz[..., :2] - 0.5)
    return xyz


def cut(frames: int) -> Spoil:
    def spoil(xyz: np.ndarray) -> np.ndarray:
        found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
        return xyz[found[0] : found[0] + frames]

    return spoil


def slowed(xyz: np.ndarray) -> np.ndarray:
    """Eight times as many frames; none like the one before."""
    at = np.arange(8 * len(xyz)) / 8
    low = at.astype(int)
    high = np.minimum(low + 1, len(xyz) - 1)
    part = (at - low)[:, None, None]
    noise = np.random.default_rng(0).normal(0, 0.002, (len(at), *xyz.shape[1:]))
    blend: np.ndarray = (1 - part) * xyz[low] + part * xyz[high] + noise
    return blend.astype(np.float16)


PLANTED: list[tuple[str, str, Spoil, slice]] = [
    ("empty", "error", empty, SOME),
    ("no_hand", "warning", no_hands, SOME),
    ("no_hand", "error", no_hands, slice(0, 30)),
    ("no_body", "warning", no_body, SOME),
    ("missing_inside", "note", gaps, SOME),
    ("missing_inside", "error", gaps, slice(0, 40)),
    ("short_span", "warning", glimpse, SOME),
    ("swapped_hands", "warning", other_slots, SOME),
    ("swapped_hands", "error", other_slots, EVERY),
    ("doubled_hands", "note", one_hand_twice, SOME),
    ("frozen", "warning", frozen, SOME),
    ("hand_joint_order", "error", shuffled_hands, EVERY),
    ("body_joint_order", "error", shuffled_body, SOME),
    ("upside_down", "error", y_up, EVERY),
    ("sides_swapped", "error", mirrored, SOME),
    ("pixels", "error", pixels, EVERY),
    ("origin", "error", centred, EVERY),
    ("small_hands", "warning", far_away, SOME),
    ("short", "warning", cut(7), SOME),
    ("long", "warning", slowed, SOME),
]


@pytest.mark.parametrize(
    ("name", "severity", "spoil", "which"),
    PLANTED,
    ids=[f"{name}-{severity}" for name, severity, *_ in PLANTED],
)
def test_a_defect_is_found_in_the_clips_that_have_it(
    name: str,
    severity: str,
    spoil: Spoil,
    which: slice,
    world: tuple[Clip, ...],
    findings_in: Find,
    spoilt: Plant,
) -> None:
    findings = findings_in(spoilt(world, spoil, which))
    finding = findings[name]
    assert finding.severity == severity
    guilty = {clip.clip_id for clip in world[which]}
    assert set(finding.clip_ids) <= guilty
    # A one-handed sign may have nothing to exchange with, and a few clips are too short to freeze.
    assert len(finding.clip_ids) >= 0.8 * len(guilty)
    assert finding.why
    assert finding.todo


def test_hands_that_exchange_their_slots_on_the_way_are_found(
    world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    finding = findings_in(spoilt(world, other_slots_halfway, SOME))["swapped_hands"]
    assert set(finding.clip_ids) == {clip.clip_id for clip in world[SOME]}
    assert finding.command.startswith("raysign show ")


@pytest.mark.parametrize(
    ("name", "spoil"), [("hand_joint_order", shuffled_hands), ("upside_down", y_up)]
)
def test_what_one_clip_in_a_hundred_has_is_no_error(
    name: str, spoil: Spoil, world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    again = [replace(clip, clip_id=f"{clip.clip_id}-again") for clip in world]
    findings = findings_in([*spoilt(world, spoil, slice(0, 1)), *again])
    assert findings[name].severity == "warning"


def test_findings_are_ranked(
    world: tuple[Clip, ...], consult: Consult, spoilt: Plant, relabelled: Plant
) -> None:
    clips = spoilt(spoilt(world, pixels, slice(0, 4)), frozen, slice(10, 20))
    findings = check(consult(relabelled(clips, fps=None)))
    assert [f.severity for f in findings] == ["error", "warning", "note"]
    assert [f.check for f in findings] == ["pixels", "frozen", "fps_unknown"]
