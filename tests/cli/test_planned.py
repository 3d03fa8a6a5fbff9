"""What a run's doors refuse, ``--dry-run`` refuses likewise; and what is given is not searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from raysign.cli.sweep import sweep
from raysign.cli.train import train
from raysign.config import SweepConfig, TrainConfig, resolve
from raysign.sweep.resume import open_journal
from raysign.train.checkpoint import claim

SPACE = "space: {optim.lr: {log_uniform: [1.0e-5, 1.0e-1]}}"


@pytest.fixture
def error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """The line of a command that ends before anything is planned."""

    def planned(*_: Any) -> None:
        raise AssertionError("it was planned")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(SPACE)
    monkeypatch.setattr("raysign.sweep.plan_sweep", planned)
    monkeypatch.setattr("raysign.sweep.plan_training", planned)

    def run(door: Any, *args: str) -> str:
        with pytest.raises(SystemExit) as end:
            door.main(args)
        (line,) = capsys.readouterr().err.splitlines()
        assert end.value.code == 2
        return str(line)

    return run


def test_a_sweep_whose_name_is_taken(error: Any, tmp_path: Path) -> None:
    began = resolve(SweepConfig, {"space": {"optim.lr": {"log_uniform": [1e-5, 0.1]}}, "seed": 3})
    open_journal(tmp_path / "runs" / "one", began, data="clips", commit="commit").close()
    line = error(sweep, "--config", "space.yaml", "--name", "one", "--dry-run")
    assert "there is a sweep 'one' in " in line
    assert "seed=3, now 0" in line


def test_a_training_whose_name_is_taken(error: Any, tmp_path: Path) -> None:
    claim(tmp_path / "runs" / "one", resolve(TrainConfig, {"seed": 3}), "clips")
    line = error(train, "--name", "one", "--dry-run")
    assert "run 'one' began with seed=3, now 0" in line


@pytest.mark.parametrize(
    "given", ["train.optim.lr=0.001", "train.optim={lr: 0.001}", "train={optim: {lr: 0.001}}"]
)
def test_what_is_given_is_not_searched(error: Any, given: str) -> None:
    line = error(sweep, "--config", "space.yaml", "--dry-run", given)
    assert "nothing is left to search: optim.lr are given for every trial" in line
