"""Google Isolated Sign Language Recognition (Kaggle, 2023): 250 ASL signs as Holistic landmarks.

On disk::

    train.csv                                       path,participant_id,sequence_id,sign
    train_landmark_files/26734/1000035562.parquet   frame,row_id,type,landmark_index,x,y,z

A file is in long form, one row a landmark: 543 a frame (``face`` 468, ``left_hand`` 21, ``pose``
33, ``right_hand`` 21), x and y in units of the picture, missing as null. What maps to what: body
and hands → ``holistic75``, the face left out; a clip begins with the first frame that a row names,
and a later one that none names is missing. There is no confidence, picture size, rate or split.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.clip import Clip
from raysign.datasets.found import Found, found, labels_of, read_table
from raysign.datasets.table import DATASETS
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.skeleton import HOLISTIC75

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    ReadColumns = Callable[[str, Sequence[str]], dict[str, NDArray[Any]]]
    """Columns of a Parquet file, each [row]; :func:`raysign.store.read_columns` is one."""

ISLR = DATASETS["islr"]
COLUMNS = ("frame", "type", "landmark_index", "x", "y", "z")
PARTS = {"pose": "body", "left_hand": "left_hand", "right_hand": "right_hand"}
"""Its types, and our parts."""
FACE = "face"
MOST_FRAMES = 100_000


def find(root: str | Path) -> Found:
    """The landmark files that ``train.csv`` lists; the id is ``participant/sequence``."""
    root = Path(os.path.abspath(root))
    rows: list[VideoClip] = []
    missing: list[str] = []
    table = root / "train.csv"
    if not table.is_file():
        raise DataError(f"{str(root)!r} is not {ISLR.title}: expected {str(table)!r}")
    for row in read_table(table, ("path", "participant_id", "sequence_id", "sign")):
        clip_id = f"{row['participant_id']}/{row['sequence_id']}"
        if (root / row["path"]).is_file():
            labels = (row["sign"], row["participant_id"], "", ISLR.language, ISLR.name)
            rows.append(VideoClip(clip_id, str(root / row["path"]), *labels))
        else:
            missing.append(clip_id)
    expected = "train_landmark_files/<participant>/<sequence>.parquet"
    return found(rows, missing, (), title=ISLR.title, folder=root, expected=expected)


def read_clip(row: VideoClip, read_columns: ReadColumns) -> Clip:
    """One landmark file as a ``holistic75`` clip, with the row's labels.

    Rows may stand in any order. ``DataError`` where the file cannot be read, has no rows, or has a
    type, index or frame that is not as above.
    """
    columns = read_columns(row.path, COLUMNS)
    kinds, frames, index = columns["type"], columns["frame"], columns["landmark_index"]
    unknown = set(np.unique(kinds).tolist()) - {FACE, *PARTS}
    if not len(kinds) or unknown:
        wrong = f"has landmarks of type {min(unknown)!r}" if unknown else "has no rows"
        raise DataError(f"{row.path!r} {wrong}; expected {', '.join((FACE, *PARTS))}")
    if not all(np.issubdtype(column.dtype, np.integer) for column in (frames, index)):
        raise DataError(f"{row.path!r}: frame and landmark_index must be whole numbers")
    first, last = int(frames.min()), int(frames.max())
    if last - first >= MOST_FRAMES:
        raise DataError(f"{row.path!r}: frames {first} to {last} are not one clip's")
    xyz = np.full((last - first + 1, HOLISTIC75.num_joints, 3), np.nan, dtype=np.float32)
    for kind, part in PARTS.items():
        of_kind = kinds == kind
        joints = range(*HOLISTIC75.parts[part].indices(HOLISTIC75.num_joints))
        if of_kind.any() and not 0 <= index[of_kind].min() <= index[of_kind].max() < len(joints):
            raise DataError(f"{row.path!r}: {kind} has other landmarks than 0 to {len(joints) - 1}")
        values = np.stack([columns[axis][of_kind] for axis in "xyz"], axis=-1)
        xyz[frames[of_kind] - first, joints.start + index[of_kind]] = values
    xyz[np.isnan(xyz).any(axis=2)] = np.nan
    return Clip(xyz=xyz, layout=HOLISTIC75.name, **labels_of(row))
