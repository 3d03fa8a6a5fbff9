"""ASL Citizen: 2,731 signs of American Sign Language, 52 signers, signer-independent splits.

Desai et al., "ASL Citizen: A Community-Sourced Dataset for Advancing Isolated Sign Language
Recognition", NeurIPS 2023. On disk, as unpacked from ASL_Citizen.zip::

    videos/15890366051196036-BOOK.mp4
    splits/train.csv, val.csv, test.csv    Participant ID,Video file,Gloss,ASL-LEX Code

The gloss is the table's: that in the file name differs from it at times.
"""

from __future__ import annotations

from pathlib import Path

from raysign.clip import SPLITS
from raysign.datasets.found import Found, files_in, found, read_table
from raysign.datasets.table import DATASETS
from raysign.errors import DataError
from raysign.manifest import VideoClip

ASL_CITIZEN = DATASETS["asl_citizen"]
COLUMNS = ("Participant ID", "Video file", "Gloss")


def find(root: str | Path) -> Found:
    """The videos that a split lists. ``DataError`` where a file is not as above.

    A split whose table is not there is left out; one at least must be.
    """
    root = Path(root)
    tables = {split: root / "splits" / f"{split}.csv" for split in SPLITS}
    there = {split: path for split, path in tables.items() if path.is_file()}
    if not there:
        raise DataError(
            f"{str(root)!r} is not {ASL_CITIZEN.title}: expected {str(tables['train'])!r}; "
            "give the folder that holds videos/ and splits/"
        )
    videos = {path.name: path for path in files_in(root / "videos").values()}
    rows: list[VideoClip] = []
    missing: list[str] = []
    listed: set[str] = set()
    for split, path in there.items():
        for number, row in enumerate(read_table(path, COLUMNS), start=1):
            signer, name, gloss = (row[column] for column in COLUMNS)
            if not name or not gloss:
                raise DataError(f"{str(path)!r}, row {number}: has no video file or no gloss")
            clip_id = Path(name).stem
            listed.add(name)
            if name not in videos:
                missing.append(clip_id)
                continue
            labels = (gloss, signer, split, ASL_CITIZEN.language, ASL_CITIZEN.name)
            rows.append(VideoClip(clip_id, str(videos[name]), *labels))
    return found(
        rows,
        missing,
        videos.keys() - listed,
        title=ASL_CITIZEN.title,
        folder=root / "videos",
        expected=f"files such as {min(listed, default='<number>-<GLOSS>.mp4')}",
    )
