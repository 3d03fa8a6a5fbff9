"""RWTH-PHOENIX-Weather 2014T: weather forecasts in German Sign Language, sentence by sentence.

Camgoz et al., "Neural Sign Language Translation", CVPR 2018; 25 frames a second. On disk, under
``PHOENIX-2014-T`` of the release::

    annotations/manual/PHOENIX-2014-T.train.corpus.csv    dev and test alike
    features/fullFrame-210x260px/train/<name>/images0001.png …

The tables are ``name|video|start|end|speaker|orth|translation`` without quotes; their ``video``,
``start`` and ``end`` say nothing (``<name>/1/*.png``, -1, -1). Also read: a folder with
``train.csv``, ``dev.csv``, ``test.csv`` of ``name|speaker|num_frames|orth|translation``, without
frames.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from raysign.datasets.found import Found, files_in, found, read_table
from raysign.datasets.table import DATASETS
from raysign.errors import DataError
from raysign.manifest import VideoClip

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PHOENIX14T = DATASETS["phoenix14t"]
SPLITS = {"train": "train", "dev": "val", "test": "test"}
"""Its names for the splits, and the house's."""
COLUMNS = ("name", "speaker", "orth", "translation")


@dataclass(frozen=True)
class Sentence:
    """One signed sentence. ``split`` is ``train``, ``val`` (their dev) or ``test``."""

    name: str
    split: str
    signer: str
    glosses: tuple[str, ...]
    """What is signed, in order; written as there, with their marks (``__ON__``, ``loc-``)."""
    translation: str
    """What is said, German, lower case."""
    frames: str | None = None
    """The frames as an image sequence that FFmpeg opens (``…/images%04d.png``); None: not there."""
    num_frames: int | None = None
    """None where the table does not say."""


@dataclass(frozen=True)
class SentenceCounts:
    """How much there is of some sentences; ``glosses`` counts different ones."""

    sentences: int
    splits: Mapping[str, int]
    signers: int
    glosses: int
    with_frames: int

    @classmethod
    def of(cls, sentences: Sequence[Sentence]) -> SentenceCounts:
        """Count."""
        return cls(
            sentences=len(sentences),
            splits=dict(Counter(one.split for one in sentences)),
            signers=len({one.signer for one in sentences}),
            glosses=len({gloss for one in sentences for gloss in one.glosses}),
            with_frames=sum(one.frames is not None for one in sentences),
        )


def read_sentences(root: str | Path) -> list[Sentence]:
    """All sentences, in the tables' order: train, dev, test, of those that are there.

    Raises ``DataError`` where no table is there, or one is not as above.
    """
    root = Path(root)
    sentences: list[Sentence] = []
    official = root / "annotations" / "manual"
    for theirs, split in SPLITS.items():
        for path in (official / f"PHOENIX-2014-T.{theirs}.corpus.csv", root / f"{theirs}.csv"):
            if path.is_file():
                frames = root / "features" / "fullFrame-210x260px" / theirs
                sentences += _sentences(path, split, frames)
                break
    if not sentences:
        raise DataError(
            f"no sentences of {PHOENIX14T.title} in {str(root)!r}: give the folder that holds "
            "annotations/manual/PHOENIX-2014-T.train.corpus.csv, or train.csv"
        )
    return sentences


def find(root: str | Path, videos: str | Path | None = None) -> Found:
    """The sentences whose frames are there, as a manifest.

    ``path`` is the image sequence, or with ``videos`` the file ``<name>.mp4`` of that folder, for
    those who have made videos of the frames. ``sign`` stays empty: a sentence is not one sign; its
    glosses are in :func:`read_sentences`.
    """
    sentences = read_sentences(root)
    files = None if videos is None else files_in(videos)
    rows: list[VideoClip] = []
    missing: list[str] = []
    for one in sentences:
        path = one.frames if files is None else files.get(one.name)
        if path is None:
            missing.append(one.name)
            continue
        labels = ("", one.signer, one.split, PHOENIX14T.language, PHOENIX14T.name)
        rows.append(VideoClip(one.name, str(path), *labels))
    names = {one.name for one in sentences}
    frames = "features/fullFrame-210x260px/train/<name>/images0001.png"
    return found(
        rows,
        missing,
        (path.name for stem, path in (files or {}).items() if stem not in names),
        title=PHOENIX14T.title,
        folder=root if videos is None else videos,
        expected=frames if videos is None else "<name>.mp4",
    )


def _sentences(path: Path, split: str, frames: Path) -> list[Sentence]:
    return [
        Sentence(
            name=row["name"],
            split=split,
            signer=row["speaker"],
            glosses=tuple(row["orth"].split()),
            translation=row["translation"],
            frames=_sequence(frames / row["name"]),
            num_frames=_count(row["num_frames"], path, number) if "num_frames" in row else None,
        )
        for number, row in enumerate(read_table(path, COLUMNS, delimiter="|", quoted=False), 1)
    ]


def _sequence(folder: Path) -> str | None:
    if not (folder / "images0001.png").is_file():
        return None
    return os.path.abspath(folder).replace("%", "%%") + "/images%04d.png"


def _count(text: str, path: Path, row: int) -> int:
    if not text.isdecimal():
        raise DataError(f"{str(path)!r}, row {row}: num_frames must be a number, got {text!r:.60}")
    return int(text)
