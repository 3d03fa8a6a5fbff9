"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from raysign.errors import DataError
from raysign.whole import whole_file, whole_folder


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    with whole_file(out) as draft:
        draft.write_text("new")
        assert not out.exists()
    assert out.read_text() == "new"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_breaks_leaves_the_old_one(tmp_path: Path) -> None:
    out = tmp_path / "a.txt"
    out.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(out) as draft:
        _write_half(draft)
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    refused = pytest.raises(DataError, match=r"cannot write .*a\.txt'")
    with refused, whole_file(tmp_path / "nowhere" / "a.txt") as draft:
        draft.write_text("")


def test_a_file_under_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(DataError, match=r"cannot write .*Not a directory")
    with refused, whole_file(tmp_path / "file" / "a.txt") as draft:
        draft.write_text("")


def test_a_folder_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "a"
    with whole_folder(out) as draft:
        (draft / "x").write_text("1")
        assert not out.exists()
    assert (out / "x").read_text() == "1"
    assert [p.name for p in out.parent.iterdir()] == ["a"]


def test_a_folder_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError), whole_folder(tmp_path / "a") as draft:
        _write_half(draft / "x")
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_in_it_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "a"
    out.mkdir()
    (out / "mine").write_text("1")
    with pytest.raises(DataError, match="cannot write"), whole_folder(out) as draft:
        (draft / "x").write_text("1")
    assert [p.name for p in tmp_path.rglob("*")] == ["a", "mine"]


def _write_half(path: Path) -> None:
    with path.open("w", encoding="ascii", buffering=1) as file:
        file.write("half\n")
        file.write("\u00e9")


def test_the_disk_has_it_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that stops right after must not keep the name and lose the content."""
    out, settled = tmp_path / "out", dict[int, bool]()

    def sync(descriptor: int) -> None:
        settled[os.fstat(descriptor).st_ino] = out.exists()

    monkeypatch.setattr("raysign.whole.os.fsync", sync)
    with whole_file(out) as draft:
        draft.write_text("all of it")
    parent = tmp_path.stat().st_ino
    assert settled == {out.stat().st_ino: False, parent: True}

    out, settled = tmp_path / "house", {}
    with whole_folder(out) as draft:
        (draft / "room" / "cupboard").mkdir(parents=True)
        (draft / "room" / "table").write_text("oak")
    inside = [out, *out.rglob("*")]
    assert len(inside) == 4
    assert settled == {**{path.stat().st_ino: False for path in inside}, parent: True}
