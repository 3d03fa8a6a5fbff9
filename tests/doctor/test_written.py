"""What writers of stores get wrong is found once, and not again as what it looks like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.clip import Clip, Clips
from raysign.doctor import Case, Finding, examine, open_case, write_page
from raysign.doctor.checks import check
from raysign.doctor.measure import measure

Consult = Callable[..., Case]
Find = Callable[..., dict[str, Finding]]
Plant = Callable[..., list[Clip]]

SOME = slice(0, 60, 12)
LAYOUTS = ["world", "hands_world", "openpose_world"]


def exchanged(xyz: np.ndarray) -> np.ndarray:
    return xyz[..., [1, 0, 2]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_joints_written_as_zeros_are_the_one_finding(
    layout: str, consult: Consult, spoilt: Plant, request: pytest.FixtureRequest
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    fine = examine(consult(clips))
    report = examine(consult(spoilt(clips, np.nan_to_num)))
    (finding,) = report.findings
    assert (finding.check, finding.severity) == ("zeros", "error")
    lost = {c.clip_id: float(np.isnan(c.xyz[..., 0]).mean()) for c in clips}
    lost = {clip_id: part for clip_id, part in lost.items() if part}
    assert set(finding.clip_ids) == set(lost)
    assert f"{100 * np.mean(list(lost.values())):.0f} % of their joints" in finding.found
    assert "NaN" in finding.todo
    assert str(report.detection) == str(fine.detection)


def test_other_defects_of_a_clip_with_zeros_are_still_found(
    world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    slots = [*range(33), *range(54, 75), *range(33, 54)]
    clips = spoilt(world, lambda xyz: np.nan_to_num(xyz[:, slots]))
    assert set(findings_in(clips)) == {"zeros", "swapped_hands"}


def test_a_clip_of_zeros_alone_has_nothing_else_wrong(
    world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    findings = findings_in(spoilt(world, np.zeros_like, SOME))
    nothing = findings_in(spoilt(world, lambda xyz: np.full_like(xyz, np.nan), SOME))
    assert set(findings) - {"zeros"} == set(nothing) - {"empty"}
    assert set(findings["zeros"].clip_ids) == {clip.clip_id for clip in world[SOME]}


def test_one_joint_at_the_origin_may_be_the_origin() -> None:
    xyz = np.random.default_rng(0).random((6, 42, 3))
    xyz[:, 0] = 0
    two = xyz.copy()
    two[:3, 5] = 0
    clips = Clips.pack([Clip("wrist", xyz, "hands42"), Clip("two", two, "hands42")])
    assert measure(clips).zeros.tolist() == [0, pytest.approx(6 / (6 * 42))]


@pytest.fixture
def endless(consult: Consult) -> Callable[[Sequence[Clip], Plant], Case]:
    """Clips that somebody else's writer stored: raysign's own refuses what is infinite."""

    def written(clips: Sequence[Clip], spoil: Callable[[np.ndarray], np.ndarray]) -> Case:
        store = consult(clips).store
        (part,) = Path(store).glob("*.parquet")
        table = pq.read_table(part)
        joints = clips[0].xyz.shape[1]
        rows = [
            spoil(np.asarray(row, np.float16).reshape(-1, joints, 3)).ravel()
            for row in table["xyz"].to_pylist()
        ]
        column = table.schema.get_field_index("xyz")
        field = table.schema.field("xyz")
        pq.write_table(table.set_column(column, field, pa.array(rows, field.type)), part)
        return open_case(store)

    return written


def test_infinite_coordinates_are_the_one_finding(
    world: tuple[Clip, ...], consult: Consult, endless: Callable[..., Case], tmp_path: Path
) -> None:
    def lost(value: float) -> Callable[[np.ndarray], np.ndarray]:
        def spoil(xyz: np.ndarray) -> np.ndarray:
            xyz[5:8, 33:36, 1] = value
            xyz[0, 0, 2] = -value
            return xyz

        return spoil

    case = endless(world, lost(np.inf))
    report = examine(case)
    (finding,) = report.findings
    assert (finding.check, finding.severity) == ("infinite", "error")
    assert set(finding.clip_ids) == {clip.clip_id for clip in world}
    assert "NaN" in finding.todo
    assert report.verdict.startswith("Mend the errors first")
    missing = examine(endless(world, lost(np.nan)))
    assert str(report.detection) == str(missing.detection), "measured as what is missing"
    write_page(tmp_path / "page.html", case, report)


def test_a_clip_of_nothing_finite_has_no_hand_and_no_body(
    hands_world: tuple[Clip, ...], endless: Callable[..., Case]
) -> None:
    report = examine(endless(hands_world, lambda xyz: np.full_like(xyz, np.inf)))
    assert [finding.check for finding in report.findings] == ["infinite"]
    assert report.detection.hand == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_exchanged_axes_are_the_one_finding(
    layout: str, findings_in: Find, spoilt: Plant, request: pytest.FixtureRequest
) -> None:
    clips: Sequence[Clip] = request.getfixturevalue(layout)
    clips = [replace(clip, width=320, height=240) for clip in clips]
    fine = findings_in(clips)
    findings = findings_in(spoilt(clips, exchanged))
    assert set(findings) - set(fine) == {"exchanged_axes"}
    assert findings["exchanged_axes"].severity == "error"
    assert len(findings["exchanged_axes"].clip_ids) >= 0.8 * len(clips)


def test_some_exchanged_axes_are_found_in_the_clips_that_have_them(
    world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    findings = findings_in(spoilt(world, exchanged, SOME))
    assert set(findings) == {"exchanged_axes"}
    assert set(findings["exchanged_axes"].clip_ids) == {clip.clip_id for clip in world[SOME]}


def test_hands_that_rise_sideways_are_not_called_upside_down_too(
    hands_world: tuple[Clip, ...], consult: Consult
) -> None:
    case = consult(hands_world)
    ways = np.where(np.arange(len(hands_world)) % 10 < 4, 1.0, -1.0)
    measures = replace(case.measures, raised=ways, raised_left=np.ones(len(ways)))
    assert [f.check for f in check(replace(case, measures=measures))] == ["exchanged_axes"]
    measures = replace(case.measures, raised=ways, raised_left=ways)
    assert [f.check for f in check(replace(case, measures=measures))] == ["upside_down"]


@pytest.mark.parametrize("turned", ["left", "right", "over"])
def test_a_video_on_its_side_or_head_is_not_called_exchanged(
    turned: str, world: tuple[Clip, ...], findings_in: Find, spoilt: Plant
) -> None:
    def turn(xyz: np.ndarray) -> np.ndarray:
        x, y, z = np.moveaxis(xyz, 2, 0)
        ways = {"left": (y, 1 - x), "right": (1 - y, x), "over": (1 - x, 1 - y)}
        return np.stack([*ways[turned], z], axis=2)

    assert "exchanged_axes" not in findings_in(spoilt(world, turn))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", ["wlasl100", "wlasl2000_hands"])
def test_real_stores_are_written_well(name: str, real_case: Callable[[str], Case]) -> None:
    case = real_case(name)
    assert case.measures.zeros.max() == 0
    assert not {"zeros", "exchanged_axes"} & {finding.check for finding in check(case)}
