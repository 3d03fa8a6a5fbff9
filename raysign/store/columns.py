"""Columns of a Parquet file that is not a store, for the rooms that do not know pyarrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from raysign.errors import DataError
from raysign.store.opening import first_line, locate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def read_columns(path: str | Path, columns: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Some columns of a Parquet file (local or any Arrow filesystem URI), each [row].

    Text comes as NumPy text with '' for null, whole numbers without a null as int64, all other
    numbers as float64 with NaN for null. Raises ``DataError`` where the file cannot be read, lacks
    a column, or a column is neither text nor numbers.
    """
    filesystem, inside = locate(path)
    try:
        with pq.ParquetFile(inside, filesystem=filesystem) as file:
            missing = [name for name in columns if name not in file.schema_arrow.names]
            if missing:
                raise DataError(f"{str(path)!r} lacks the columns {', '.join(missing)}")
            table = file.read(columns=list(columns))
        return {name: _array(table[name]) for name in columns}
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{str(path)!r} cannot be read as Parquet: {first_line(error)}") from None


def _array(column: Any) -> NDArray[Any]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        # Not to_numpy: Arrow would import pandas for it.
        return np.asarray(column.fill_null("").to_pylist(), dtype=np.str_)
    whole = pa.types.is_integer(column.type) and not column.null_count
    numbers = column.cast(pa.int64() if whole else pa.float64())
    numbers = numbers if whole else numbers.fill_null(float("nan"))
    return np.asarray(numbers.combine_chunks().to_numpy(zero_copy_only=False))
