from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from raysign.datasets import asl_citizen
from raysign.errors import DataError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "Participant ID,Video file,Gloss,ASL-LEX Code\n"
ASL_CITIZEN = {
    "splits/train.csv": HEADER + "P52,15890366051196036-BOOK.mp4,BOOK1,B_01_071\n"
    'P52,4.7299e15-seedTHINK.mp4,"THINK, HARD ",C_01\n',
    "splits/val.csv": HEADER + "P1,0123-DOG.mp4,DOG,D_01\n",
    "splits/test.csv": HEADER + "P9,0456-CAT.mp4,CAT,D_02\n",
    "videos/15890366051196036-BOOK.mp4": None,
    "videos/4.7299e15-seedTHINK.mp4": None,
    "videos/0456-CAT.mp4": None,
    "videos/0789-COW.mp4": None,
    "use.txt": None,
}


def test_asl_citizen(write: Callable[..., Path]) -> None:
    root = write(ASL_CITIZEN)
    got = asl_citizen.find(root)
    assert got.rows[0] == VideoClip(
        clip_id="15890366051196036-BOOK",
        path=str(root / "videos/15890366051196036-BOOK.mp4"),
        sign="BOOK1",
        signer="P52",
        split="train",
        language="ase",
        dataset="asl_citizen",
    )
    # The table's gloss, without the blanks that some end with; not the file name's.
    assert [(row.clip_id, row.sign, row.split) for row in got.rows[1:]] == [
        ("4.7299e15-seedTHINK", "THINK, HARD", "train"),
        ("0456-CAT", "CAT", "test"),
    ]
    assert (got.missing, got.foreign) == (("0123-DOG",), ("0789-COW.mp4",))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"splits/val.csv": "Participant ID,Gloss\nP1,DOG\n"},
            r"val.csv' lacks the columns Video f",
        ),
        ({"splits/val.csv": HEADER + "P1,a.mp4,DOG\n"}, "line 2: must have 4 fields, has 3"),
        ({"splits/val.csv": HEADER + "P1,a.mp4,,D_01\n"}, "row 1: has no video file or no gloss"),
    ],
)
def test_asl_citizen_laid_out_otherwise(
    write: Callable[..., Path], changed: dict[str, str | None], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        asl_citizen.find(write(ASL_CITIZEN | changed))


def test_asl_citizen_that_is_not_there(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give the folder that holds videos/ and splits/"):
        asl_citizen.find(tmp_path)
    tables = {name: text for name, text in ASL_CITIZEN.items() if name.startswith("splits")}
    root = write(tables)
    with pytest.raises(DataError, match=r"cannot read folder .*videos"):
        asl_citizen.find(root)
    (root / "videos").mkdir()
    with pytest.raises(DataError, match=r"none of the 4 clips .* files such as 0123-DOG.mp4"):
        asl_citizen.find(root)
