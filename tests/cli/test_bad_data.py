"""Clips that nobody can learn from, at the doors of train and sweep: one line, nothing left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Desk = Any
both = pytest.mark.parametrize("door", ["train", "sweep"])

# Data: no run in MLflow, no folder.


@both
def test_missing_store(recorded: Desk, door: str) -> None:
    assert "no store at 'nowhere'" in recorded.error(door, "--data", "nowhere")


@both
@pytest.mark.parametrize("name", ["my #1 store", "d😀"])
def test_store_whose_name_is_yaml(recorded: Desk, door: str, name: str) -> None:
    assert f"no store at {name!r}" in recorded.error(door, "--data", name)


@both
def test_empty_parquet(recorded: Desk, door: str) -> None:
    Path("store").mkdir()
    assert "it holds no *.parquet file" in recorded.error(door, "--data", "store")
    Path("store/part-0.parquet").touch()
    assert "part-0.parquet' is empty (0 bytes)" in recorded.error(door, "--data", "store")


@both
def test_foreign_parquet(recorded: Desk, door: str) -> None:
    Path("store").mkdir()
    pq.write_table(pa.table({"price": [1.0, 2.0]}), "store/part-0.parquet")
    line = recorded.error(door, "--data", "store")
    assert "part-0.parquet" in line
    assert "clip_id" in line
    Path("store/part-0.parquet").write_text("not Parquet at all")
    assert "cannot be read as Parquet" in recorded.error(door, "--data", "store")


@both
def test_layout_that_nobody_knows(recorded: Desk, door: str) -> None:
    recorded.store()
    (part,) = Path("store").glob("*.parquet")
    table = pq.read_table(part)
    named = pa.array(["face468"] * len(table))
    where = table.schema.get_field_index("layout")
    pq.write_table(table.set_column(where, "layout", named), part)
    line = recorded.error(door, "--data", "store")
    assert "'face468'" in line
    assert "hands42" in line


@both
def test_split_without_positives(recorded: Desk, door: str) -> None:
    made = recorded.clips(signs=4)
    recorded.store([c for c in made if (c.split == "train") == (c.sign < "sign2")])
    assert "a split with no positives" in recorded.error(door, "--data", "store")


@both
def test_store_without_val(recorded: Desk, door: str) -> None:
    recorded.store(split="train")
    line = recorded.error(door, "--data", "store")
    assert "no split 'val'" in line


@both
def test_more_signs_in_a_batch_than_there_are(recorded: Desk, door: str) -> None:
    recorded.store()
    space = ["space={optim.lr: {log_uniform: [1e-4, 1e-2]}}"] if door == "sweep" else []
    args = recorded.set(door, "batches.signs=32", "batches.clips_per_sign=2")
    # What is said of the clips on the way is on stdout.
    line = recorded.error(door, "--data", "store", *space, *args)
    assert "batches.signs=32 (P) is larger than the number of training signs, 20" in line
    assert line.endswith("type batches.signs=20 or less")


@both
def test_more_clips_of_a_sign_than_any_has(recorded: Desk, door: str) -> None:
    recorded.store(each=3)
    space = ["space={optim.lr: {log_uniform: [1e-4, 1e-2]}}"] if door == "sweep" else []
    args = recorded.set(door, "batches.signs=10", "batches.clips_per_sign=4")
    line = recorded.error(door, "--data", "store", *space, *args)
    assert "batches.clips_per_sign=4 (K) is larger than any sign's clips, at most 3" in line
    assert line.endswith("type batches.clips_per_sign=3 or less")


def test_space_with_more_clips_of_a_sign_than_any_has(recorded: Desk) -> None:
    recorded.store(each=3)
    line = recorded.error(
        "sweep",
        *("--data", "store", "train.batches.signs=10"),
        "space={batches.clips_per_sign: {choice: [2, 4]}}",
    )
    assert "the search space does not fit the clips: batches.clips_per_sign=4 (K)" in line


@both
def test_clips_without_a_landmark(recorded: Desk, door: str) -> None:
    recorded.store(missing=True)
    line = recorded.error(door, "--data", "store")
    assert "none of the 80 clips of 'store' has a single landmark" in line


@both
def test_test_split(recorded: Desk, door: str) -> None:
    recorded.store()
    line = recorded.error(door, "--data", "store:test")
    assert "the test split of 'store' is sealed" in line
    line = recorded.error(door, *recorded.set(door, "data.store=store:test"))
    assert "is sealed" in line
