"""``raysign show`` and ``raysign doctor`` through their doors."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raysign.cli import COMMANDS
from raysign.cli.doctor import doctor
from raysign.cli.show import show
from raysign.config import CropConfig, ExtractConfig, SyntheticConfig
from raysign.store import iter_clips, read_clip, write_store
from raysign.synthetic import World
from raysign.video import write_mp4


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World(SyntheticConfig(signs=20, train_signers=2, val_signers=1))
    folder = tmp_path_factory.mktemp("stores") / "toy"
    clips = list(world.clips())
    some = sorted({clip.clip_id[:11] for clip in clips})[:6]
    write_store(folder, [clip for clip in clips if clip.clip_id[:11] in some])
    return folder


@pytest.fixture
def store(toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with the store ``toy`` and nothing else."""
    shutil.copytree(toy, tmp_path / "toy")
    monkeypatch.chdir(tmp_path)
    return "toy"


def run(door: object, *args: str) -> int:
    with pytest.raises(SystemExit) as end:
        door.main(list(args))  # type: ignore[attr-defined]
    return int(end.value.code or 0)


def test_both_doors_are_there() -> None:
    assert {"show", "doctor"} <= set(COMMANDS)


def test_show(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (store, "syn1-000003-s01", "--out", "a.png", "--size", "60", "--json")
    assert run(show, *asked) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["clip_id"] == "syn1-000003-s01"
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


def test_show_over_a_video_that_was_cropped(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = replace(read_clip(store, "syn1-000003-s01"), width=48, height=64)
    settings = ExtractConfig(crop=CropConfig(left=0.5)).model_dump(mode="json")
    write_store("cropped", [clip], about={"extractor": {"settings": settings}})
    write_mp4("video.mp4", (np.zeros((64, 96, 3), dtype=np.uint8) for _ in clip.xyz), 25.0)
    asked = (clip.clip_id, "--video", "video.mp4", "--out", "a.png")
    assert run(show, "cropped", *asked) == 0, capsys.readouterr().err
    (tmp_path / "cropped" / "extraction.json").unlink()
    assert run(show, "cropped", *asked) == 2
    assert "which knows crop and rotation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("toy", "nobody", "--out", "a.gif"), "has no clip 'nobody'"),
        (("toy", "--out", "a.gif"), "type raysign show toy syn1-000000-s00 --out a.gif"),
        (("toy",), "It has syn1-000000-s00, syn1-000001-s00, "),
        (("toy",), "`raysign data ids toy` lists all): type raysign show toy syn1-000000-s00 "),
        (("toy", "syn1-000003-s01"), "type raysign show toy syn1-000003-s01 --out clip.gif"),
        (("toy", "syn1-000003-s01", "--out", "a.gif", "--start", "3"), "give --video too"),
        (("nowhere", "x", "--out", "a.gif"), "no store at"),
        (("toy:val", "syn1-000003-s01", "--out", "a.gif"), "is in train, not in val"),
        (("toy", "syn1-000003-s01", "--out", "a.txt"), "must end in"),
        (("toy", "syn1-000003-s01", "--out", "a.gif", "--video", "no.mp4"), "no.mp4"),
        (("toy", "syn1-000003-s01", "--out", "a.gif", "--slow", "0"), "slow"),
    ],
)
def test_show_refuses_in_one_line(
    args: tuple[str, ...], said: str, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(show, *args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line
    assert sorted(p.name for p in Path().iterdir()) == [store]


def test_doctor(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(doctor, store, "--html", "page.html") == 0
    assert "Fit to train on" in capsys.readouterr().out
    assert "<title>raysign doctor: toy</title>" in Path("page.html").read_text(encoding="utf-8")
    assert run(doctor, store, "--json") == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 18


def test_doctor_strictly(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(doctor, store, "--strict") == 0
    clips = [replace(clip, split="", signer="") for clip in iter_clips(store)]
    write_store("bare", clips)
    assert run(doctor, "bare") == 0
    capsys.readouterr()
    assert run(doctor, "bare", "--strict", "--json") == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["counts"]["error"] == 1
    assert err == "error: 1 error in 'bare'; mend what is found above\n"
    assert list(json.loads(out)["splits"]) == ["none"]


def test_doctor_examines_one_split(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(doctor, f"{store}:val", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["store"], report["clips"], list(report["splits"])) == ("toy:val", 6, ["val"])
    assert "split_missing" not in [finding["check"] for finding in report["findings"]]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("toy/part-00000.parquet", "must name a file that ends in .html"),
        ("notes.md", "must name a file that ends in .html"),
        ("toy/page.html", "lies inside the store"),
        ("nowhere/page.html", "there is no folder 'nowhere'"),
    ],
)
def test_doctor_overwrites_nothing_and_says_so_before_it_measures(
    page: str,
    words: str,
    store: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the store is measured")

    monkeypatch.setattr("raysign.doctor.open_case", read)
    Path("notes.md").write_text("mine")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert Path("toy/part-00000.parquet") in before
    for selection in (store, f"{store}:val"):
        assert run(doctor, selection, "--html", page) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ")
        assert words in line
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "args",
    [
        ("nowhere",),
        ("toy:dev",),
        ("toy:test",),
    ],
)
def test_doctor_refuses_in_one_line(
    args: tuple[str, ...], store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(doctor, *args) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
