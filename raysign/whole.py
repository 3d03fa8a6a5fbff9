"""A file that appears whole or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raysign.errors import DataError


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A hidden sibling to write to; it takes the file's name at the end, unless something raises.

    ``DataError`` where it cannot be written.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
