"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from raysign.errors import DataError


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A hidden sibling to write to; it takes the file's name at the end, unless something raises.

    ``DataError`` where it cannot be written.
    """
    path = Path(path)
    draft = _draft(path)
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        raise _refused(path, error) from None
    finally:
        with suppress(OSError):  # where it could not be written there is none
            draft.unlink()


@contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """The same of a folder, which may be there already if it is empty."""
    path = Path(path).absolute()
    draft = _draft(path)
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.replace(path)
    except OSError as error:
        raise _refused(path, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def _refused(path: Path, error: OSError) -> DataError:
    return DataError(f"cannot write {str(path)!r}: {error.strerror or error}")
