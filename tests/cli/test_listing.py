"""``raysign data manifest``, and what is taken for one at the doors of extract and import."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.cli.data import data
from raysign.cli.extract import extract
from raysign.clip import Clip
from raysign.extract import Extracted
from raysign.manifest import Outcome, VideoClip
from raysign.store import load_clips, read_manifest, write_manifest, write_store

pytest.importorskip("mediapipe", reason="the extra `extract` is not installed")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of videos of which extraction makes what their names say."""
    monkeypatch.chdir(tmp_path)
    for name in ("hello/anna", "hello/ben", "bye/anna", "bye/ben"):
        video(name)
    monkeypatch.setattr("raysign.pipeline.in_process", made_up)


def video(name: str) -> None:
    path = Path(f"videos/{name}.mp4")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)


def made_up(rows: Any, config: Any) -> Any:
    """Without MediaPipe: "bad" is a failure; each call is counted."""
    from raysign.video.content import sha256

    for number, row in rows:
        digest = sha256(row.path)
        if "bad" in row.path:
            outcome = Outcome(row.clip_id, row.path, "failed", "it is broken", digest)
            yield number, Extracted(None, outcome)
            continue
        xyz = np.random.default_rng(number).random((9, 75, 3)).astype(np.float32)
        facts = {name: getattr(row, name) for name in ("sign", "signer", "split")}
        clip = Clip(row.clip_id, xyz, "holistic75", **facts, fps=25.0)
        outcome = Outcome(row.clip_id, row.path, "ok", "", digest, 9, 25.0)
        yield number, Extracted(clip, outcome)


def call(capsys: pytest.CaptureFixture[str], door: Any, *args: str) -> tuple[int, str, list[str]]:
    with pytest.raises(SystemExit) as end:
        door.main(list(args))
    out, err = capsys.readouterr()
    return int(end.value.code or 0), out, err.splitlines()


def test_from_a_folder_to_a_store_that_can_be_trained_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The labels that a folder cannot say are added afterwards; no video is looked at again."""
    assert call(capsys, extract, "videos", "--out", "store", "--local")[0] == 0
    code, _, err = call(capsys, data, "split", "store")
    assert code == 2
    hint = "`raysign data manifest store --out clips.csv` lists those"
    assert hint in err[0]
    assert call(capsys, data, "split", "store", "splits=signer_disjoint")[2][0].count(hint) == 1

    code, out, _ = call(capsys, data, "manifest", "store", "--out", "clips.csv")
    assert (code, out) == (0, "clips.csv: 4 clips; to fill in: signer in 4, split in 4\n")
    lines = Path("clips.csv").read_text().split()
    assert lines[0] == "clip_id,path,sign,signer,split"
    filled = [line[:-2] + f",{line.split(',')[0].split('/')[1]}," for line in lines[1:]]
    Path("clips.csv").write_text("\n".join([lines[0], *filled]))
    code, out, _ = call(
        capsys, extract, "clips.csv", "--out", "store", "--local", "--update", "--json"
    )
    assert (code, json.loads(out)["extracted"]) == (0, 0)
    assert set(load_clips("store").signer) == {"anna", "ben"}
    code, out, _ = call(capsys, data, "split", "store", "splits=signer_disjoint", "--json")
    assert (code, json.loads(out)["train"]["clips"]) == (0, 2)


def test_a_folder_becomes_a_manifest_to_fill_in(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, data, "manifest", "videos", "--out", "clips.csv", "--json")
    assert code == 0
    assert json.loads(out)["empty"] == {"sign": 0, "signer": 4, "split": 4}
    assert read_manifest("clips.csv") == read_manifest("videos")
    Path("clips.csv").write_text("my work")
    code, _, err = call(capsys, data, "manifest", "videos", "--out", "clips.csv")
    assert (code, "may hold work of yours" in err[0]) == (2, True)
    assert Path("clips.csv").read_text() == "my work"


def test_a_clip_that_failed_keeps_its_labels_and_gets_new_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    video("hello/bad")
    rows = read_manifest("videos")
    for split in ("train", "test"):
        labelled = [replace(row, signer="s", split=split) for row in rows]
        write_manifest("clips.csv", labelled)
        update = ["--update"] * (split == "test")
        args = ("clips.csv", "--out", "store", "--local", "--max-failed", "1", *update)
        assert call(capsys, extract, *args)[0] == 0
        out = f"{split}.csv"
        code, text, err = call(capsys, data, "manifest", "store", "--out", out)
        assert (code, text, err) == (0, f"{out}: 5 clips\n", [])
        assert read_manifest(out) == labelled


def test_files_of_other_kinds_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    Path("videos/hello/carl.swf").touch()
    note = "note: 1 file of another kind is left out (.swf)"
    assert note in call(capsys, extract, "videos", "--out", "store", "--local")[2]
    assert note in call(capsys, data, "manifest", "videos", "--out", "clips.csv")[2]


def test_a_manifest_in_the_folder_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [VideoClip("one", "hello/anna.mp4", "hello", "anna", "train")]
    write_manifest("videos/manifest.csv", rows)
    code, out, err = call(capsys, extract, "videos/", "--out", "store", "--local", "--json")
    assert (code, json.loads(out)["ok"]) == (0, 1)
    assert err[0] == "videos/ holds a manifest: reading videos/manifest.csv"
    clips = load_clips("store")
    assert (clips.clip_id.tolist(), clips.signer.tolist()) == (["one"], ["anna"])


def test_a_folder_of_exported_poses_keeps_its_labels(capsys: pytest.CaptureFixture[str]) -> None:
    xyz = np.full((3, 75, 3), 0.5, dtype=np.float16)
    write_store("made", [Clip("a/b", xyz, "holistic75", sign="a", signer="s", split="val")])
    assert call(capsys, data, "export", "made", "--out", "poses")[0] == 0
    code, _, err = call(capsys, data, "import", "poses", "--format", "pose", "--out", "again")
    assert (code, err) == (0, ["poses holds a manifest: reading poses/manifest.csv"])
    assert load_clips("again").signer.tolist() == ["s"]


def test_videos_without_a_sign_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, extract, "videos/hello", "--out", "store", "--local")
    assert code == 0
    assert err[0].startswith("note: no clip has a sign, and training needs them: lay the folder")
    assert "note:" not in " ".join(call(capsys, extract, "videos", "--out", "s", "--local")[2])


def test_one_video_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, extract, "videos/hello/anna.mp4", "--out", "store", "--local")
    assert (code, len(err)) == (2, 1)
    assert "lay it out as videos/SIGN/anna.mp4 and give videos, or write clips.csv" in err[0]


def test_failures_are_named_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abcd":
        video(f"bye/bad-{name}")
    folder = Path("videos/bye").resolve()
    code, out, err = call(capsys, extract, "videos", "--out", "store", "--local")
    assert code == 2
    assert out.splitlines()[0].startswith("store: 4 clips; 0 skipped, 4 failed; 36 frames in ")
    assert out.splitlines()[1:] == ["- 4 × it is broken"]
    named = "; ".join(f"{folder}/bad-{name}.mp4 (it is broken)" for name in "abc")
    what = f"{named}; and 1 more; mend them, then give the same command with --update"
    assert err[-1] == f"error: 4 of 8 clips failed, more than --max-failed 0.1: {what}"
    # Also where there is nothing left to do, and where so many may fail.
    code, out, err = call(capsys, extract, "videos", "--out", "store", "--local")
    assert (code, err[-1]) == (2, f"error: 4 of 8 clips failed, more than --max-failed 0.1: {what}")
    assert out.splitlines()[0] == "store: 4 clips; 0 skipped, 4 failed"
    code, _, err = call(
        capsys, extract, "videos", "--out", "store", "--local", "--max-failed", "0.5"
    )
    assert (code, err[-1]) == (0, f"4 failed: {what}")


def test_ctrl_c_says_what_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(rows: Any, config: Any) -> Any:
        for count, answer in enumerate(made_up(rows, config)):
            if count == 3:
                raise KeyboardInterrupt
            yield answer

    command = ("videos", "--out", "store", "--local", "--rows-per-part", "2")
    with monkeypatch.context() as patch:
        patch.setattr("raysign.pipeline.in_process", stopped)
        code, _, err = call(capsys, extract, *command)
    assert code == 130
    kept = "2 of 4 clips are kept; the same command goes on after them"
    assert [line for line in err if line][-2:] == [kept, "interrupted"]
    code, _, err = call(capsys, extract, *command)
    assert (code, "2 clips to extract, 2 are done" in err) == (0, True)


def test_ray_does_not_start_for_what_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(**_: object) -> None:
        raise AssertionError("Ray starts")

    monkeypatch.setattr("raysign.cluster.start", start)
    write_store("foreign", [Clip("a", np.zeros((3, 42, 3), np.float16), "hands42")])
    Path("file").touch()
    for out, said in (
        ("foreign", "is there already, and no extraction made it"),
        ("file/store", "cannot"),
    ):
        code, _, err = call(capsys, extract, "videos", "--out", out)
        assert (code, len(err)) == (2, 1), err
        assert said in err[0]
    assert call(capsys, extract, "videos", "--out", "store", "--local")[0] == 0
    code, _, err = call(capsys, extract, "videos", "--out", "store", "fps=12")
    assert (code, len(err), "fps=unset, now 12.0" in err[0]) == (2, 1, True)
    assert call(capsys, extract, "videos", "--out", "store")[0] == 0, "it is whole already"
