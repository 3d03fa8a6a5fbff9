"""What is there of a dataset, what is missing, and the files that tell."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raysign.clip import LABELS
from raysign.errors import DataError
from raysign.manifest import VIDEOS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from raysign.manifest import VideoClip


@dataclass(frozen=True)
class Counts:
    """How much was found; ``signs`` and ``signers`` count the known ones."""

    clips: int
    signs: int
    signers: int
    splits: Mapping[str, int]
    missing: int
    foreign: int
    unlabelled: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The clips of a dataset whose files are there, in the order of its lists."""

    rows: tuple[VideoClip, ...]
    missing: tuple[str, ...]
    """Ids of clips that are listed and have no file."""
    foreign: tuple[str, ...] = ()
    """Names of files that could be clips and are in no list."""
    unlabelled: tuple[str, ...] = ()
    """Splits that have a folder of videos and no labels."""

    @property
    def counts(self) -> Counts:
        """For a door."""
        return Counts(
            clips=len(self.rows),
            signs=len({row.sign for row in self.rows if row.sign}),
            signers=len({row.signer for row in self.rows if row.signer}),
            splits=dict(Counter(row.split for row in self.rows)),
            missing=len(self.missing),
            foreign=len(self.foreign),
            unlabelled=self.unlabelled,
        )


def found(
    rows: Iterable[VideoClip],
    missing: Iterable[str],
    foreign: Iterable[str],
    unlabelled: Iterable[str] = (),
    *,
    title: str,
    folder: str | Path,
    expected: str,
) -> Found:
    """``DataError`` where nothing is there; it says which files were expected."""
    result = Found(tuple(rows), tuple(missing), tuple(sorted(foreign)), tuple(unlabelled))
    if not result.rows:
        listed = f"none of the {len(result.missing)} clips" if result.missing else "no clip"
        raise DataError(f"{listed} of {title} is in {str(folder)!r}; expected {expected}")
    return result


def files_in(folder: str | Path, suffixes: Sequence[str] = VIDEOS) -> dict[str, Path]:
    """The files with one of those suffixes, by name without suffix; absolute, in order of name.

    ``DataError`` where the folder cannot be read, or two files differ in their suffix only.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot read folder {str(folder)!r}: {error.strerror}") from None
    files: dict[str, Path] = {}
    for path in (Path(os.path.abspath(folder)) / name for name in names):
        if path.suffix.lower() in suffixes:
            first = files.setdefault(path.stem, path)
            if first != path:
                raise DataError(
                    f"{first.name!r} and {path.name!r} in {str(folder)!r} would be one clip; move "
                    "one of them out"
                )
    return files


def read_table(
    path: Path, columns: Sequence[str], *, delimiter: str = ",", quoted: bool = True
) -> list[Mapping[str, str]]:
    """The rows of a text table with a header that has at least those columns.

    Raises ``DataError`` with the line where the file cannot be read, lacks a column, or a row has
    another number of fields than the header.
    """
    lines = read_lines(path, delimiter=delimiter, quoted=quoted)
    header = lines[0][1] if lines else []
    lacking = [name for name in columns if name not in header]
    if lacking:
        raise DataError(
            f"{str(path)!r} lacks the columns {', '.join(lacking)}; it has {', '.join(header)}"
        )
    for number, fields in lines[1:]:
        if len(fields) != len(header):
            raise DataError(
                f"{str(path)!r}, line {number}: must have {len(header)} fields, has {len(fields)}"
            )
    return [dict(zip(header, fields, strict=True)) for _, fields in lines[1:]]


def read_lines(
    path: Path, *, delimiter: str = ",", quoted: bool = True
) -> list[tuple[int, list[str]]]:
    """The fields of each line that is not blank, stripped, with the line's number from 1."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(
                file,
                delimiter=delimiter,
                quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
                strict=True,
            )
            return [(reader.line_num, [f.strip() for f in fields]) for fields in reader if fields]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"cannot read {str(path)!r}: {reason}") from None


def labels_of(row: VideoClip) -> dict[str, Any]:
    """The labels that a clip of landmarks takes from its row; it must be whole, not a span."""
    if any(v is not None for v in (row.start_frame, row.end_frame, row.start_s, row.end_s)):
        raise DataError(f"clip {row.clip_id!r}: a span can be cut out of a video, not of landmarks")
    return {name: getattr(row, name) for name in LABELS}
