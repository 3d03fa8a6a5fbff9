from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from raysign.errors import DataError
from raysign.mapped import MappedSequences, Shards, Writing, at_frames, places

EACH = (6, 3, 2)
SIGN = np.array(["a", "b", "c", "a", "b"] * 8)
IDS = np.array([f"{i:02d}" for i in range(40)])
NUMBERS = np.random.default_rng(0).random((40, *EACH)).astype(np.float16)


@dataclass(frozen=True)
class At:
    """A folder that counts, in a file beside it, how often it is asked for."""

    path: Path

    def folder(self) -> Path:
        with (self.path.parent / "asked").open("a") as file:
            file.write("x")
        return self.path


def asked(tmp_path: Path) -> int:
    return (tmp_path / "asked").stat().st_size if (tmp_path / "asked").exists() else 0


@pytest.fixture
def mapped(tmp_path: Path) -> MappedSequences:
    folder = tmp_path / "clips"
    folder.mkdir()
    clips = np.arange(40)
    writing = Writing(folder, SIGN, IDS, EACH, shard_bytes=10 * NUMBERS[0].nbytes)
    writing.put(clips, NUMBERS, clips.astype(np.uint64), clips < 0)
    writing.finish({})
    return MappedSequences(Shards(At(folder)), places(SIGN, IDS), EACH)


def test_it_is_read_as_an_array_is(mapped: MappedSequences) -> None:
    assert (len(mapped), mapped.shape, mapped.dtype) == (40, NUMBERS.shape, NUMBERS.dtype)
    assert mapped.nbytes == NUMBERS.nbytes
    for index in (np.array([3, 39, 3, 0]), np.array([], np.int64), slice(5, 17), slice(38, 99)):
        np.testing.assert_array_equal(mapped[index], NUMBERS[index])
    some = np.array([9, 1, 30])
    np.testing.assert_array_equal(mapped.select(some)[1:], NUMBERS[some][1:])
    got = mapped[:]
    got[:] = 0
    np.testing.assert_array_equal(mapped[:], NUMBERS), "what is given is a copy"


def test_blocks_are_all_clips_once(
    mapped: MappedSequences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.mapped.sequences.BLOCK_BYTES", 7 * NUMBERS[0].nbytes)
    assert len(mapped.blocks()) == 6
    np.testing.assert_array_equal(
        np.concatenate([mapped[block] for block in mapped.blocks()]), NUMBERS
    )
    frames = np.array([0, 5, 2])
    np.testing.assert_array_equal(at_frames(mapped, frames), NUMBERS[:, frames])
    np.testing.assert_array_equal(at_frames(NUMBERS, frames), NUMBERS[:, frames])


def test_what_travels_is_where_they_are(mapped: MappedSequences, tmp_path: Path) -> None:
    assert asked(tmp_path) == 0, "nothing is opened before it is read"
    np.testing.assert_array_equal(mapped[:2], NUMBERS[:2])
    mapped.select(np.arange(3))[:1]
    assert asked(tmp_path) == 1, "parts of the same clips share one mapping"
    travelled = pickle.dumps((mapped, mapped.select(np.arange(3))))
    assert len(travelled) < 2000 < NUMBERS.nbytes
    whole, part = pickle.loads(travelled)
    assert asked(tmp_path) == 1
    np.testing.assert_array_equal(whole[:], NUMBERS)
    np.testing.assert_array_equal(part[:], NUMBERS[:3])
    assert asked(tmp_path) == 2, "and so they do where they arrive"


def test_room_on_the_same_disk(mapped: MappedSequences, tmp_path: Path) -> None:
    before = {*os.listdir(tmp_path)}
    room = mapped.scratch(40, 5)
    room[:] = 2
    assert room.sum() == 400
    assert {*os.listdir(tmp_path)} - before <= {"asked"}, "it has no name"
    with pytest.raises(DataError, match=r"no room for .* give data.cache another folder"):
        mapped.scratch(1 << 40, 1 << 20)
