"""What trials leave: the furthest whole state, then its best epoch alone."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from raysign.sweep.states import NEEDED_LATER, WORKERS, last_state, thin
from raysign.train.checkpoint import FILE, load_state, save_state

if TYPE_CHECKING:
    import pytest


def state(epoch: int) -> dict[str, Any]:
    return dict.fromkeys(NEEDED_LATER, 0) | {
        "epoch": epoch,
        "optimizer": {"moments": torch.zeros(9)},
        "reported": [],
    }


def test_nothing_was_left(tmp_path: Path) -> None:
    assert last_state(tmp_path) is None
    thin(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_furthest_of_one_process_and_of_several(tmp_path: Path) -> None:
    for one, several in ((3, 9), (9, 3)):
        save_state(state(one), tmp_path)
        save_state(state(several), tmp_path / WORKERS / "checkpoint_1")
        found = last_state(tmp_path)
        assert found is not None
        assert found["epoch"] == 9


def test_a_half_copied_checkpoint_does_not_count(tmp_path: Path) -> None:
    save_state(state(4), tmp_path / WORKERS / "checkpoint_1")
    save_state(state(5), tmp_path / WORKERS / "checkpoint_2")
    half = tmp_path / WORKERS / "checkpoint_2" / FILE
    half.write_bytes(half.read_bytes()[:200])
    thin(tmp_path)
    assert load_state(tmp_path)["epoch"] == 4


def test_what_cannot_be_read_now_is_not_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_state(state(4), tmp_path / WORKERS / "checkpoint_1")

    def stale(folder: Path) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr("raysign.sweep.states.load_state", stale)
    thin(tmp_path)
    monkeypatch.undo()
    found = last_state(tmp_path)
    assert found is not None
    assert found["epoch"] == 4


def test_only_the_best_epoch_is_kept(tmp_path: Path) -> None:
    save_state(state(4), tmp_path / WORKERS / "checkpoint_1")
    (tmp_path / f".{FILE}.12ab.part").write_bytes(b"of a process that was killed")
    thin(tmp_path)
    thin(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    assert load_state(tmp_path).keys() == set(NEEDED_LATER)
