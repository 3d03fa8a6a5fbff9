"""Files that are somewhere else, here for a while."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa

from raysign.errors import StoreError
from raysign.store.opening import first_line, locate

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def local_copy(uri: str) -> Iterator[str]:
    """The path of a file of any Arrow filesystem, copied to a temporary folder meanwhile.

    ``StoreError`` where it cannot be read.
    """
    try:
        filesystem, inside = locate(uri)
    except StoreError as error:
        reason = str(error).partition(": ")[2]
        raise StoreError(
            f"no filesystem for {uri!r} ({reason}): give a local path, s3://, gs://, hdfs:// or "
            "fsspec+…://"
        ) from None
    with tempfile.TemporaryDirectory(prefix="raysign-") as folder:
        # Its own suffix, because decoders look at it.
        copy = Path(folder) / f"video{PurePosixPath(inside).suffix}"
        try:
            with filesystem.open_input_stream(inside) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        except (pa.ArrowException, OSError) as error:
            raise StoreError(f"cannot read {uri!r}: {first_line(error)}") from None
        yield str(copy)
