"""Each check finds exactly the defect that is planted, and nothing in a clean world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.doctor import Case, Finding
from raysign.doctor.checks import check
from raysign.manifest import Outcome
from raysign.skeleton import HOLISTIC75

Consult = Callable[..., Case]
Spoil = Callable[[np.ndarray], np.ndarray]

LEFT, RIGHT = HOLISTIC75.parts["left_hand"], HOLISTIC75.parts["right_hand"]
HANDS = slice(33, 75)
EVERY = slice(None)
SOME = slice(0, 120, 15)
FROZEN = 12


def spoilt(clips: Sequence[Clip], spoil: Spoil, which: slice = EVERY) -> list[Clip]:
    """The clips, with some of their landmarks changed."""
    chosen = set(range(len(clips))[which])
    return [
        replace(clip, xyz=spoil(clip.xyz.copy()), confidence=None) if i in chosen else clip
        for i, clip in enumerate(clips)
    ]


def relabelled(clips: Sequence[Clip], which: slice = EVERY, **facts: Any) -> list[Clip]:
    """The clips, with some of their labels changed."""
    chosen = set(range(len(clips))[which])
    return [replace(clip, **facts) if i in chosen else clip for i, clip in enumerate(clips)]


def named(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def ids(clips: Sequence[Clip], which: slice) -> set[str]:
    return {clip.clip_id for clip in clips[which]}


@pytest.mark.parametrize("layout", ["world", "hands_world", "openpose_world"])
def test_nothing_is_found_in_a_clean_world(
    layout: str, consult: Consult, request: pytest.FixtureRequest
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


def tips_first(xyz: np.ndarray) -> np.ndarray:
    finger = np.arange(1, 21).reshape(5, 4)[:, ::-1].reshape(-1)
    for part in (LEFT, RIGHT):
        xyz[:, part] = xyz[:, part][:, [0, *finger]]
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
    ("no_hand", "error", no_hands, slice(0, 60)),
    ("no_body", "warning", no_body, SOME),
    ("missing_inside", "note", gaps, SOME),
    ("missing_inside", "error", gaps, slice(0, 80)),
    ("short_span", "warning", glimpse, SOME),
    ("swapped_hands", "warning", other_slots, SOME),
    ("swapped_hands", "error", other_slots, EVERY),
    ("doubled_hands", "note", one_hand_twice, SOME),
    ("frozen", "warning", frozen, SOME),
    ("hand_joint_order", "error", shuffled_hands, EVERY),
    ("hand_joint_order", "warning", shuffled_hands, slice(0, 1)),
    ("body_joint_order", "error", shuffled_body, SOME),
    ("upside_down", "error", y_up, EVERY),
    ("upside_down", "warning", y_up, slice(0, 1)),
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
    consult: Consult,
) -> None:
    findings = named(check(consult(spoilt(world, spoil, which))))
    finding = findings[name]
    assert finding.severity == severity
    guilty = ids(world, which)
    assert set(finding.clip_ids) <= guilty
    # A one-handed sign may have nothing to exchange with, and a few clips are too short to freeze.
    assert len(finding.clip_ids) >= 0.8 * len(guilty)
    assert finding.why
    assert finding.todo


def test_hands_that_exchange_their_slots_on_the_way_are_found(
    world: tuple[Clip, ...], consult: Consult
) -> None:
    finding = named(check(consult(spoilt(world, other_slots_halfway, SOME))))["swapped_hands"]
    assert set(finding.clip_ids) == ids(world, SOME)
    assert finding.command.startswith("raysign show ")


def test_slots_in_detection_order_are_no_fault(
    hands_world: tuple[Clip, ...], consult: Consult
) -> None:
    def exchange(xyz: np.ndarray) -> np.ndarray:
        middle = len(xyz) // 2
        xyz[middle:] = xyz[middle:][:, [*range(21, 42), *range(21)]]
        return xyz

    finding = named(check(consult(spoilt(hands_world, exchange))))["swapped_hands"]
    assert finding.severity == "note"
    assert "prepare" in finding.todo


@pytest.mark.parametrize("layout", ["world", "hands_world", "openpose_world"])
def test_fingers_from_tip_to_knuckle_are_found(
    layout: str, consult: Consult, request: pytest.FixtureRequest
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    start = clips[0].xyz.shape[1] - 42
    finger = np.arange(1, 21).reshape(5, 4)[:, ::-1].reshape(-1)
    order = np.concatenate([[0], finger])
    every = np.concatenate([np.arange(start), start + order, start + 21 + order])
    findings = named(check(consult(spoilt(clips, lambda xyz: xyz[:, every]))))
    assert findings["finger_order"].severity == "error"


@pytest.mark.parametrize("layout", ["hands_world", "openpose_world"])
def test_y_that_points_up_is_found_in_other_layouts(
    layout: str, consult: Consult, request: pytest.FixtureRequest
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    assert named(check(consult(spoilt(clips, y_up))))["upside_down"].severity == "error"


def test_a_body_in_the_wrong_order_is_found_in_openpose(
    openpose_world: tuple[Clip, ...], consult: Consult
) -> None:
    order = np.concatenate([np.random.default_rng(0).permutation(13), np.arange(13, 55)])
    findings = named(check(consult(spoilt(openpose_world, lambda xyz: xyz[:, order]))))
    assert findings["body_joint_order"].severity == "error"


@pytest.mark.parametrize(("width", "height"), [(144, 256), (456, 256)])
def test_a_squeezed_picture_is_found(
    width: int, height: int, world: tuple[Clip, ...], consult: Consult
) -> None:
    squeezed = named(check(consult(relabelled(world, width=width, height=height))))["squeezed"]
    assert squeezed.severity == "warning"
    assert len(squeezed.clip_ids) == len(world)


def test_some_odd_builds_are_found(world: tuple[Clip, ...], consult: Consult) -> None:
    findings = named(check(consult(relabelled(world, SOME, width=100, height=256))))
    assert set(findings["odd_build"].clip_ids) == ids(world, SOME)
    assert "squeezed" not in findings


@pytest.mark.parametrize("name", ["signer", "sign", "dataset"])
def test_a_group_that_loses_its_hands_is_found(
    name: str, world: tuple[Clip, ...], consult: Consult
) -> None:
    clips = relabelled(world, slice(0, 60), dataset="other")
    bad = getattr(clips[0], name)

    def lose(clip: Clip) -> Clip:
        xyz = clip.xyz.copy()
        found = np.flatnonzero(~np.isnan(xyz[:, HANDS, 0]).all(axis=1))
        xyz[found[1:-1:2], HANDS] = np.nan
        return replace(clip, xyz=xyz)

    spoilt_ = [lose(clip) if getattr(clip, name) == bad else clip for clip in clips]
    finding = named(check(consult(spoilt_)))[f"missing_inside_{name}"]
    assert bad in finding.found
    assert set(finding.clip_ids) == {c.clip_id for c in clips if getattr(c, name) == bad}


def test_what_is_not_known_is_a_note(world: tuple[Clip, ...], consult: Consult) -> None:
    clips = relabelled(world, width=None, height=None, fps=None, signer="")
    findings = named(check(consult(clips)))
    assert set(findings) == {"shape_unknown", "fps_unknown", "signer_unknown"}
    assert {f.severity for f in findings.values()} == {"note"}


def test_frame_rates(world: tuple[Clip, ...], consult: Consult) -> None:
    clips = relabelled(relabelled(world, SOME, fps=50.0), slice(1, 2), fps=5.0)
    findings = named(check(consult(clips)))
    assert set(findings["fps_mixed"].clip_ids) == ids(world, SOME)
    assert findings["fps_mixed"].command.endswith("fps=25")
    assert findings["fps_odd"].clip_ids == (world[1].clip_id,)


def test_duplicates(world: tuple[Clip, ...], consult: Consult) -> None:
    train, val = world[0], world[-1]
    other = next(c for c in world if c.split == "train" and c.sign != train.sign)
    copies = [
        replace(train, clip_id="across", split="val"),
        replace(other, clip_id="renamed", sign=train.sign),
        replace(val, clip_id="again"),
    ]
    findings = named(check(consult([*world, *copies])))
    assert set(findings["duplicates_across"].clip_ids) == {train.clip_id, "across"}
    assert set(findings["duplicates_signs"].clip_ids) == {other.clip_id, "renamed"}
    assert set(findings["duplicates_within"].clip_ids) == {val.clip_id, "again"}
    assert [findings[f"duplicates_{n}"].severity for n in ("across", "signs", "within")] == [
        "warning",
        "warning",
        "note",
    ]


def test_empty_clips_are_no_duplicates(world: tuple[Clip, ...], consult: Consult) -> None:
    nothing = np.full((5, 75, 3), np.nan, dtype=np.float16)
    clips = [replace(c, xyz=nothing, confidence=None) if i < 9 else c for i, c in enumerate(world)]
    assert not any("duplicates" in name for name in named(check(consult(clips))))


def test_signs_and_signers(world: tuple[Clip, ...], consult: Consult) -> None:
    signs = sorted({clip.sign for clip in world})
    few = {clip.clip_id for clip in world if clip.sign == signs[0]}
    clips = [
        clip
        for clip in world
        if clip.sign != signs[0] or clip.split == "val" or clip.signer == "s00"
    ]
    clips = [replace(c, signer="s01") if c.sign == signs[1] else c for c in clips]
    clips = [c for c in clips if c.sign != signs[2] or c.split == "val"]
    findings = named(check(consult(clips)))
    assert set(findings["few_clips"].clip_ids) < few
    assert findings["few_clips"].severity == "note"
    assert {c.sign for c in clips if c.clip_id in findings["one_signer"].clip_ids} == {signs[1]}
    assert {c.sign for c in clips if c.clip_id in findings["val_signs_untrained"].clip_ids} == {
        signs[2]
    }
    assert "1 of 3 signers of val also sign in train" in findings["signers_shared"].found


def test_one_signer_for_all(world: tuple[Clip, ...], consult: Consult) -> None:
    findings = named(check(consult(relabelled(world, signer="ann"))))
    assert findings["one_signer"].severity == "warning"


def test_no_val(world: tuple[Clip, ...], consult: Consult) -> None:
    findings = named(check(consult(relabelled(world, split="train"))))
    assert "val" in findings["split_missing"].found
    assert "signer_disjoint" in findings["split_missing"].command


def test_the_test_split_is_counted_and_not_read(world: tuple[Clip, ...], consult: Consult) -> None:
    hidden = spoilt([replace(c, split="test") for c in world[80:]], shuffled_hands)
    stray = replace(hidden[0], clip_id="stray", sign="unheard of")
    case = consult([*world[:80], *hidden, stray])
    assert len(case.clips) == 80
    assert not np.isin(case.facts.split, "test").any()
    findings = named(check(case))
    assert not any(f.in_landmarks for f in findings.values())
    assert findings["test_signs_untrained"].clip_ids == ("stray",)
    assert "duplicates_across" not in findings


def test_outcomes_are_told_by_reason(world: tuple[Clip, ...], consult: Consult) -> None:
    outcomes = [Outcome(c.clip_id, "v.mp4", "ok") for c in world]
    outcomes += [Outcome(f"bad{i}", "v.mp4", "failed", "it has no frames") for i in range(20)]
    outcomes += [Outcome("none", "v.mp4", "skipped", "nobody is in it")]
    findings = named(check(consult(world, outcomes)))
    assert findings["videos_failed"].severity == "error"
    assert "20 of 141 videos (14 %) failed" in findings["videos_failed"].found
    assert "it has no frames (20)" in findings["videos_failed"].found
    assert findings["videos_skipped"].severity == "note"
    assert findings["videos_skipped"].clip_ids == ("none",)


def test_findings_are_ranked(world: tuple[Clip, ...], consult: Consult) -> None:
    clips = spoilt(spoilt(world, pixels, slice(0, 4)), frozen, slice(10, 20))
    findings = check(consult(relabelled(clips, fps=None)))
    assert [f.severity for f in findings] == ["error", "warning", "note"]
    assert [f.check for f in findings] == ["pixels", "frozen", "fps_unknown"]
