from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.clip import LABELS, VIDEO, Clip, Clips
from raysign.errors import SealedSplitError, SplitError, StoreError
from raysign.store import load_clips, read_parts, write_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path, rows: list[Clip]) -> Path:
    write_store(tmp_path / "store", rows, clips_per_part=4)
    return tmp_path / "store"


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize("splits", [None, ["train"], ["val", "train"]])
def test_all_parts_are_what_is_read_at_once(
    store: Path, most: int, splits: list[str] | None
) -> None:
    reading, expected = read_parts(store, splits), load_clips(store, splits)
    numbers, parts = zip(*reading.parts(most), strict=True)
    assert np.concatenate(numbers).tolist() == [*range(len(expected))]
    assert max(len(part) for part in parts) <= most
    joined = Clips.join(parts)
    for name in ("xyz", "offsets", *VIDEO, *LABELS):
        np.testing.assert_array_equal(getattr(joined, name), getattr(expected, name))
    assert joined.fingerprint() == expected.fingerprint()
    assert len(reading) == len(expected)
    assert reading.num_frames.tolist() == expected.num_frames.tolist()
    assert reading.labels["sign"].tolist() == expected.sign.tolist()


def test_one_row_group_of_everything_is_read_in_parts(
    tmp_path: Path, clip: Callable[..., Clip]
) -> None:
    write_store(tmp_path / "store", [clip(f"c{i}", 50, split="train") for i in range(40)])
    (part,) = (tmp_path / "store").glob("*.parquet")
    assert pq.ParquetFile(part).num_row_groups == 1
    assert [len(clips) for clips, _ in read_parts(tmp_path / "store").parts(16)] == [16, 16, 8]


def test_the_test_split_stays_sealed(store: Path) -> None:
    with pytest.raises(SealedSplitError):
        read_parts(store, ["test"])
    with pytest.raises(SplitError, match="no split 'dev'"):
        read_parts(store, ["dev"])
    everything = Clips.join(part for _, part in read_parts(store).parts(100))
    assert "d" not in everything.clip_id


def test_landmarks_that_do_not_fit_are_named(store: Path) -> None:
    part = min(store.glob("*.parquet"))
    table = pq.read_table(part)
    at = table.schema.names.index("xyz")
    short = pa.array([row[:6] for row in table["xyz"].to_pylist()], table.schema.field(at).type)
    pq.write_table(table.set_column(at, table.schema.field(at), short), part)
    with pytest.raises(StoreError, match="clip 'a': xyz has 6 values; 3 frames × 42 joints"):
        list(read_parts(store).parts(100))


def test_a_damaged_file_is_a_store_error(store: Path) -> None:
    reading = read_parts(store)
    part = min(store.glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:200])
    with pytest.raises(StoreError, match="cannot be read as Parquet"):
        list(reading.parts(100))


def test_a_version_is_of_files_and_splits(store: Path) -> None:
    version = read_parts(store).version()
    assert version is not None
    assert read_parts(store).version() == version
    assert read_parts(store, ["train"]).version() != version
    part = min(store.glob("*.parquet"))
    found = part.stat()
    os.utime(part, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    assert read_parts(store).version() != version


def test_a_filesystem_that_tells_no_times_has_no_versions(store: Path) -> None:
    class Timeless:
        base_name, size, mtime_ns = "part", 3, None

    class Other:
        def get_file_info(self, names: list[str]) -> list[Timeless]:
            return [Timeless() for _ in names]

    reading = read_parts(store)
    object.__setattr__(reading.store, "filesystem", Other())
    assert reading.version() is None
