"""Somebody's desk: a folder of their own, and what the doors say in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from raysign.cli.sweep import sweep
from raysign.cli.train import train
from raysign.clip import Clip
from raysign.store import write_store
from raysign.tracking import connect

if TYPE_CHECKING:
    from pathlib import Path

DOORS = {"train": train, "sweep": sweep}


def clips(
    signs: int = 20, each: int = 3, layout: str = "hands42", missing: bool = False, **known: Any
) -> list[Clip]:
    """``each`` train clips and one val clip of every sign."""
    joints = 42 if layout == "hands42" else 75
    rng = np.random.default_rng(0)
    made = []
    for sign in range(signs):
        for number in range(each + 1):
            xyz = rng.random((6, joints, 3), dtype=np.float32)
            facts: dict[str, Any] = {
                "sign": f"sign{sign}",
                "signer": f"s{number}",
                "split": "val" if number == each else "train",
            } | known
            if missing:
                xyz[:] = np.nan
            made.append(Clip(f"{sign}-{number}", xyz, layout, **facts))
    return made


class Desk:
    """Somebody's folder, and what the doors say in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def error(self, door: str, *args: str) -> str:
        """The one line of a command that is refused."""
        before = sorted(self.folder.rglob("*"))
        with pytest.raises(SystemExit) as end:
            DOORS[door].main(list(args), prog_name=f"raysign {door}")
        out, err = self.capsys.readouterr()
        assert end.value.code == 2, err
        line = err.splitlines()[-1]
        assert err == f"{line}\n", "more than one line"
        assert line.startswith("error: ")
        assert len(line) < 500
        assert "Traceback" not in out
        assert sorted(self.folder.rglob("*")) == before, "something is left behind"
        return line

    clips = staticmethod(clips)

    def store(self, made: list[Clip] | None = None, **how: Any) -> None:
        """Write a store named ``store``."""
        write_store("store", clips(**how) if made is None else made)

    def set(self, door: str, *settings: str) -> list[str]:
        """Overrides of a training run, as that door takes them."""
        return [f"train.{text}" if door == "sweep" else text for text in settings]


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A server that has answered before; making its tables takes a second."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"
    connect(uri)
    return uri


@pytest.fixture
def recorded(desk: Desk, mlflow: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same desk, with MLflow; no run may appear in it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow)
    yield desk
    tracker = connect(mlflow)
    assert not tracker.client.search_runs([tracker.experiment_id])
