"""Clips are prepared on a disk once, by whoever needs them first."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from raysign.clip import Clip
from raysign.config import PrepareConfig
from raysign.embed import prepare_clips
from raysign.errors import DataError, StoreError
from raysign.mapped import MappedSequences, Shards, facts_of
from raysign.store import load_clips, read_parts, write_store
from raysign.train import on_disk
from raysign.train.on_disk import KNOWN, ClipsOnDisk, unread

FRAMES = 8


def clips(count: int = 30, seed: int = 0) -> list[Clip]:
    random = np.random.default_rng(seed)
    made = []
    for i in range(count):
        xyz = random.random((4 + i % 9, 42, 3)).astype(np.float16)
        xyz[random.random(xyz.shape[:2]) < 0.1] = np.nan
        if i == 5:
            xyz[:] = np.nan
        split = "val" if i % 5 == 0 else "train"
        made.append(Clip(f"c{i:02d}", xyz, "hands42", sign=f"s{i % 7}", split=split))
    return made


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_store(tmp_path / "store", clips(), clips_per_part=8)
    return tmp_path / "store"


@pytest.fixture
def disk(store: Path, tmp_path: Path) -> ClipsOnDisk:
    cache = str(tmp_path / "cache")
    return ClipsOnDisk(str(store), None, "hands42", PrepareConfig(frames=FRAMES), cache)


def made(disk: ClipsOnDisk) -> tuple[Path, list[str]]:
    """The folder, and what was said on the way."""
    said: list[str] = []
    return disk.made(read_parts(disk.store, disk.splits), said.append), said


def known(disk: ClipsOnDisk, folder: Path) -> ClipsOnDisk:
    """The same once it is known which clips they are."""
    return replace(disk, data=folder.name.partition("-")[0])


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.npy"))


def leftovers(disk: ClipsOnDisk) -> list[str]:
    found = (path.name for path in disk.cache_folder.iterdir())
    return [name for name in found if name.endswith(".part")]


def test_what_is_on_disk_is_what_memory_would_have(disk: ClipsOnDisk) -> None:
    folder, _ = made(disk)
    whole = load_clips(disk.store)
    facts = unread(read_parts(disk.store), facts_of(folder))
    assert known(disk, folder).data == whole.fingerprint()
    np.testing.assert_array_equal(facts.content(), whole.content())
    np.testing.assert_array_equal(facts.empty(), whole.empty())
    assert facts.empty().sum() == 1
    mapped = MappedSequences(Shards(known(disk, folder)), facts.row, disk.each)
    expected = prepare_clips(whole, disk.prepare)
    assert mapped.shape == expected.shape
    np.testing.assert_array_equal(mapped[:], expected)


@pytest.mark.real
@pytest.mark.parametrize("name", ["wlasl100", "wlasl2000_hands"])
def test_real_clips_on_disk_are_what_memory_would_have(
    real_data: Path, name: str, tmp_path: Path
) -> None:
    reading = read_parts(real_data / name, ["val"])
    config, cache = PrepareConfig(frames=32), str(tmp_path)
    disk = ClipsOnDisk(str(real_data / name), ("val",), reading.layout, config, cache)
    folder = disk.made(reading, lambda line: None)
    whole = load_clips(real_data / name, ["val"])
    facts = unread(reading, facts_of(folder))
    np.testing.assert_array_equal(facts.empty(), whole.empty())
    mapped = MappedSequences(Shards(known(disk, folder)), facts.row, disk.each)
    seen = ~whole.empty()
    expected = prepare_clips(whole.select(seen), disk.prepare)
    np.testing.assert_array_equal(mapped[np.flatnonzero(seen)], expected)


def test_it_is_made_once(disk: ClipsOnDisk) -> None:
    folder, said = made(disk)
    assert said[0].startswith("preparing 30 clips, 0.00 GiB, in ")
    assert said[1].endswith(str(folder))
    inode = shards(folder)[0].stat().st_ino
    assert made(disk) == (folder, [])
    assert known(disk, folder).folder() == folder
    assert shards(folder)[0].stat().st_ino == inode
    assert leftovers(disk) == []


def test_the_same_clips_in_another_store_are_the_same_folder(
    disk: ClipsOnDisk, tmp_path: Path
) -> None:
    folder, _ = made(disk)
    inode = shards(folder)[0].stat().st_ino
    write_store(tmp_path / "other", reversed(clips()))
    other = replace(disk, store=str(tmp_path / "other"))
    assert made(other)[0] == folder
    assert shards(folder)[0].stat().st_ino == inode
    shutil.rmtree(folder)
    assert known(other, folder).folder() == folder, "whichever of them it is made of"


def test_another_prepare_or_split_is_another_folder(disk: ClipsOnDisk) -> None:
    folders = {
        made(disk)[0],
        made(replace(disk, config=PrepareConfig(frames=FRAMES + 1)))[0],
        made(replace(disk, splits=("train",)))[0],
    }
    assert len(folders) == 3


def test_a_changed_store_is_prepared_anew(disk: ClipsOnDisk, tmp_path: Path) -> None:
    before, _ = made(disk)
    write_store(disk.store, clips(seed=1), clips_per_part=8, replace=True)
    after, said = made(disk)
    assert before != after
    assert said
    with pytest.raises(StoreError, match=r"holds other clips here \(data .*\) than where the run"):
        replace(known(disk, before), cache=str(tmp_path / "another node's")).folder()
    assert known(disk, before).folder() == before, "who has the clips asks for no store"


@pytest.mark.parametrize("harm", ["cut", "edited", "shard gone", "about gone"])
def test_what_is_not_whole_is_made_anew(disk: ClipsOnDisk, harm: str) -> None:
    folder, _ = made(disk)
    first = shards(folder)[0]
    whole = first.read_bytes()
    first.chmod(0o644)
    if harm == "cut":
        os.truncate(first, 300)
    elif harm == "edited":
        first.write_bytes(whole[:-2] + b"\x00\x3c")
    elif harm == "shard gone":
        first.unlink()
    else:
        (folder / "about.json").unlink()
    again, said = made(disk)
    assert again == folder
    assert "is not whole (" in said[0]
    assert shards(folder)[0].read_bytes() == whole
    os.truncate(shards(folder)[0], 300)
    known(disk, folder).folder()
    assert shards(folder)[0].read_bytes() == whole


def test_a_memo_that_is_damaged_costs_a_reading(disk: ClipsOnDisk) -> None:
    folder, _ = made(disk)
    (memo,) = (disk.cache_folder / KNOWN).iterdir()
    memo.write_text("{")
    again, said = made(disk)
    assert (again, len(said)) == (folder, 2)
    assert json.loads(memo.read_text()) == {"data": known(disk, folder).data}


def test_several_at_once_make_it_once(disk: ClipsOnDisk) -> None:
    with ThreadPoolExecutor(4) as pool:  # a lock is of an opened file, not of a process
        results = [one.result() for one in [pool.submit(made, disk) for _ in range(4)]]
    assert len({folder for folder, _ in results}) == 1
    said = [line for _, lines in results for line in lines]
    assert sum(line.startswith("preparing 30 clips") for line in said) == 1
    assert leftovers(disk) == []


def test_who_comes_meanwhile_waits_and_a_killed_one_leaves_nothing(disk: ClipsOnDisk) -> None:
    folder, _ = made(disk)
    lock = disk.cache_folder / f".{disk._work}.lock"
    half = disk._draft()
    half.mkdir()
    (half / "shard-00000.npy").write_bytes(b"half")
    shutil.rmtree(folder)
    said: list[str] = []
    reading = read_parts(disk.store)
    with ThreadPoolExecutor(1) as pool:
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            waiting = pool.submit(disk.made, reading, said.append)
            while not said:
                time.sleep(0.01)
            assert said == ["another process prepares the same clips: waiting for it"]
        assert waiting.result() == folder
    assert said[1].startswith("preparing 30 clips")
    assert leftovers(disk) == []


def test_locks_that_end_at_the_node(disk: ClipsOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have such: two nodes prepare the same at the same time."""
    folder, _ = made(disk)
    whole = {path.name: path.read_bytes() for path in shards(folder)}
    shutil.rmtree(folder)
    monkeypatch.setattr("fcntl.flock", lambda lock, how: None)
    node = threading.local()
    began, may_go_on = threading.Event(), threading.Event()

    def prepare(*args: Any) -> Any:
        if node.name == "slow":
            began.set()
            assert may_go_on.wait(60)
        return prepare_clips(*args)

    def make_on(name: str) -> Path:
        node.name = name
        return made(disk)[0]

    monkeypatch.setattr(on_disk, "prepare_clips", prepare)
    monkeypatch.setattr(on_disk, "_machine", lambda: node.name)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(make_on, "slow")
        assert began.wait(60)
        assert pool.submit(make_on, "fast").result() == folder
        inode = shards(folder)[0].stat().st_ino
        may_go_on.set()
        assert slow.result() == folder
    assert shards(folder)[0].stat().st_ino == inode, "the first to be done counts"
    assert {path.name: path.read_bytes() for path in shards(folder)} == whole
    assert leftovers(disk) == []


def test_two_paths_to_the_same_clips_at_once(
    disk: ClipsOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have two locks and one folder: who is second leaves it as it is."""
    shutil.copytree(disk.store, tmp_path / "copy")
    both = threading.Barrier(2)
    put = ClipsOnDisk._put

    def together(self: ClipsOnDisk, draft: Path, data: str) -> None:
        both.wait(60)
        put(self, draft, data)

    def make_and_map(disk: ClipsOnDisk) -> int:
        return shards(made(disk)[0])[0].stat().st_ino

    monkeypatch.setattr(ClipsOnDisk, "_put", together)
    with ThreadPoolExecutor(2) as pool:
        inodes = pool.map(make_and_map, [disk, replace(disk, store=str(tmp_path / "copy"))])
        assert len(set(inodes)) == 1
    assert leftovers(disk) == []


def test_drafts_of_other_machines_are_removed_by_age(
    disk: ClipsOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.cache_folder.mkdir(parents=True)
    old, fresh = disk.cache_folder / ".a.other.1-1.part", disk.cache_folder / ".a.other.1-2.part"
    for draft in (old, fresh):
        draft.mkdir()
        (draft / "shard-00000.npy").write_bytes(b"half")
    long_ago = time.time() - on_disk.STALE_S - 60
    for path in (old, old / "shard-00000.npy", fresh):
        os.utime(path, (long_ago, long_ago))
    usage = shutil.disk_usage(disk.store)
    left = {True: 0, False: usage.free}
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=left[old.exists()]))
    made(disk)
    assert leftovers(disk) == [fresh.name]


def test_an_error_on_the_way_leaves_nothing(disk: ClipsOnDisk) -> None:
    last = max(Path(disk.store).glob("*.parquet"))
    reading = read_parts(disk.store)
    last.write_bytes(last.read_bytes()[:100])
    with pytest.raises(StoreError, match="cannot be read as Parquet"):
        disk.made(reading, lambda line: None)
    assert [path.suffix for path in disk.cache_folder.iterdir()] == [".lock"]


def test_a_disk_that_is_too_full(disk: ClipsOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(disk.store)._replace(free=1000)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    kept = disk.cache_folder / "0123-4567" / "shard-00000.npy"
    kept.parent.mkdir(parents=True)
    with kept.open("wb") as file:
        file.truncate(3 << 30)
    words = (
        r"has 0\.0 GiB left beside 3\.0 GiB in 1 folders of prepared clips; remove what no run "
        r"needs, or give data\.cache another folder"
    )
    with pytest.raises(DataError, match=words):
        made(disk)


def test_a_folder_that_cannot_be_written(disk: ClipsOnDisk, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot keep .*Not a directory; give data.cache another"):
        made(replace(disk, cache=str(tmp_path / "file" / "cache")))


def test_each_user_has_a_folder_of_their_own(
    disk: ClipsOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    folder, _ = made(replace(disk, cache=None))
    assert folder.parent == tmp_path / "home" / "raysign" / "prepared"
