from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from raysign.datasets import autsl
from raysign.errors import DataError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AUTSL = {
    "SignList_ClassId_TR_EN.csv": "ClassId,TR,EN\n0,abla,sister\n1,acele,hurry\n"
    "2,yüz,face\n3,yüz,hundred\n",
    "train_labels.csv": "signer0_sample1,0\nsigner0_sample2,3\nsigner10_sample7,1\n",
    "validation_labels.csv": "signer1_sample1,2\n",
    "train/signer0_sample1_color.mp4": None,
    "train/signer0_sample1_depth.mp4": None,
    "train/signer0_sample2_color.mp4": None,
    "train/signer9_sample9_color.mp4": None,
    "train/readme.txt": None,
    "val/signer1_sample1_color.mp4": None,
}


def test_autsl(write: Callable[..., Path]) -> None:
    root = write(AUTSL)
    got = autsl.find(root)
    assert got.rows[0] == VideoClip(
        clip_id="signer0_sample1",
        path=str(root / "train/signer0_sample1_color.mp4"),
        sign="abla",
        signer="0",
        split="train",
        language="tsm",
        dataset="autsl",
    )
    # Two signs that share a word stay two signs.
    assert [(row.clip_id, row.sign, row.split) for row in got.rows[1:]] == [
        ("signer0_sample2", "yüz (3)", "train"),
        ("signer1_sample1", "yüz (2)", "val"),
    ]
    assert got.missing == ("signer10_sample7",)
    assert got.foreign == ("train/signer9_sample9_color.mp4",)


def test_autsl_with_a_header_and_the_other_name(write: Callable[..., Path]) -> None:
    files = AUTSL | {"val_labels.csv": "sample,label\nsigner1_sample1,2\n"}
    del files["validation_labels.csv"]
    assert autsl.find(write(files)).rows[-1].split == "val"


def test_autsl_whose_test_labels_are_not_there(write: Callable[..., Path]) -> None:
    """They were given out later than the videos."""
    got = autsl.find(write(AUTSL | {"test/signer3_sample1_color.mp4": None}))
    assert got.counts.splits == {"train": 2, "val": 1}
    assert got.unlabelled == ("test",)
    assert autsl.find(write(AUTSL | {"test_labels.csv": "signer3_sample1,0\n"})).unlabelled == ()


def test_autsl_without_any_labels(write: Callable[..., Path]) -> None:
    bare = {name: text for name, text in AUTSL.items() if "labels" not in name}
    with pytest.raises(DataError, match=r"no clip of AUTSL .* expected train_labels.csv and "):
        autsl.find(write(bare))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"SignList_ClassId_TR_EN.csv": "Class,TR\n0,abla\n"},
            "lacks the columns ClassId; it has Cl",
        ),
        (
            {"train_labels.csv": "signer0_sample1,0\nsample2,1\n"},
            "line 2: must be signer<n>_sample",
        ),
        (
            {"train_labels.csv": "signer0_sample1,0,1\n"},
            "line 1: must be signer<n>_sample<n>,<class>",
        ),
        ({"train_labels.csv": "signer0_sample1,9\n"}, "line 1: class '9' is not in SignList"),
        (
            {"train/signer0_sample1_color.avi": None},
            r"^'signer0_sample1_color.avi' and 'signer0_sample1_color.mp4' in '.*train' would be ",
        ),
    ],
)
def test_autsl_laid_out_otherwise(
    write: Callable[..., Path], changed: dict[str, str | None], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        autsl.find(write(AUTSL | changed))


def test_autsl_that_is_not_there(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"is not AUTSL: expected '.*SignList_Cl.*; give the folder"
    ):
        autsl.find(tmp_path)
    only = {name: AUTSL[name] for name in ("SignList_ClassId_TR_EN.csv", "train_labels.csv")}
    with pytest.raises(DataError, match="none of the 3 clips of AUTSL is in"):
        autsl.find(write(only))
