"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
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
        settle(draft)
        draft.replace(path)
        settle_names(path.parent)
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
        settle(draft)
        draft.replace(path)
        settle_names(path.parent)
    except OSError as error:
        raise _refused(path, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, folder: Path) -> None:
    """Give a whole folder its name, in the place of the one that has it; that one is gone then.

    ``OSError`` where it cannot be done: both are as they were. A kill on the way is put right by
    :func:`restore`. ``folder`` is no link.
    """
    restore(folder)
    if _filled(folder):
        folder.replace(before(folder))
    try:
        draft.replace(folder)
    except OSError:
        restore(folder)
        raise
    settle_names(folder.parent)
    shutil.rmtree(before(folder), ignore_errors=True)


def restore(folder: Path) -> None:
    """After a kill of :func:`put_in_place`: the folder has its name again, the new or the old.

    For whoever is about to write it alone: a reader would take it from a writer's hands.
    """
    old = before(folder)
    if not old.is_dir() or folder.is_file():
        return
    if _filled(folder):
        shutil.rmtree(old)
    else:
        old.replace(folder)


def before(folder: Path) -> Path:
    """Where the old folder is while a new one takes its name."""
    return folder.parent / f".{folder.name}.before"


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def settle(path: Path) -> None:
    """Wait until the disk has a file, or a folder and all that is in it: a machine that stops
    right after must not keep a name and lose what has it.
    """
    if not path.is_dir():
        _sync(path)
        return
    for inside in path.rglob("*"):
        if inside.is_file():
            _sync(inside)
    for folder in (*(inside for inside in path.rglob("*") if inside.is_dir()), path):
        settle_names(folder)


def settle_names(folder: Path) -> None:
    """The same of the names in a folder alone, where its file system knows such a thing."""
    with suppress(OSError):
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def _refused(path: Path, error: OSError) -> DataError:
    return DataError(f"cannot write {str(path)!r}: {error.strerror or error}")
