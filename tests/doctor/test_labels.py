"""What labels, lengths, copies and outcomes tell."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.cli.extract import extract
from raysign.cli.listing import manifest
from raysign.cli.show import show
from raysign.cli.train import train
from raysign.clip import Clip
from raysign.config import ExtractConfig, TrainConfig, load_config
from raysign.config.extract import CropConfig
from raysign.doctor import Case, Finding, open_case
from raysign.doctor.checks import check
from raysign.manifest import Outcome

Consult = Callable[..., Case]
Find = Callable[..., dict[str, Finding]]
Plant = Callable[..., list[Clip]]
Spoil = Callable[[np.ndarray], np.ndarray]

SOME = slice(0, 60, 12)


def test_what_is_not_known_is_a_note(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    clips = relabelled(world, width=None, height=None, fps=None, signer="")
    findings = findings_in(clips)
    assert set(findings) == {"shape_unknown", "fps_unknown", "signer_unknown"}
    assert {f.severity for f in findings.values()} == {"note"}


def test_clips_without_a_sign_are_named(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    findings = findings_in(relabelled(world, SOME, sign=""))
    assert findings["sign_unknown"].severity == "warning"
    assert set(findings["sign_unknown"].clip_ids) == {clip.clip_id for clip in world[SOME]}
    assert "5 of 60 clips" in findings["sign_unknown"].found


def test_frame_rates(world: tuple[Clip, ...], findings_in: Find, relabelled: Plant) -> None:
    clips = relabelled(relabelled(world, SOME, fps=50.0), slice(1, 2), fps=5.0)
    findings = findings_in(clips, [Outcome(c.clip_id, "v.mp4", "ok") for c in clips])
    assert set(findings["fps_mixed"].clip_ids) == {clip.clip_id for clip in world[SOME]}
    assert findings["fps_mixed"].command.endswith("fps=25")
    assert findings["fps_odd"].clip_ids == (world[1].clip_id,)


def test_frame_rates_that_cannot_be_are_not_known(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    clips = relabelled(relabelled(world, SOME, fps=50.0), slice(2, 5), fps=5.0)
    for number, fps in enumerate((0.0, -5.0, float("nan"))):
        clips[number] = replace(clips[number], fps=fps)
    findings = findings_in(clips)
    assert set(findings["fps_unknown"].clip_ids) == {clip.clip_id for clip in world[:3]}
    assert findings["fps_odd"].clip_ids == tuple(clip.clip_id for clip in world[3:5])
    others = {clip.clip_id for clip in world[SOME]} - {world[0].clip_id}
    assert set(findings["fps_mixed"].clip_ids) == others


def test_duplicates(world: tuple[Clip, ...], findings_in: Find) -> None:
    train, val = world[0], world[-1]
    other = next(c for c in world if c.split == "train" and c.sign != train.sign)
    copies = [
        replace(train, clip_id="across", split="val"),
        replace(other, clip_id="renamed", sign=train.sign),
        replace(val, clip_id="again"),
    ]
    findings = findings_in([*world, *copies])
    assert set(findings["duplicates_across"].clip_ids) == {train.clip_id, "across"}
    assert set(findings["duplicates_signs"].clip_ids) == {other.clip_id, "renamed"}
    assert set(findings["duplicates_within"].clip_ids) == {val.clip_id, "again"}
    assert [findings[f"duplicates_{n}"].severity for n in ("across", "signs", "within")] == [
        "warning",
        "warning",
        "note",
    ]


def test_empty_clips_are_no_duplicates(world: tuple[Clip, ...], findings_in: Find) -> None:
    nothing = np.full((5, 75, 3), np.nan, dtype=np.float16)
    clips = [replace(c, xyz=nothing, confidence=None) if i < 9 else c for i, c in enumerate(world)]
    assert not any("duplicates" in name for name in findings_in(clips))


def test_signs_and_signers(world: tuple[Clip, ...], findings_in: Find) -> None:
    signs = sorted({clip.sign for clip in world})
    few = {clip.clip_id for clip in world if clip.sign == signs[0]}
    clips = [
        clip
        for clip in world
        if clip.sign != signs[0] or clip.split == "val" or clip.signer == "s00"
    ]
    clips = [replace(c, signer="s01") if c.sign == signs[1] else c for c in clips]
    clips = [c for c in clips if c.sign != signs[2] or c.split == "val"]
    findings = findings_in(clips)
    assert set(findings["few_clips"].clip_ids) < few
    assert findings["few_clips"].severity == "warning"
    assert {c.sign for c in clips if c.clip_id in findings["one_signer"].clip_ids} == {signs[1]}
    assert {c.sign for c in clips if c.clip_id in findings["val_signs_untrained"].clip_ids} == {
        signs[2]
    }
    assert "1 of 3 signers of val also sign in train" in findings["signers_shared"].found


def test_signs_with_few_clips_are_found_without_a_split(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    """As in a store that was made of a folder."""
    clips = relabelled(world, split="")
    assert "few_clips" not in findings_in(clips)
    lone = [clip.sign for clip in clips].index(clips[-1].sign)
    few = findings_in([c for i, c in enumerate(clips) if c.sign != clips[-1].sign or i == lone])
    assert few["few_clips"].clip_ids == (clips[lone].clip_id,)
    assert "1 of 10 signs (10 %) with fewer than 3 clips (" in few["few_clips"].found


def test_one_split_alone_is_not_taken_for_training_data(
    world: tuple[Clip, ...], consult: Consult
) -> None:
    case = open_case(f"{consult(world).store}:val")
    assert "few_clips" not in {finding.check for finding in check(case)}


def test_one_signer_for_all(world: tuple[Clip, ...], findings_in: Find, relabelled: Plant) -> None:
    findings = findings_in(relabelled(world, signer="ann"))
    assert findings["one_signer"].severity == "warning"


def test_no_val(world: tuple[Clip, ...], findings_in: Find, relabelled: Plant) -> None:
    findings = findings_in(relabelled(world, split="train"))
    assert "val" in findings["split_missing"].found
    assert "signer_disjoint" in findings["split_missing"].command


def shuffled(xyz: np.ndarray) -> np.ndarray:
    return xyz[:, np.random.default_rng(1).permutation(xyz.shape[1])]


def test_the_test_split_is_counted_and_not_read(
    world: tuple[Clip, ...], consult: Consult, spoilt: Plant
) -> None:
    hidden = spoilt([replace(c, split="test") for c in world[40:]], shuffled)
    stray = replace(hidden[0], clip_id="stray", sign="unheard of")
    case = consult([*world[:40], *hidden, stray])
    assert len(case.clips) == 40
    assert not np.isin(case.facts.split, "test").any()
    findings = {finding.check: finding for finding in check(case)}
    assert not any(f.in_landmarks for f in findings.values())
    assert findings["test_signs_untrained"].clip_ids == ("stray",)
    assert "duplicates_across" not in findings


def test_a_video_of_test_that_was_trained_on(world: tuple[Clip, ...], findings_in: Find) -> None:
    clips = [replace(c, split="test") if i >= 50 else c for i, c in enumerate(world)]

    def outcomes(**span: str) -> list[Outcome]:
        """The last clip's video is the first one's too; the last but one's is test's alone."""
        alike = {clips[0].clip_id: "a", clips[-1].clip_id: "a"}
        alike |= {clips[-2].clip_id: "b", clips[-3].clip_id: "b"}
        return [
            Outcome(c.clip_id, "v", "ok", sha256=alike.get(n := c.clip_id, n), span=span.get(n, ""))
            for c in clips
        ]

    found = findings_in(clips, outcomes())["duplicates_test"]
    assert found.severity == "warning"
    assert found.clip_ids == (clips[0].clip_id, clips[-1].clip_id)
    assert f"1 of 10 clips (10 %) of test made of a video that is also in {clips[0].split}" in (
        found.found
    )
    elsewhere = outcomes(**{clips[-1].clip_id: "seconds 3–4"})
    assert "duplicates_test" not in findings_in(clips, elsewhere)
    # An import knows no sha256.
    unknown = [replace(row, sha256="") for row in outcomes()]
    assert "duplicates_test" not in findings_in(clips, unknown)


def test_videos_that_failed_are_extracted_again_in_place(
    world: tuple[Clip, ...], findings_in: Find
) -> None:
    outcomes = [Outcome("bad", "v.mp4", "failed", "no such file")]
    assert "`raysign extract` command again with `--update`" in (
        findings_in(world, outcomes)["videos_failed"].todo
    )
    imported = findings_in(world, outcomes, imported=True)["videos_failed"]
    assert "failed in import: no such file (1)" in imported.found
    assert imported.todo.endswith("import all of them into a new store.")


@pytest.mark.parametrize(
    ("known", "check", "severity", "said"),
    [
        ({"split": "", "signer": ""}, "split_missing", "error", "and no signer is known"),
        ({"split": "train", "signer": "ann"}, "split_missing", "error", "1 signer can be held"),
        ({"split": "train"}, "split_missing", "warning", "no clip is in val"),
        ({"sign": ""}, "untrainable", "error", "leaves train without labelled clips"),
    ],
)
def test_a_store_that_training_refuses(
    known: dict[str, str],
    check: str,
    severity: str,
    said: str,
    world: tuple[Clip, ...],
    findings_in: Find,
    relabelled: Plant,
) -> None:
    clips = relabelled(world, **known)
    outcomes = [Outcome(c.clip_id, f"/videos/{c.clip_id}.mp4", "ok") for c in clips]
    for made in ({}, {"imported": True}):
        finding = findings_in(clips, outcomes, **made)[check]
        assert finding.severity == severity
        assert said in finding.found
        if severity == "error":
            assert bool(finding.command) == (not made)


def test_every_command_can_be_given(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant, spoilt: Plant
) -> None:
    """None has a placeholder, and each is one that its door takes."""
    clips = relabelled(relabelled(world, split="", signer=""), SOME, fps=50.0)
    clips = spoilt(clips, lambda xyz: xyz * np.nan, slice(3, 4))
    clips += [replace(world[0], clip_id=f"more {n}", split=n) for n in ("train", "test")]
    outcomes = [Outcome(c.clip_id, f"/my videos/{c.sign}.mp4", "ok", sha256="a") for c in clips]
    doors = {"extract": extract, "train": train, "show": show, "data": manifest}
    given = set()
    for finding in findings_in(clips, outcomes).values():
        for line in finding.command.splitlines():
            _, door, *arguments = shlex.split(line)
            arguments = arguments[door == "data" :]  # data's own word: manifest
            context = doors[door].make_context(door, [*arguments])
            assert not [value for value in arguments if value.isupper()]
            for setting in context.params.get("overrides", ()):
                key, _, value = setting.partition("=")
                load_config(ExtractConfig if door == "extract" else TrainConfig, None, [setting])
                if key == "data.store":
                    assert Path(value).is_dir()
            given.add(finding.check)
    assert given >= {"empty", "split_missing", "fps_mixed", "duplicates_test", "signer_unknown"}


def test_a_command_extracts_with_the_settings_of_the_store(
    world: tuple[Clip, ...], findings_in: Find, relabelled: Plant
) -> None:
    """Others are refused by --update, and would be another store's."""
    clips = relabelled(relabelled(world, signer=""), SOME, fps=50.0)
    outcomes = [Outcome(c.clip_id, "v.mp4", "ok") for c in clips]
    own = ExtractConfig(smooth=False, max_s=9.5, fps=12.5, crop=CropConfig(left=0.25))
    left_out = {"backend", "timeout_s", "model", "max_frames"}
    settings = own.model_dump(mode="json", exclude=left_out)
    findings = findings_in(clips, outcomes, settings=settings)
    faster = own.model_copy(update={"fps": 25})
    for named, meant in (("signer_unknown", own), ("fps_mixed", faster)):
        _, door, *arguments = shlex.split(findings[named].command.splitlines()[1])
        given = extract.make_context(door, arguments).params["overrides"]
        assert load_config(ExtractConfig, None, given) == meant
        assert len(given) == 4, "no more than what differs, and each once"


def test_outcomes_are_told_by_reason(world: tuple[Clip, ...], findings_in: Find) -> None:
    outcomes = [Outcome(c.clip_id, "v.mp4", "ok") for c in world]
    outcomes += [Outcome(f"bad{i}", "v.mp4", "failed", "it has no frames") for i in range(20)]
    outcomes += [Outcome("none", "v.mp4", "skipped", "nobody is in it")]
    findings = findings_in(world, outcomes)
    assert findings["videos_failed"].severity == "error"
    assert "20 of 81 videos (25 %) failed" in findings["videos_failed"].found
    assert "it has no frames (20)" in findings["videos_failed"].found
    assert findings["videos_skipped"].severity == "note"
    assert findings["videos_skipped"].clip_ids == ("none",)
