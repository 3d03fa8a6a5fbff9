from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.clip import Clip
from raysign.errors import DataError, LayoutError, StoreError
from raysign.store import SCHEMA, iter_clips, write_store
from raysign.store import write as writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def same(left: Clip, right: Clip) -> None:
    for name in vars(left):
        a, b = getattr(left, name), getattr(right, name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b, name


def test_what_is_written_is_read_back(tmp_path: Path, rows: list[Clip]) -> None:
    assert write_store(tmp_path / "store", iter(rows)) == len(rows)
    for left, right in zip(rows, iter_clips(tmp_path / "store", None, open_test=True), strict=True):
        same(left, right)


@pytest.mark.parametrize(("clips_per_part", "parts"), [(1, 6), (4, 2), (6, 1), (100, 1)])
def test_parts_hold_as_many_clips_as_asked(
    tmp_path: Path, rows: list[Clip], clips_per_part: int, parts: int
) -> None:
    write_store(tmp_path / "store", rows, clips_per_part=clips_per_part)
    files = sorted((tmp_path / "store").iterdir())
    assert len(files) == parts
    assert pq.read_metadata(files[0]).num_rows == min(clips_per_part, 6)
    assert [c.clip_id for c in iter_clips(tmp_path / "store", None, open_test=True)] == [*"abcdef"]


def test_the_files_are_as_the_format_says(tmp_path: Path, rows: list[Clip]) -> None:
    write_store(tmp_path / "store", rows)
    (file,) = (tmp_path / "store").iterdir()
    with pq.ParquetFile(file) as parquet:
        assert parquet.schema_arrow.equals(SCHEMA)
        group = parquet.metadata.row_group(0)
        columns = [group.column(i) for i in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    split = {c.path_in_schema for c in columns if "BYTE_STREAM_SPLIT" in c.encodings}
    assert split == {"xyz.list.element", "confidence.list.element"}
    table = pq.read_table(file)
    assert table["signer"].to_pylist() == ["1", "2", "1", "3", None, None]
    assert table["fps"].to_pylist() == [25.0] * 4 + [None] * 2
    assert table["confidence"].null_count == 5


def test_clips_are_taken_as_they_come(
    tmp_path: Path, clip: Callable[..., Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays bounded: a row group is written before the next one's clips are asked for."""
    monkeypatch.setattr(writing, "GROUP_CLIPS", 4)
    asked = written = most = 0
    table = writing._table

    def counting(group: list[Clip]) -> pa.Table:
        nonlocal written
        written += len(group)
        return table(group)

    def source() -> Iterator[Clip]:
        nonlocal asked, most
        for i in range(30):
            asked += 1
            most = max(most, asked - written)
            yield clip(str(i), 2)

    monkeypatch.setattr(writing, "_table", counting)
    write_store(tmp_path / "store", source(), clips_per_part=10)
    assert written == 30
    assert most <= 5


@pytest.mark.parametrize("after", [0, 3, 5])
def test_an_error_in_the_source_leaves_nothing(
    tmp_path: Path, rows: list[Clip], after: int
) -> None:
    def breaking() -> Iterator[Clip]:
        yield from rows[:after]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_store(tmp_path / "store", breaking(), clips_per_part=2)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_seen_before_all_is_there(tmp_path: Path, rows: list[Clip]) -> None:
    def watching() -> Iterator[Clip]:
        for row in rows:
            assert not (tmp_path / "store").exists()
            yield row

    write_store(tmp_path / "store", watching(), clips_per_part=1)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_an_empty_folder_is_filled_and_a_full_one_refused(tmp_path: Path, rows: list[Clip]) -> None:
    store = tmp_path / "deep" / "store"
    store.mkdir(parents=True)
    write_store(store, rows)
    before = {path: path.read_bytes() for path in store.iterdir()}
    with pytest.raises(StoreError, match="it is there already; give a new or an empty folder"):
        write_store(store, rows[:1])
    assert {path: path.read_bytes() for path in store.iterdir()} == before
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="it is there already"):
        write_store(tmp_path / "file", rows)


@pytest.mark.parametrize("there", ["a store", "an empty folder", "nothing"])
def test_what_a_link_points_to_is_written_and_the_link_stays(
    tmp_path: Path, rows: list[Clip], there: str
) -> None:
    disk, link = tmp_path / "disk", tmp_path / "stores" / "link"
    for folder in (disk, link.parent):
        folder.mkdir()
    if there == "a store":
        write_store(disk / "store", rows[:1])
    elif there == "an empty folder":
        (disk / "store").mkdir()
    link.symlink_to(disk / "store")
    write_store(link, rows[1:3], replace=there == "a store", key="extracted")
    assert link.is_symlink()
    for path in (link, disk / "store"):
        assert [clip.clip_id for clip in iter_clips(path)] == ["b", "c"]
    assert [p.name for folder in (disk, link.parent) for p in folder.iterdir()] == ["store", "link"]


def test_bad_clips_are_refused(tmp_path: Path, rows: list[Clip], clip: Callable[..., Clip]) -> None:
    infinite = clip("infinite")
    infinite.xyz[0, 0, 0] = np.inf
    large = Clip("large", np.full((1, 42, 3), 1e5), "hands42")
    cases = [
        ([], StoreError, "no clips to write"),
        ([rows[0], rows[1], rows[0]], DataError, "unique and not empty, got 'a'"),
        ([clip("")], DataError, "unique and not empty, got ''"),
        ([rows[0], clip("x", layout="holistic75")], LayoutError, "'x' has layout 'holistic75'"),
        (
            [clip("x", split="dev")],
            DataError,
            "'x': split must be train, val, test or '', got 'dev",
        ),
        ([rows[0], infinite], DataError, "'infinite': landmarks are infinite"),
        ([large], DataError, "'large': landmarks are infinite, or too large for float16"),
    ]
    for clips, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            write_store(tmp_path / "store", clips)
        assert "\n" not in str(caught.value)
        assert list(tmp_path.iterdir()) == []


def test_long_clips_make_small_row_groups(
    tmp_path: Path, rows: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.store.write.GROUP_VALUES", rows[0].xyz.size + 1)
    write_store(tmp_path / "store", rows)
    (part,) = (tmp_path / "store").glob("*.parquet")
    assert pq.ParquetFile(part).num_row_groups > 1
    found = [c.clip_id for c in iter_clips(tmp_path / "store", None, open_test=True)]
    assert found == [c.clip_id for c in rows]


def test_a_place_that_cannot_be_written_is_an_error_of_ours(
    tmp_path: Path, rows: list[Clip]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write store"):
        write_store(tmp_path / "file" / "store", rows)
    with pytest.raises(StoreError, match="cannot open store 'nowhere://x'"):
        write_store("nowhere://x", rows)


@pytest.mark.parametrize("scheme", ["file://{}/store", "fsspec+memory://{}/store"])
def test_a_store_may_be_any_arrow_filesystem(tmp_path: Path, rows: list[Clip], scheme: str) -> None:
    uri = scheme.format(tmp_path)
    write_store(uri, itertools.chain(rows), clips_per_part=4)
    assert [c.clip_id for c in iter_clips(uri, None, open_test=True)] == [*"abcdef"]
    with pytest.raises(StoreError, match="it is there already"):
        write_store(uri, rows)
    with pytest.raises(DataError, match="unique"):
        write_store(uri + "2", [rows[0], rows[0]])
    with pytest.raises(StoreError, match="no store at"):
        iter_clips(uri + "2", None)
