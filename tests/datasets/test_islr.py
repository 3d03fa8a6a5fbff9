from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysign.datasets.islr import find, read_clip
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.store import read_columns

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}


def long_form(xyz: np.ndarray, first: int) -> dict[str, Any]:
    """[frame 543 axis] as Kaggle's columns; null where missing."""
    kinds = [kind for kind, count in KINDS.items() for _ in range(count)]
    index = [place for count in KINDS.values() for place in range(count)]
    frames = np.repeat(np.arange(len(xyz)) + first, len(kinds))
    axes = {
        axis: pa.array(xyz[..., place].ravel(), mask=np.isnan(xyz[..., place].ravel()))
        for place, axis in enumerate("xyz")
    }
    return {
        "frame": pa.array(frames, pa.int16()),
        "row_id": [
            f"{f}-{k}-{i}"
            for f, k, i in zip(frames, kinds * len(xyz), index * len(xyz), strict=True)
        ],
        "type": kinds * len(xyz),
        "landmark_index": pa.array(index * len(xyz), pa.int16()),
        **axes,
    }


@pytest.fixture
def landmarks() -> np.ndarray:
    xyz = np.random.default_rng(0).random((4, 543, 3))
    xyz[1, 468:489] = np.nan  # no left hand
    xyz[2] = np.nan  # nobody
    return xyz


@pytest.fixture
def tree(tmp_path: Path, landmarks: np.ndarray) -> Path:
    (tmp_path / "train.csv").write_text(
        "path,participant_id,sequence_id,sign\n"
        "train_landmark_files/26734/1000035562.parquet,26734,1000035562,blow\n"
        "train_landmark_files/28656/1000106739.parquet,28656,1000106739,wait\n"
    )
    folder = tmp_path / "train_landmark_files" / "26734"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(long_form(landmarks, 20)), folder / "1000035562.parquet")
    pq.write_table(pa.table(long_form(landmarks, 0)), folder / "9.parquet")
    return tmp_path


def test_what_is_there_and_what_is_missing(tree: Path) -> None:
    got = find(tree)
    assert got.rows == (
        VideoClip(
            clip_id="26734/1000035562",
            path=str(tree / "train_landmark_files/26734/1000035562.parquet"),
            sign="blow",
            signer="26734",
            language="ase",
            dataset="islr",
        ),
    )
    assert got.missing == ("28656/1000106739",)


def test_landmarks_become_a_clip(tree: Path, landmarks: np.ndarray) -> None:
    (row,) = find(tree).rows
    clip = read_clip(row, read_columns)
    assert (clip.clip_id, clip.sign, clip.signer) == ("26734/1000035562", "blow", "26734")
    assert (clip.layout, clip.fps, clip.width, clip.confidence) == ("holistic75", None, None, None)
    body, left, right = landmarks[:, 489:522], landmarks[:, 468:489], landmarks[:, 522:]
    expected = np.concatenate([body, left, right], axis=1).astype(np.float32)
    np.testing.assert_array_equal(clip.xyz, expected)
    assert np.isnan(clip.xyz[1, 33:54]).all()


def test_rows_in_any_order_and_with_holes(tmp_path: Path, landmarks: np.ndarray) -> None:
    table = pa.table(long_form(landmarks, 7))
    whole = VideoClip("a", str(tmp_path / "whole.parquet"))
    mixed = VideoClip("a", str(tmp_path / "mixed.parquet"))
    pq.write_table(table, whole.path)
    order = np.random.default_rng(1).permutation(len(table))
    # Frame 9, where nobody is, has no rows at all.
    kept = order[np.asarray(table["frame"])[order] != 9]
    pq.write_table(table.take(pa.array(kept)), mixed.path)
    expected = read_clip(whole, read_columns).xyz
    np.testing.assert_array_equal(read_clip(mixed, read_columns).xyz, expected)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (
            "type",
            "foot",
            "has landmarks of type 'foot'; expected face, pose, left_hand, right_hand",
        ),
        ("landmark_index", 33, "pose has other landmarks than 0 to 32"),
        ("landmark_index", None, "frame and landmark_index must be whole numbers"),
    ],
)
def test_other_values_are_refused(
    tmp_path: Path, landmarks: np.ndarray, column: str, value: Any, message: str
) -> None:
    columns = long_form(landmarks, 0)
    values = list(columns[column]) if column == "type" else columns[column].to_pylist()
    columns[column] = [*values[:500], value, *values[501:]]
    row = VideoClip("a", str(tmp_path / "a.parquet"))
    pq.write_table(pa.table(columns), row.path)
    with pytest.raises(DataError, match=message):
        read_clip(row, read_columns)


def test_other_files_are_refused(tmp_path: Path, landmarks: np.ndarray) -> None:
    row = VideoClip("a", str(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match=r"a.parquet' cannot be read as Parquet"):
        read_clip(row, read_columns)
    table = pa.table(long_form(landmarks, 0))
    pq.write_table(table.slice(0, 0), row.path)
    with pytest.raises(DataError, match="has no rows"):
        read_clip(row, read_columns)
    pq.write_table(table.drop_columns(["z", "type"]), row.path)
    with pytest.raises(DataError, match="lacks the columns type, z"):
        read_clip(row, read_columns)
    frames = pa.array([0] * (len(table) - 1) + [10**9], pa.int64())
    pq.write_table(table.set_column(0, "frame", frames), row.path)
    with pytest.raises(DataError, match="frames 0 to 1000000000 are not one clip's"):
        read_clip(row, read_columns)
    with pytest.raises(DataError, match=r"is not Google .*: expected .*train.csv"):
        find(tmp_path)
    pq.write_table(table, row.path)
    with pytest.raises(DataError, match="a span can be cut out of a video, not of landmarks"):
        read_clip(VideoClip("a", row.path, end_frame=2), read_columns)
