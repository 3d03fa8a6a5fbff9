"""The columns of a store, and what a Parquet file must have to be one."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from raysign.errors import StoreError

HALVES: Final = pa.list_(pa.field("element", pa.float16()))

_FIELDS: list[Any] = [
    pa.field("clip_id", pa.string(), nullable=False),
    pa.field("sign", pa.string()),
    pa.field("signer", pa.string()),
    pa.field("split", pa.string()),
    pa.field("language", pa.string()),
    pa.field("dataset", pa.string()),
    pa.field("layout", pa.string(), nullable=False),
    pa.field("fps", pa.float32()),
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("num_frames", pa.int32(), nullable=False),
    pa.field("xyz", HALVES, nullable=False),
    pa.field("confidence", HALVES),
]
SCHEMA: Final = pa.schema(_FIELDS)
"""``xyz`` is T × J × 3 in C order, ``confidence`` T × J; NaN in ``xyz`` = not detected."""

FACTS: Final = tuple(name for name in SCHEMA.names if name not in ("xyz", "confidence"))
"""The columns that are small enough to hold for a whole store."""


def check_schema(schema: pa.Schema, file: str) -> None:
    """``StoreError`` where a file's columns are not a store's; it may have more than those."""
    missing = [name for name in SCHEMA.names if name not in schema.names]
    if missing:
        raise StoreError(
            f"{file!r} is not part of a store: it lacks the columns {', '.join(missing)}; "
            "`raysign data --help` shows how to make a store"
        )
    for wanted in SCHEMA:
        got = schema.field(wanted.name).type
        # A column that is null in every row may have come out without a type.
        if not (_fits(got, wanted.type) or (wanted.nullable and pa.types.is_null(got))):
            raise StoreError(
                f"{file!r} is not part of a store: column {wanted.name!r} must be "
                f"{wanted.type}, got {got}"
            )


def _fits(got: Any, wanted: Any) -> bool:
    if pa.types.is_dictionary(got):
        got = got.value_type
    if pa.types.is_list(wanted):
        lists = pa.types.is_list(got) or pa.types.is_large_list(got)
        return bool(lists and pa.types.is_float16(got.value_type))
    if pa.types.is_string(wanted):
        return bool(pa.types.is_string(got) or pa.types.is_large_string(got))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(got))
    return bool(pa.types.is_floating(got) or pa.types.is_integer(got))
