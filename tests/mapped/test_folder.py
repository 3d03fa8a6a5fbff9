from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from raysign.mapped import Writing, facts_of, fault, places
from raysign.mapped.folder import mapped_shards

EACH = (4, 3, 2)
CLIP_BYTES = 2 * 4 * 3 * 2
ABOUT = {"data": "0123", "prepare": "4567"}
SIGN = np.array(["tree", "book", "", "book", "tree", "book", "cup", "tree"])
IDS = np.array([*"hgfedcba"])
ROW = [7, 3, 0, 2, 6, 1, 4, 5]
"""Of each clip: by sign, and by id within a sign."""


def numbers(count: int = len(SIGN)) -> np.ndarray:
    made = np.random.default_rng(0).random((count, *EACH)).astype(np.float16)
    made[:, 1, 1] = np.nan
    return made


def write(folder: Path, shard_clips: int = 4, order: list[int] | None = None) -> np.ndarray:
    folder.mkdir(parents=True)
    sequences = numbers()
    writing = Writing(folder, SIGN, IDS, EACH, shard_bytes=shard_clips * CLIP_BYTES)
    content, empty = np.arange(8, dtype=np.uint64), np.arange(8) == 5
    for some in np.array_split(order or [3, 1, 0, 2, 7, 6, 5, 4], 3):
        writing.put(some, sequences[some], content[some], empty[some])
    writing.finish(ABOUT)
    return sequences


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "clips")
    return tmp_path / "clips"


def test_rows_are_by_sign_then_id() -> None:
    assert places(SIGN, IDS).tolist() == ROW
    shuffled = np.random.default_rng(3).permutation(len(SIGN))
    assert places(SIGN[shuffled], IDS[shuffled]).tolist() == [ROW[i] for i in shuffled]


@pytest.mark.parametrize(
    ("shard_clips", "rows"),
    [(100, [8]), (4, [4, 4]), (3, [1, 3, 1, 3]), (2, [1, 2, 2, 2, 1]), (1, [1] * 8)],
)
def test_a_shard_holds_whole_signs_where_they_fit(
    tmp_path: Path, shard_clips: int, rows: list[int]
) -> None:
    sequences = write(tmp_path / "clips", shard_clips)
    shards = mapped_shards(tmp_path / "clips")
    assert [len(shard) for shard in shards] == rows
    by_row = np.empty_like(sequences)
    by_row[ROW] = sequences
    np.testing.assert_array_equal(np.concatenate(shards), by_row)
    assert not any(shard.flags.writeable for shard in shards)


def test_in_whatever_order_clips_come_the_files_are_the_same(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", order=[*range(8)])
    for name in ("shard-00000.npy", "shard-00001.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_facts_are_by_row(folder: Path) -> None:
    facts = facts_of(folder)
    assert facts.content[ROW].tolist() == [*range(8)]
    assert np.flatnonzero(facts.empty[ROW]).tolist() == [5]


def test_a_whole_folder_has_no_fault(folder: Path) -> None:
    assert fault(folder, ABOUT) is None


def changed(name: str, at: int) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / name
        file.chmod(0o644)
        content = bytearray(file.read_bytes())
        content[at] ^= 1
        file.write_bytes(content)

    return change


def cut(folder: Path) -> None:
    os.truncate(folder / "shard-00001.npy", 100)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut, "shard-00001.npy has 100 bytes, and had "),
        (changed("shard-00000.npy", -1), "shard-00000.npy was changed"),
        (changed("clips.npz", 60), "clips.npz was changed"),
        (without("shard-00001.npy"), "FileNotFoundError"),
        (without("about.json"), "FileNotFoundError"),
        (changed("about.json", 0), "JSONDecodeError"),
        (lambda f: (f / "about.json").write_text('{"format": 1}'), "KeyError"),
        (lambda f: (f / "about.json").write_text("[]"), "TypeError"),
    ],
)
def test_what_is_not_whole_is_told(folder: Path, harm: Callable[[Path], None], words: str) -> None:
    harm(folder)
    assert words in (fault(folder, ABOUT) or "")


def test_of_other_clips_or_another_prepare(folder: Path) -> None:
    assert fault(folder, ABOUT | {"data": "x"}) == "about.json is of something else"
    assert fault(folder, ABOUT | {"prepare": "x"}) == "about.json is of something else"


def test_a_copy_is_as_good(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    copied = tmp_path / "copy" / "shard-00000.npy"
    assert copied.stat().st_mtime_ns != (folder / copied.name).stat().st_mtime_ns
    assert fault(tmp_path / "copy", ABOUT) is None


def test_a_copy_is_read_whole_only_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    assert fault(tmp_path / "copy", ABOUT) is None
    monkeypatch.setattr("raysign.mapped.folder._digest", lambda path: pytest.fail(str(path)))
    assert fault(tmp_path / "copy", ABOUT) is None
