"""Manifests on disk: which videos are to become clips, as CSV, Parquet, JSON lines or a folder."""

from __future__ import annotations

import os
import posixpath
import uuid
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
from pyarrow import fs

from raysign.errors import DataError
from raysign.manifest import COLUMNS, SIDECARS, VIDEOS, VideoClip, is_uri, without_options
from raysign.store.manifest_files import FRAMES, READERS, SECONDS, WRITERS, checked_value
from raysign.store.opening import first_line, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

FORMATS = tuple(READERS)
SHOWN = 5
"""Suffixes that a line names."""


def read_manifest(
    path: str | Path,
    suffixes: Sequence[str] = VIDEOS,
    *,
    say: Callable[[str], None] = lambda line: None,
) -> list[VideoClip]:
    """The clips that a manifest lists, in its order; paths come back absolute, or as URIs.

    ``path`` (local, or any Arrow filesystem URI) is

    * a ``.csv``, ``.parquet`` or ``.jsonl`` file with columns of ``VideoClip``, of which
      ``clip_id`` and ``path`` must be there. A relative path is relative to the manifest's folder;
      an empty field, null and NaN mean unknown.
    * a folder of ``sign/clip.mp4``: the id is ``sign/clip``, the order that of the ids. A video
      right in the folder has no sign. ``suffixes``, in lower case, says which files are meant;
      ``say`` gets a note where there are others that no one would expect beside them.

    A ``clip_id`` may come twice: extraction gives each row its outcome.

    Raises:
        DataError: nothing there, another format, an unknown column, a value that is missing or does
            not fit: the first mistake with its row (from 1, the header not counted) and column, and
            how many there are in all.
    """
    filesystem, inside = locate(path)
    try:
        kind = filesystem.get_file_info(inside).type
        if kind == fs.FileType.NotFound:
            raise DataError(
                f"no manifest at {str(path)!r}: give a {', '.join(FORMATS)} file, or a folder of "
                f"sign/clip{suffixes[0]}"
            )
        if kind == fs.FileType.Directory:
            return _folder(filesystem, inside.rstrip("/"), path, suffixes, say)
        read = READERS[_format(path)]
        with filesystem.open_input_file(inside) as file:
            columns, rows = read(file)
    except (OSError, pa.ArrowException, ValueError) as error:
        raise DataError(f"cannot read manifest {str(path)!r}: {first_line(error)}") from None
    _check_columns(columns, path)
    if not rows:
        raise DataError(f"manifest {str(path)!r} lists no clips")
    return _checked(rows, path)


def write_manifest(
    path: str | Path, rows: Iterable[VideoClip], columns: Collection[str] = ()
) -> int:
    """Write a manifest in the format that the suffix names; return how many clips it lists.

    The file appears whole or not at all, in place of one that was there. Columns that no clip uses
    are left out, but for those in ``columns``. Paths are written as they are.

    Raises ``DataError`` where there are no clips, the suffix is another, or it cannot be written.
    """
    rows = list(rows)
    if not rows:
        raise DataError(f"no clips to write to manifest {str(path)!r}")
    write = WRITERS[_format(path)]
    used = [
        name
        for name in COLUMNS
        if name in columns or any(getattr(row, name) not in ("", None) for row in rows)
    ]
    content = write(used, [[getattr(row, name) for name in used] for row in rows])
    filesystem, inside = locate(path)
    parent, _, name = inside.rpartition("/")
    draft = f"{parent}/.{name}.{uuid.uuid4().hex[:8]}.part" if parent else f".{name}.part"
    try:
        with filesystem.open_output_stream(draft) as file:
            file.write(content)
        filesystem.move(draft, inside)
    except (OSError, pa.ArrowException) as error:
        if filesystem.get_file_info(draft).type == fs.FileType.File:
            filesystem.delete_file(draft)
        raise DataError(f"cannot write manifest {str(path)!r}: {first_line(error)}") from None
    return len(rows)


def _format(path: str | Path) -> str:
    suffix = PurePosixPath(without_options(str(path))[0]).suffix.lower()
    if suffix not in FORMATS:
        raise DataError(f"manifest {str(path)!r} must end in one of {', '.join(FORMATS)}")
    return suffix


def _check_columns(names: Sequence[str], path: str | Path) -> None:
    wrong = [f"has the unknown column {name!r}" for name in names if name not in COLUMNS]
    wrong += [f"lacks the column {name!r}" for name in ("clip_id", "path") if name not in names]
    wrong += [f"has the column {n!r} twice" for n in sorted(set(names)) if names.count(n) > 1]
    if wrong:
        raise DataError(
            f"manifest {str(path)!r} {wrong[0]}{_and_more(wrong)}; "
            f"a manifest has the columns {', '.join(COLUMNS)}"
        )


def _checked(rows: list[tuple[dict[str, Any], str]], path: str | Path) -> list[VideoClip]:
    clips: list[VideoClip] = []
    mistakes: list[str] = []
    for number, (row, broken) in enumerate(rows, start=1):
        wrong = [broken] if broken else []
        values: dict[str, Any] = {}
        for column in COLUMNS if not broken else ():
            try:
                values[column] = checked_value(column, row.get(column))
            except ValueError as error:
                wrong.append(f"column {column!r}: {error}")
        if not wrong:
            try:
                clips.append(VideoClip(**values | {"path": _absolute(values["path"], path)}))
            except DataError as error:
                given = [name for name in (*FRAMES, *SECONDS) if values[name] is not None]
                wrong.append(f"column {', '.join(map(repr, given))}: {error}")
        mistakes += [f"row {number}, {text}" for text in wrong]
    if mistakes:
        raise DataError(f"manifest {str(path)!r}, {mistakes[0]}{_and_more(mistakes)}")
    return clips


def _and_more(mistakes: list[str]) -> str:
    count = len(mistakes) - 1
    return f" (and {count} more mistake{'s' if count > 1 else ''})" if count else ""


def _absolute(path: str, manifest: str | Path) -> str:
    if is_uri(path) or os.path.isabs(path):
        return path
    if not is_uri(str(manifest)):
        return os.path.abspath(Path(manifest).expanduser().parent / path)
    whole, options = without_options(str(manifest))
    scheme, _, rest = whole.partition("://")
    # A URI's own part is quoted already; a manifest's or a folder's names are as people write them.
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(rest), quote(path)))
    return f"{scheme}://{joined}{options}"


def _folder(
    filesystem: fs.FileSystem,
    folder: str,
    path: str | Path,
    suffixes: Sequence[str],
    say: Callable[[str], None],
) -> list[VideoClip]:
    found: list[tuple[str, PurePosixPath]] = []
    others: Counter[str] = Counter()
    for info in filesystem.get_file_info(fs.FileSelector(folder, recursive=True)):
        inner = PurePosixPath(str(info.path)[len(folder) :].lstrip("/"))
        if not info.is_file or any(part.startswith(".") for part in inner.parts):
            continue
        if inner.suffix.lower() not in suffixes:
            others[inner.suffix.lower() or "no suffix"] += 1
            continue
        if len(inner.parts) > 2:
            raise DataError(
                f"{str(inner)!r} lies too deep in {str(path)!r}: lay the folder out as "
                f"sign/clip{suffixes[0]}, or write a manifest"
            )
        found.append((str(inner.with_suffix("")), inner))
    if not found:
        raise DataError(
            f"no {' or '.join(suffixes[:SHOWN])}{' …' * (len(suffixes) > SHOWN)} in "
            f"{str(path)!r}: lay the folder out as sign/clip{suffixes[0]}, or give a "
            f"{', '.join(FORMATS)} file"
        )
    if left := [(kind, n) for kind, n in others.most_common() if kind not in SIDECARS]:
        kinds = ", ".join(kind for kind, _ in left[:SHOWN]) + ", …" * (len(left) > SHOWN)
        count = sum(n for _, n in left)
        files = "1 file of another kind is" if count == 1 else f"{count:,} files of other kinds are"
        say(f"note: {files} left out ({kinds})")
    whole, options = without_options(str(path))
    base = f"{whole.rstrip('/')}/manifest{options}"
    return [
        VideoClip(clip_id, _absolute(str(inner), base), sign=inner.parent.name)
        for clip_id, inner in sorted(found)
    ]
