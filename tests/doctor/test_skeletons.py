"""Hands, joints and pictures that no person has, in every layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.doctor import Case, Finding

Consult = Callable[..., Case]
Find = Callable[..., dict[str, Finding]]
Plant = Callable[..., list[Clip]]
Spoil = Callable[[np.ndarray], np.ndarray]

HANDS = slice(33, 75)
SOME = slice(0, 60, 12)


def y_up(xyz: np.ndarray) -> np.ndarray:
    xyz[..., 1] = 1 - xyz[..., 1]
    return xyz


def test_slots_in_detection_order_are_no_fault(
    hands_world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    def exchange(xyz: np.ndarray) -> np.ndarray:
        middle = len(xyz) // 2
        xyz[middle:] = xyz[middle:][:, [*range(21, 42), *range(21)]]
        return xyz

    finding = findings_in(spoilt(hands_world, exchange))["swapped_hands"]
    assert finding.severity == "note"
    assert "prepare" in finding.todo


@pytest.mark.parametrize("layout", ["world", "hands_world", "openpose_world"])
def test_fingers_from_tip_to_knuckle_are_found(
    layout: str, request: pytest.FixtureRequest, findings_in: Find, spoilt: Plant
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    start = clips[0].xyz.shape[1] - 42
    finger = np.arange(1, 21).reshape(5, 4)[:, ::-1].reshape(-1)
    order = np.concatenate([[0], finger])
    every = np.concatenate([np.arange(start), start + order, start + 21 + order])
    findings = findings_in(spoilt(clips, lambda xyz: xyz[:, every]))
    assert findings["finger_order"].severity == "error"


@pytest.mark.parametrize("layout", ["hands_world", "openpose_world"])
def test_y_that_points_up_is_found_in_other_layouts(
    layout: str, request: pytest.FixtureRequest, findings_in: Find, spoilt: Plant
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    assert findings_in(spoilt(clips, y_up))["upside_down"].severity == "error"


def test_a_body_in_the_wrong_order_is_found_in_openpose(
    openpose_world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    order = np.concatenate([np.random.default_rng(0).permutation(13), np.arange(13, 55)])
    findings = findings_in(spoilt(openpose_world, lambda xyz: xyz[:, order]))
    assert findings["body_joint_order"].severity == "error"


@pytest.mark.parametrize(("width", "height"), [(144, 256), (456, 256)])
def test_a_squeezed_picture_is_found(
    width: int, height: int, world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    squeezed = findings_in(relabelled(world, width=width, height=height))["squeezed"]
    assert squeezed.severity == "warning"
    assert len(squeezed.clip_ids) == len(world)


def test_some_odd_builds_are_found(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    findings = findings_in(relabelled(world, SOME, width=100, height=256))
    assert set(findings["odd_build"].clip_ids) == {clip.clip_id for clip in world[SOME]}
    assert "squeezed" not in findings


@pytest.mark.parametrize("name", ["signer", "sign", "dataset"])
def test_a_group_that_loses_its_hands_is_found(
    name: str, world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    clips = relabelled(world, slice(0, 30), dataset="other")
    bad = getattr(clips[0], name)

    def lose(clip: Clip) -> Clip:
        xyz = clip.xyz.copy()
        found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
        xyz[found[1:-1:2], HANDS] = np.nan
        return replace(clip, xyz=xyz)

    spoilt_ = [lose(clip) if getattr(clip, name) == bad else clip for clip in clips]
    finding = findings_in(spoilt_)[f"missing_inside_{name}"]
    assert bad in finding.found
    assert set(finding.clip_ids) == {c.clip_id for c in clips if getattr(c, name) == bad}
