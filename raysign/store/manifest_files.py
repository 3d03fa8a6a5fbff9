"""The formats of a manifest: what stands in a file, row by row, and what of it fits a column."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from raysign.manifest import COLUMNS, SPLITS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Rows = list[tuple[dict[str, Any], str]]
    """Each row by column, and what is wrong with the row as a whole ('' = nothing)."""

FRAMES, SECONDS = ("start_frame", "end_frame"), ("start_s", "end_s")
TYPES: Mapping[str, Any] = {
    name: pa.int64() if name in FRAMES else pa.float64() if name in SECONDS else pa.string()
    for name in COLUMNS
}


def checked_value(column: str, given: Any) -> str | int | float | None:
    """What ``VideoClip`` takes, from what a file holds; ``ValueError`` says what does not fit."""
    if given is None or given == "" or (isinstance(given, float) and math.isnan(given)):
        if column in ("clip_id", "path"):
            raise ValueError("must not be empty")
        return None if column in (*FRAMES, *SECONDS) else ""
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError(f"must be text or a number, got {given!r:.60}")
    if column in (*FRAMES, *SECONDS):
        return _number(given, whole=column in FRAMES)
    if isinstance(given, float):
        raise ValueError(f"must be text, got the number {given!r}")
    if column == "split" and given not in SPLITS:
        raise ValueError(f"must be train, val, test or empty, got {given!r:.60}")
    return str(given)


def _number(given: str | int | float, *, whole: bool) -> int | float:
    try:
        number = float(given)
    except (ValueError, OverflowError):
        number = math.nan
    # pandas writes whole numbers as 12.0 where others in the column are missing.
    if whole and number.is_integer():
        return int(number)
    if whole or not math.isfinite(number):
        what = "a whole number of frames" if whole else "a number of seconds"
        raise ValueError(f"must be {what}, got {given!r:.60}")
    return number


def _read_csv(file: Any) -> tuple[list[str], Rows]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = csv.reader(text, strict=True)
    try:
        columns = next(lines, [])
        rows: Rows = []
        for line in lines:
            if line:
                short = len(line) != len(columns)
                wrong = f"must have {len(columns)} fields, has {len(line)}" if short else ""
                rows.append((dict(zip(columns, line, strict=False)), wrong))
    except csv.Error as error:
        raise ValueError(f"line {lines.line_num}: {error}") from None
    return columns, rows


def _read_jsonl(file: Any) -> tuple[list[str], Rows]:
    rows: Rows = []
    columns: dict[str, None] = {}
    for line in io.TextIOWrapper(file, encoding="utf-8-sig"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            wrong = "" if isinstance(row, dict) else f"must be an object, got {line.strip():.60}"
        except ValueError as error:
            row, wrong = {}, f"is not JSON: {error}"
        rows.append(({}, wrong) if wrong else (row, ""))
        columns.update(dict.fromkeys(rows[-1][0]))
    # A column that one row lacks is that row's mistake, not the file's.
    return list(columns or dict.fromkeys(COLUMNS)), rows


def _read_parquet(file: Any) -> tuple[list[str], Rows]:
    with pq.ParquetFile(file) as parquet:
        names = list(parquet.schema_arrow.names)
        known = parquet.read(columns=[name for name in names if name in COLUMNS])
    return names, [(row, "") for row in known.to_pylist()]


def _to_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([columns, *rows])
    return text.getvalue().encode()


def _to_jsonl(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    known = (
        {name: value for name, value in zip(columns, row, strict=True) if value not in ("", None)}
        for row in rows
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in known).encode()


def _to_parquet(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    known = [[None if value == "" else value for value in row] for row in rows]
    arrays = [pa.array(c, TYPES[n]) for n, c in zip(columns, zip(*known, strict=True), strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays, names=list(columns)), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


READERS: Mapping[str, Callable[[Any], tuple[list[str], Rows]]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_jsonl,
}
WRITERS: Mapping[str, Callable[[Sequence[str], Sequence[Sequence[Any]]], bytes]] = {
    ".csv": _to_csv,
    ".parquet": _to_parquet,
    ".jsonl": _to_jsonl,
}
