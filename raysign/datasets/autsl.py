"""AUTSL: 226 signs of Turkish Sign Language, 43 signers, signer-independent splits.

Sincan and Keles, "AUTSL: A Large Scale Multi-modal Turkish Sign Language Dataset and Baseline
Methods", IEEE Access 2020. On disk, as unpacked from the ChaLearn 2021 archives::

    train/signer0_sample1_color.mp4      val/ and test/ alike; *_depth.mp4 is not read
    train_labels.csv                     signer0_sample1,41: no header
    validation_labels.csv (or val_labels.csv), test_labels.csv
    SignList_ClassId_TR_EN.csv           ClassId,TR,EN
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from raysign.datasets.found import Found, files_in, found, read_lines, read_table
from raysign.datasets.table import DATASETS
from raysign.errors import DataError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTSL = DATASETS["autsl"]
SIGNS = "SignList_ClassId_TR_EN.csv"
LABELS = {
    "train": ("train_labels.csv",),
    "val": ("validation_labels.csv", "val_labels.csv"),
    "test": ("test_labels.csv",),
}
COLOUR = "_color"
_SAMPLE = re.compile(r"signer(?P<signer>\d+)_sample\d+")


def find(root: str | Path) -> Found:
    """The colour videos that a label file lists; the sign is the Turkish gloss.

    A split without labels is left out, and ``unlabelled`` where it has videos. ``DataError`` where
    no split has any, or a file is not as above.
    """
    root = Path(root)
    if not (root / SIGNS).is_file():
        raise DataError(
            f"{str(root)!r} is not {AUTSL.title}: expected {str(root / SIGNS)!r}; give the folder "
            "that holds train/, val/, test/ and their label files"
        )
    signs = _signs(root / SIGNS)
    rows: list[VideoClip] = []
    missing: list[str] = []
    foreign: set[str] = set()
    unlabelled: list[str] = []
    for split, names in LABELS.items():
        labels = next((root / name for name in names if (root / name).is_file()), None)
        folder = root / split
        if labels is None:
            if folder.is_dir():
                unlabelled.append(split)
            continue
        videos = files_in(folder) if folder.is_dir() else {}
        listed = _labels(labels, signs)
        for sample, (signer, sign) in listed.items():
            video = videos.get(sample + COLOUR)
            if video is None:
                missing.append(sample)
                continue
            row = VideoClip(sample, str(video), sign, signer, split, AUTSL.language, AUTSL.name)
            rows.append(row)
        foreign |= {
            f"{split}/{video.name}"
            for stem, video in videos.items()
            if stem.endswith(COLOUR) and stem.removesuffix(COLOUR) not in listed
        }
    expected = "train_labels.csv and train/signer0_sample1_color.mp4"
    return found(
        rows, missing, foreign, unlabelled, title=AUTSL.title, folder=root, expected=expected
    )


def _signs(path: Path) -> Mapping[str, str]:
    table = read_table(path, ("ClassId", "TR"))
    counts = Counter(row["TR"] for row in table)
    # One word for two signs must not make them one.
    return {
        row["ClassId"]: row["TR"] if counts[row["TR"]] == 1 else f"{row['TR']} ({row['ClassId']})"
        for row in table
    }


def _labels(path: Path, signs: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    listed: dict[str, tuple[str, str]] = {}
    for number, fields in read_lines(path):
        sample, label = fields if len(fields) == 2 else ("", "")
        match = _SAMPLE.fullmatch(sample)
        if match is None and number == 1 and len(fields) == 2:
            continue  # copies of the dataset give it a header
        if match is None:
            raise DataError(
                f"{str(path)!r}, line {number}: must be signer<n>_sample<n>,<class>, got {fields}"
            )
        if label not in signs:
            raise DataError(f"{str(path)!r}, line {number}: class {label!r} is not in {SIGNS}")
        listed[sample] = (match["signer"], signs[label])
    return listed
