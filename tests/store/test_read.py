from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.clip import LABELS, VIDEO, Clip, Clips
from raysign.errors import DataError, LayoutError, SealedSplitError, SplitError, StoreError
from raysign.store import SCHEMA, describe, iter_clips, load_clips, write_store
from raysign.store.read import _landmarks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path, rows: list[Clip]) -> Path:
    write_store(tmp_path / "store", rows, clips_per_part=4)
    return tmp_path / "store"


def altered(store: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    """The store with its first part changed."""
    part = min(store.iterdir())
    table = change(pq.read_table(part))
    pq.write_table(table, part)
    return store


def replaced(column: str, values: list[object]) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        at = SCHEMA.names.index(column)
        field = SCHEMA.field(column).with_nullable(True)
        return table.set_column(at, field, pa.array(values, field.type))

    return change


@pytest.mark.parametrize(
    ("splits", "ids"),
    [(None, "abcef"), (["train"], "abe"), (["val", "train"], "abce"), ([""], "f"), ("val", "c")],
)
def test_load_is_what_packing_the_clips_gives(
    store: Path, rows: list[Clip], splits: list[str] | None, ids: str
) -> None:
    got = load_clips(store, splits)
    expected = Clips.pack(row for row in rows if row.clip_id in ids)
    assert got.clip_id.tolist() == [*ids]
    for name in ("xyz", "offsets", *VIDEO, *LABELS):
        a, b = getattr(got, name), getattr(expected, name)
        np.testing.assert_array_equal(a, b)
        assert a.dtype.kind == b.dtype.kind, name
    assert got.xyz.dtype == np.float16
    assert got.xyz.flags.c_contiguous
    assert got.fingerprint() == expected.fingerprint()
    assert [c.clip_id for c in iter_clips(store, splits)] == [*ids]


def test_the_test_split_is_sealed(store: Path) -> None:
    for read in (load_clips, iter_clips):
        with pytest.raises(SealedSplitError, match="only --open-test of `raysign evaluate`"):
            read(store, ["train", "test"])
        assert len([*read(store, ["test"], open_test=True)]) == 1
    assert "d" not in load_clips(store).clip_id
    assert "d" in load_clips(store, open_test=True).clip_id
    # Where there is none, the error does not send anybody to open it.
    with pytest.raises(StoreError, match="no store"):
        load_clips(store / "nowhere", ["test"])
    write_store(store.parent / "open", (c for c in iter_clips(store)))
    with pytest.raises(SplitError, match="no split 'test'"):
        load_clips(store.parent / "open", ["test"])


def test_nothing_but_a_sealed_split_is_not_an_empty_store(tmp_path: Path, rows: list[Clip]) -> None:
    write_store(tmp_path / "sealed", [row for row in rows if row.split == "test"])
    with pytest.raises(SealedSplitError):
        load_clips(tmp_path / "sealed")


def test_landmarks_of_other_splits_are_not_returned(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part with val clips only is not even opened for the landmarks of train."""
    seen = []

    def spying(*args: object) -> object:
        seen.append(args)
        return _landmarks(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("raysign.store.read._landmarks", spying)
    load_clips(store, ["val"])
    assert len(seen) == 1


def test_outcomes_and_hidden_files_are_not_clips(store: Path) -> None:
    pq.write_table(pa.table({"clip_id": ["z"], "outcome": ["failed"]}), store / "outcomes.parquet")
    (store / ".part-1.parquet").touch()
    (store / "_temporary.parquet").touch()
    (store / "README.md").touch()
    assert load_clips(store).clip_id.tolist() == [*"abcef"]


def test_more_columns_and_other_writers_are_welcome(store: Path) -> None:
    def change(table: pa.Table) -> pa.Table:
        table = table.append_column("sha256", pa.array(["x"] * len(table)))
        for name, kind in {
            "sign": pa.dictionary(pa.int32(), pa.string()),
            "clip_id": pa.large_string(),
            "num_frames": pa.int64(),
            "xyz": pa.large_list(pa.float16()),
        }.items():
            at = table.schema.names.index(name)
            table = table.set_column(at, name, table[name].cast(kind))
        at = table.schema.names.index("confidence")
        return table.set_column(at, "confidence", pa.nulls(len(table)))

    before = load_clips(store).fingerprint()
    assert load_clips(altered(store, change)).fingerprint() == before
    assert all(c.confidence is None for c in iter_clips(store, None))


def test_a_split_that_is_not_there_lists_those_that_are(store: Path, tmp_path: Path) -> None:
    write_store(tmp_path / "small", iter_clips(store, ["train"]))
    with pytest.raises(SplitError, match=r"no split 'val'; it has train \(3 clips\)"):
        load_clips(tmp_path / "small", ["train", "val"])


def test_places_that_are_no_stores(tmp_path: Path, store: Path) -> None:
    (tmp_path / "empty").mkdir()
    part = min(store.iterdir())
    cases = [
        (tmp_path / "nowhere", "no store at .*nowhere'"),
        (tmp_path / "empty", r"holds no \*.parquet file"),
        (part, "is a file: give the folder"),
        ("nowhere://x", "cannot open store 'nowhere://x'"),
    ]
    for path, message in cases:
        for read in (load_clips, iter_clips, describe):
            with pytest.raises(StoreError, match=message) as caught:
                read(path)
            assert "\n" not in str(caught.value)


def test_zero_bytes_and_zero_rows(tmp_path: Path, store: Path) -> None:
    (store / "empty.parquet").touch()
    with pytest.raises(StoreError, match=r"empty.parquet' is empty \(0 bytes\)"):
        load_clips(store)
    (tmp_path / "rowless").mkdir()
    pq.write_table(SCHEMA.empty_table(), tmp_path / "rowless" / "a.parquet")
    with pytest.raises(StoreError, match="holds no clips: its Parquet files have 0 rows"):
        load_clips(tmp_path / "rowless")


def test_foreign_parquet_names_what_it_lacks(tmp_path: Path, store: Path) -> None:
    (tmp_path / "foreign").mkdir()
    pq.write_table(pa.table({"clip_id": ["a"], "label": [1]}), tmp_path / "foreign" / "a.parquet")
    with pytest.raises(StoreError, match=r"lacks the columns sign, signer, split, .*xyz, conf"):
        load_clips(tmp_path / "foreign")
    with pytest.raises(StoreError, match=r"lacks the columns split;"):
        load_clips(altered(store, lambda table: table.drop_columns(["split"])))


def test_a_column_of_another_type_is_foreign(store: Path) -> None:
    def change(table: pa.Table) -> pa.Table:
        at = table.schema.names.index("xyz")
        return table.set_column(at, "xyz", table["xyz"].cast(pa.list_(pa.float32())))

    with pytest.raises(StoreError, match=r"column 'xyz' must be list<element: halffloat>, got"):
        load_clips(altered(store, change))


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_truncated_parquet(store: Path, keep: float) -> None:
    part = max(store.iterdir())
    data = part.read_bytes()
    part.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(StoreError, match=f"{part.name}' cannot be read as Parquet") as caught:
        load_clips(store)
    assert "\n" not in str(caught.value)


def test_damaged_landmarks(store: Path) -> None:
    """The footer is whole, so that only reading the pages finds it."""
    part = min(store.iterdir())
    with pq.ParquetFile(part) as file:
        group = file.metadata.row_group(0)
        xyz = next(
            c
            for c in (group.column(i) for i in range(group.num_columns))
            if c.path_in_schema.startswith("xyz")
        )
        start, size = xyz.data_page_offset, xyz.total_compressed_size
    data = bytearray(part.read_bytes())
    data[start + 8 : start + size] = b"\xff" * (size - 8)
    part.write_bytes(data)
    for read in (load_clips, lambda path: [*iter_clips(path)]):
        with pytest.raises(StoreError, match="cannot be read as Parquet"):
            read(store)


def test_rows_that_contradict_themselves(tmp_path: Path, rows: list[Clip]) -> None:
    def values(row: Clip) -> np.ndarray:
        return row.xyz.reshape(-1)

    short = [*map(values, rows)]
    short[1] = short[1][:-3]
    cases = [
        ("clip_id", [*"abcdea"], StoreError, "clip_id must be unique, got 'a' 2 times"),
        ("clip_id", ["a", None, *"cdef"], StoreError, "a clip has no clip_id"),
        ("layout", ["hands42"] * 5 + ["holistic75"], LayoutError, "'hands42', 'holistic75'"),
        ("layout", ["face468"] * 6, LayoutError, "unknown layout 'face468'; known layouts: hol"),
        ("layout", [None] * 6, LayoutError, "unknown layout ''"),
        ("split", ["Test"] * 6, StoreError, "split must be train, val, test or null, got 'Test'"),
        ("num_frames", [3, None, 1, 6, 0, 2], StoreError, "num_frames is null in 1 rows"),
        ("num_frames", [3, 4, 2, 6, 0, 2], StoreError, "'c': xyz has 126 values; 2 frames × 42"),
        ("xyz", short, StoreError, "'b': xyz has 501 values; 4 frames × 42 joints × 3 make 504"),
        ("xyz", [None, *map(values, rows[1:])], StoreError, "'a': xyz has 0 values; 3 frames"),
    ]
    for i, (column, new, kind, message) in enumerate(cases):
        path = tmp_path / str(i)
        write_store(path, rows)
        altered(path, replaced(column, new))
        for read in (load_clips, lambda path: [*iter_clips(path)]):
            with pytest.raises(kind, match=message) as caught:
                read(path)
            assert "\n" not in str(caught.value)


def test_a_sealed_clip_that_is_damaged_is_nobodys_business(
    tmp_path: Path, rows: list[Clip]
) -> None:
    write_store(tmp_path / "store", rows)
    values = [None if row.split == "test" else row.xyz.reshape(-1) for row in rows]
    altered(tmp_path / "store", replaced("xyz", values))
    assert (
        load_clips(tmp_path / "store").fingerprint()
        == Clips.pack(row for row in rows if row.split != "test").fingerprint()
    )


def test_confidence_must_fit(tmp_path: Path, rows: list[Clip]) -> None:
    write_store(tmp_path / "store", rows)
    altered(tmp_path / "store", replaced("confidence", [[1.0]] + [None] * 5))
    assert len(load_clips(tmp_path / "store")) == 5
    with pytest.raises(DataError, match="'a': confidence has 1 values; 3 frames × 42"):
        list(iter_clips(tmp_path / "store", None))


def test_iter_checks_before_the_first_clip(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        iter_clips(tmp_path / "nowhere")
    assert inspect.isgenerator(iter_clips) is False


def test_describe_counts_without_opening_the_test_split(store: Path) -> None:
    got = describe(store)
    assert (got.clips, got.signs, got.signers, got.frames) == (6, 2, 3, 16)
    assert (got.layout, got.hours) == ("hands42", None)
    assert {name: split.clips for name, split in got.splits.items()} == {
        "": 1,
        "test": 1,
        "train": 3,
        "val": 1,
    }
    assert got.splits["val"].hours == pytest.approx(1 / 25 / 3600)
    assert got.splits[""].signs == 0


@pytest.mark.real
def test_real_stores_load_fast(real_data: Path) -> None:
    began = time.process_time()
    clips = load_clips(real_data / "wlasl2000_hands")
    assert time.process_time() - began < 5  # about 1 s; a loop over rows takes minutes
    assert (len(clips), len(clips.xyz)) == (10_566, 728_539)
    assert not clips.empty().any()
    summary = describe(real_data / "wlasl100")
    assert (summary.splits["train"].clips, summary.splits["val"].clips) == (1442, 338)
    assert (summary.splits["train"].signers, summary.splits["val"].signers) == (91, 69)
    first = next(iter(iter_clips(real_data / "wlasl100", ["val"])))
    np.testing.assert_array_equal(
        first.xyz, load_clips(real_data / "wlasl100", ["val"]).landmarks(0)
    )
    assert first.confidence is not None
