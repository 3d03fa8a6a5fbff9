"""The outcomes of an extraction, beside the clips: one row for each row of its manifest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysign.errors import StoreError
from raysign.manifest import LABELS, Outcome
from raysign.store.opening import OUTCOMES, first_line, locate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FIELDS: list[Any] = [
    pa.field("clip_id", pa.string(), nullable=False),
    pa.field("path", pa.string(), nullable=False),
    pa.field("outcome", pa.string(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
    pa.field("sha256", pa.string(), nullable=False),
    pa.field("decoded_frames", pa.int32()),
    pa.field("fps", pa.float32()),
    pa.field("body", pa.float32()),
    pa.field("left_hand", pa.float32()),
    pa.field("right_hand", pa.float32()),
    pa.field("span", pa.string(), nullable=False),
    *(pa.field(name, pa.string(), nullable=False) for name in LABELS),
]
OUTCOME_SCHEMA: Final = pa.schema(_FIELDS)
"""A file may lack the labels, which not every version wrote: then nothing is known of them."""


def read_outcomes(store: str | Path) -> list[Outcome] | None:
    """The outcomes beside a store's clips, in the manifest's order; None where there are none.

    ``StoreError`` where the file is damaged or foreign.
    """
    filesystem, folder = locate(store)
    file = f"{folder.rstrip('/')}/{OUTCOMES}"
    if filesystem.get_file_info(file).type != fs.FileType.File:
        return None
    return read_outcomes_file(filesystem, file)


def read_outcomes_file(filesystem: fs.FileSystem, file: str) -> list[Outcome]:
    """The rows of one file; ``StoreError`` where it is damaged or foreign."""
    try:
        there = pq.read_schema(file, filesystem=filesystem).names
        schema = pa.schema([f for f in _FIELDS if f.name in there or f.name not in LABELS])
        table: Any = pq.read_table(file, filesystem=filesystem, columns=schema.names)
        return [Outcome(**row) for row in table.cast(schema).to_pylist()]
    except (pa.ArrowException, OSError, TypeError) as error:
        raise StoreError(
            f"{file!r} cannot be read as an extraction's outcomes ({first_line(error)}): it is "
            "damaged or foreign; extract again, or delete it"
        ) from None


def write_outcomes_file(filesystem: fs.FileSystem, file: str, outcomes: Sequence[Outcome]) -> None:
    """Write one file; errors are Arrow's."""
    table = pa.Table.from_pylist([asdict(row) for row in outcomes], schema=OUTCOME_SCHEMA)
    pq.write_table(table, file, filesystem=filesystem, compression="zstd")
