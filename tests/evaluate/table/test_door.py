"""``raysign table``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from raysign.cli.table import table as door
from raysign.tracking import connect


def test_the_door_writes_and_prints(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path
) -> None:
    arguments = [f"M1={','.join(rows['M1'][:2])}", f"M5={rows['M5'][0]}"]
    arguments += ["--queries", f"{store}:val", "--gallery", f"{store}:train"]
    arguments += ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(door, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    assert printed == json.loads((tmp_path / "out" / "table.json").read_text())
    assert [row["label"] for row in printed["rows"]] == ["M1", "M5"]
    assert printed["rows"][1]["against_above"]["map_seed_error"] > 0
    told = CliRunner().invoke(door, [*arguments, "data.empty_clips=drop"]).stdout
    assert "M1 published: R@1 .178  R@5 .455" in told
    assert f"note: {printed['caveat']}" in told.splitlines()
    assert told.splitlines()[-1] == f"the page: {tmp_path / 'out' / 'report.html'}"


def test_the_door_explains_a_recorded_sweep(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    tracker = connect()
    sweep = tracker.start_run("ambiguity", tags={"kind": "sweep"})
    tracker.log_text(sweep, "space: {encoder.depth: {choice: [2, 4]}}", "space.yaml")
    for number in range(10):
        tags = {"kind": "trial", "searched": "encoder.depth"}
        depth = 2 + 2 * (number % 2)
        trial = tracker.start_run(f"trial-{number:03d}", parent=sweep, tags=tags)
        tracker.log_params(trial, {"encoder.depth": depth})
        tracker.log_metrics(trial, {"best/val/map": depth / 10}, 1)
        tracker.finish(trial)
    arguments = [f"M1={rows['M1'][0]}", "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    arguments += ["--out", str(tmp_path / "out"), "--sweep", sweep, "--json"]
    done = CliRunner().invoke(door, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["importance"]
    assert (found["sweep"], found["trials"], found["best"]) == ("ambiguity", 10, 0.4)
    (choice,) = found["choices"]
    assert choice["share"]["value"] == pytest.approx(1)
    assert [level["value"] for level in choice["levels"]] == ["4", "2"]
    assert "ambiguity" in (tmp_path / "out" / "report.md").read_text()


def test_where_nothing_could_be_kept_nothing_is_measured(
    rows: dict[str, tuple[str, ...]], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("raysign.evaluate.table.build", None)
    arguments = [f"M1={rows['M1'][0]}", "--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*arguments, "--out", str(tmp_path / "file")])
    assert done.exit_code == 2
    assert "cannot be kept in" in done.stderr


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["M1"], "is not of the form LABEL=MODEL"),
        (["M1=nowhere"], "bundle 'nowhere' does not exist"),
        (["M1=nowhere", "--sweep", "abc"], "no MLflow file at"),
        (["M1=nowhere", "data.synthetic.language=2"], "changes the synthetic world"),
    ],
)
def test_what_the_door_refuses_leaves_nothing(
    rows: list[str], says: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    selections = ["--queries", f"{store}:val", "--gallery", f"{store}:train"]
    done = CliRunner().invoke(door, [*rows, *selections])
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
