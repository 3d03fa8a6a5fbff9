"""What ``raysign sweep --resume`` refuses, before any clip is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from raysign.cli.sweep import sweep
from raysign.config import SweepConfig, resolve
from raysign.sweep.resume import open_journal

GIVEN = {"space": {"optim.lr": {"log_uniform": [1e-5, 1e-1]}}, "seed": 3}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        config = resolve(SweepConfig, GIVEN)
        open_journal(tmp_path / name, config, data="clips", commit="commit").close()
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (["--resume", "onne"], "no sweep is called so in '{runs}'; there are one, two"),
        (["--resume", "one", "--seed", "4"], "began with seed=3, now 4, and keeps what it began"),
        (["--resume", "one", "--name", "x"], "takes the name and the settings that the sweep has"),
        (["--resume", "one", "--config", "x.yaml"], "leave --config out"),
        (["--resume", "one", "--data", "s"], "train.data.store=unset, now s, and keeps"),
    ],
)
def test_one_line_that_says_what_to_type(
    asked: list[str], says: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.read_bytes() for file in runs.rglob("*") if file.is_file()}
    with pytest.raises(SystemExit) as end:
        sweep.main([*asked, "--out", str(runs)])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says.format(runs=runs) in line
    assert {file: file.read_bytes() for file in runs.rglob("*") if file.is_file()} == before
