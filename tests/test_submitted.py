"""What a submitted job is told of the copy that it runs in."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest

from raysign.cli.door import door
from raysign.errors import ConfigError, StoreError, TrackingError
from raysign.submitted import JOB, check_lasts, copied_folder, goes_away, left_out
from raysign.tracking import check, connect


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As Ray sets a job up."""
    folder = tmp_path / "session/runtime_resources/working_dir_files/_ray_pkg_c0ffee"
    (folder / "jobs").mkdir(parents=True)
    monkeypatch.setenv(JOB, '{"runtime_env": {"working_dir": "gcs://_ray_pkg_c0ffee.zip"}}')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(params=["a shell", "a job in a folder that stays"])
def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if request.param == "a shell":
        monkeypatch.delenv(JOB, raising=False)
    else:
        monkeypatch.setenv(JOB, "{}")


def test_the_copy_is_known_from_inside(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert copied_folder() == copy
    monkeypatch.chdir(copy / "jobs")
    assert copied_folder() == copy


def test_elsewhere_nothing_goes_away(elsewhere: None) -> None:
    assert copied_folder() is None
    check_lasts("--out", "runs")
    assert left_out("no store at 'stores/x'", ["--data", "stores/x"]) == ""


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("runs", True),
        ("../_ray_pkg_c0ffee/runs", True),
        ("/shared/runs", False),
        ("s3://bucket/runs", False),
    ],
)
def test_what_goes_away(copy: Path, path: str, goes: bool) -> None:
    assert goes_away(path) is goes
    assert goes_away(copy / "runs")


def test_what_is_written_there_is_refused(copy: Path) -> None:
    with pytest.raises(ConfigError, match="--out 'runs/table' would be lost") as refused:
        check_lasts("--out", "runs/table")
    assert str(refused.value).endswith("such as --out /shared/table")


def test_a_file_that_was_left_out_is_named(copy: Path) -> None:
    words = ["M1=runs/m1/bundle,runs/m2/bundle", "--queries", "stores/x:val", "--seed=3"]
    assert left_out("no store at 'stores/x': give", words).endswith("full path of 'stores/x'")
    assert left_out("bundle 'runs/m2/bundle' does not exist", words).endswith("'runs/m2/bundle'")
    assert left_out("store 'stores/y' is empty", words) == "", "nobody gave that"
    assert left_out("no sign 'x'", ["--sign", "x"]) == "", "that is no file"
    (copy / "stores/x").mkdir(parents=True)
    assert left_out("store 'stores/x' is empty", words) == "", "it is there"
    Path("stores/x").rmdir()
    assert left_out("in a submitted job 'stores/x' goes", words) == "", "said already"


def test_mlflow_in_the_copy_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for call in (check, connect):
        with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI") as refused:
            call()
        assert "\n" not in str(refused.value)
        assert "mlflow.db" in str(refused.value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///runs/mlflow.db")
    with pytest.raises(TrackingError, match="would be lost"):
        check()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{copy.parents[3]}/mlflow.db")
    check()
    assert [entry.name for entry in copy.iterdir()] == ["jobs"]


@door(example="toy")
@click.option("--out", default="runs")
@click.option("--data")
@click.option("--resume")
def toy(out: str, data: str | None, resume: str | None) -> None:
    """Play."""
    if data:
        raise StoreError(f"no store at {data!r}: give a folder")


def test_every_door_says_so(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for args, end in (
        ([], "such as --out /shared/runs\n"),
        (["--out", "/shared/runs", "--data", "stores/x"], "give the full path of 'stores/x'\n"),
    ):
        with pytest.raises(SystemExit) as code:
            toy.main(args, prog_name="toy")
        said = capsys.readouterr().err
        assert code.value.code == 2
        assert said.startswith("error: ")
        assert said.endswith(end)
        assert said.count("\n") == 1


def test_a_run_that_goes_on_is_elsewhere(copy: Path) -> None:
    with pytest.raises(SystemExit) as code:
        toy.main(["--resume", "/shared/runs/mine"], prog_name="toy")
    assert code.value.code == 0


def test_words_come_from_the_command_line(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["toy", "--out", "/shared/runs", "--data", "stores/x"])
    with pytest.raises(SystemExit):
        toy.main(prog_name="toy")
    assert "full path of 'stores/x'" in capsys.readouterr().err
