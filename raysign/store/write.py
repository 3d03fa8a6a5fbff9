"""Writing a store: all of it or nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysign.clip import SPLITS
from raysign.errors import DataError, LayoutError, StoreError
from raysign.store.about import ABOUT, as_json
from raysign.store.opening import OUTCOMES, behind_link, first_line, locate, on_disk
from raysign.store.outcomes import write_outcomes_file
from raysign.store.schema import HALVES, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from raysign.clip import Clip
    from raysign.manifest import Outcome

GROUP_CLIPS = 512
"""Clips in a row group: what a writer holds at a time, and the least that a reader reads."""
GROUP_VALUES = 1 << 26
"""A row group is closed with the clip that fills so many numbers (128 MiB, 80 minutes of Holistic
at 60 fps): long clips make small groups."""

LANDMARKS = ("xyz", "confidence")
ENCODING: Mapping[str, Any] = {
    "compression": "zstd",
    "use_dictionary": ["sign", "signer", "split", "language", "dataset", "layout"],
    "column_encoding": {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in LANDMARKS},
}
FOLDER_RENAMES = ("local", "mock", "hdfs")
"""Filesystems that rename a folder in one step; on others (object stores) parts move one by one."""


class Beside(Protocol):
    """Columns that some stores have beside those that every store has."""

    schema: pa.Schema

    def rows(self, clips: Sequence[Clip]) -> list[dict[str, Any]]:
        """What stands there for each of these clips, which are written next."""


def write_store(
    path: str | Path,
    clips: Iterable[Clip],
    *,
    beside: Beside | None = None,
    clips_per_part: int = 4096,
    outcomes: Sequence[Outcome] | None = None,
    about: Mapping[str, Any] | None = None,
    replace: bool = False,
    key: str | None = None,
) -> int:
    """Write clips as a new store; return how many.

    ``beside`` has more columns than every store has, asked for after the clips have come.
    ``outcomes`` and ``about``, what an extraction says of itself, are laid beside the clips.
    ``replace`` puts it in the place of what is there: the old store is there until the new one is
    whole (and ``clips`` may come from it); a kill between two renames is put right by
    :func:`recover` with the same ``key``. (An object store cannot rename a folder: there the old
    store goes first, ``clips`` must be somewhere else, and ``about`` comes last: a store with it is
    whole.) Where ``path`` is a link, the store is written to where it points, and the link stays.

    ``clips`` may be of any length: at most a row group of them is in memory. The parts are written
    into a hidden sibling folder that takes the store's name at the end, so whoever finds the store
    finds all of it; whatever goes wrong on the way, in ``clips`` too, leaves nothing behind.

    ``split`` must be train, val, test or ''; ``xyz`` is rounded to float16 and must stay finite or
    NaN in it.

    Raises:
        StoreError: the folder is not empty, cannot be written, or there are no clips.
        LayoutError: the clips' layouts differ.
        DataError: a ``clip_id`` that is empty or came before, another split, an infinite landmark.
    """
    if clips_per_part < 1:
        raise ValueError(f"clips_per_part must be at least 1, got {clips_per_part}")
    filesystem, folder = locate(behind_link(path))
    folder = folder.rstrip("/")
    if not replace:
        _check_vacant(filesystem, folder, str(path))
    names = Names.of(folder, key)
    draft = names.draft
    checked = _checked(clips)
    count = 0
    try:
        filesystem.create_dir(draft, recursive=True)
        for part, first in enumerate(checked):
            rest = islice(checked, clips_per_part - 1)
            file = f"{draft}/part-{part:05d}.parquet"
            count += write_part(filesystem, file, chain([first], rest), beside)
        if not count:
            raise StoreError(f"no clips to write to {str(path)!r}: no store was made")
        if outcomes is not None:
            write_outcomes_file(filesystem, f"{draft}/{OUTCOMES}", outcomes)
        if about is not None:
            with filesystem.open_output_stream(f"{draft}/{ABOUT}") as stream:
                stream.write(as_json(about))
        _publish(filesystem, names)
    except BaseException as error:
        _discard(filesystem, draft)
        if isinstance(error, OSError | pa.ArrowException):
            raise StoreError(f"cannot write store {str(path)!r}: {first_line(error)}") from error
        raise
    return count


@dataclass(frozen=True)
class Names:
    """What lies beside a store while it is being written; hidden, so nobody takes it for one."""

    store: str
    draft: str
    """The new one, until it is whole."""
    before: str
    """The old one, for the instant between two renames."""

    @classmethod
    def of(cls, folder: str, key: str | None = None) -> Names:
        """``key`` makes the names the same each time, so that what a kill left can be found."""
        parent, _, name = folder.rpartition("/")
        hidden = f".{name}.{key or uuid.uuid4().hex[:8]}"
        beside = f"{parent}/{hidden}" if parent else hidden
        return cls(folder, f"{beside}.part", f"{beside}.before")


def recover(filesystem: fs.FileSystem, names: Names) -> None:
    """After a kill: the old store has its name again where the new one has not; the rest goes.

    Where folders cannot be renamed, a store that lacks its ``about`` was being published: it goes.
    """
    kind = fs.FileType.Directory
    publishing = filesystem.get_file_info(names.draft).type == kind
    if publishing and filesystem.type_name not in FOLDER_RENAMES:
        whole = filesystem.get_file_info(f"{names.store}/{ABOUT}").type == fs.FileType.File
        begun = filesystem.get_file_info(f"{names.draft}/{ABOUT}").type == fs.FileType.File
        if begun and not whole:
            _discard(filesystem, names.store)
    if filesystem.get_file_info(names.before).type == kind:
        if filesystem.get_file_info(names.store).type == kind:
            filesystem.delete_dir(names.before)
        else:
            filesystem.move(names.before, names.store)
    _discard(filesystem, names.draft)


def check_vacant(path: str | Path) -> None:
    """``StoreError`` where something is already that a new store would stand on."""
    filesystem, folder = locate(path)
    _check_vacant(filesystem, folder.rstrip("/"), str(path))


def _check_vacant(filesystem: fs.FileSystem, folder: str, name: str) -> None:
    try:
        kind = filesystem.get_file_info(folder).type
        taken = kind == fs.FileType.File or (
            kind == fs.FileType.Directory and filesystem.get_file_info(fs.FileSelector(folder))
        )
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot write store {name!r}: {first_line(error)}") from None
    if taken:
        raise StoreError(
            f"cannot write store {name!r}: it is there already; give a new or an empty folder"
        )


def _checked(clips: Iterable[Clip]) -> Iterator[Clip]:
    seen: set[str] = set()
    layout = ""
    for clip in clips:
        if not clip.clip_id or clip.clip_id in seen:
            raise DataError(f"clip_id must be unique and not empty, got {clip.clip_id!r} again")
        if clip.layout != (layout or clip.layout):
            raise LayoutError(
                f"clip {clip.clip_id!r} has layout {clip.layout!r}, those before it {layout!r}; "
                "a store has one layout"
            )
        if clip.split not in ("", *SPLITS):
            raise DataError(
                f"clip {clip.clip_id!r}: split must be train, val, test or '', got {clip.split!r}"
            )
        seen.add(clip.clip_id)
        layout = clip.layout
        yield clip


def write_part(
    filesystem: fs.FileSystem, file: str, clips: Iterator[Clip], beside: Beside | None = None
) -> int:
    """Write one file of a store; return the number of clips."""
    count = 0
    fields: list[Any] = [*SCHEMA, *(beside.schema if beside else ())]
    with pq.ParquetWriter(file, pa.schema(fields), filesystem=filesystem, **ENCODING) as writer:
        while group := _group(clips):
            table = _table(group)
            if beside is not None:
                more = pa.Table.from_pylist(beside.rows(group), schema=beside.schema)
                for name in more.column_names:
                    table = table.append_column(more.schema.field(name), more[name])
            writer.write_table(table, row_group_size=GROUP_CLIPS)
            count += len(group)
    return count


def _group(clips: Iterator[Clip]) -> list[Clip]:
    """The next clips, as many as make a row group."""
    group: list[Clip] = []
    values = 0
    while values < GROUP_VALUES and len(group) < GROUP_CLIPS:
        clip = next(clips, None)
        if clip is None:
            break
        group.append(clip)
        values += clip.xyz.size
    return group


def _table(clips: list[Clip]) -> pa.Table:
    columns = {
        name: [getattr(clip, name) or None for clip in clips]
        for name in SCHEMA.names
        if name not in (*LANDMARKS, "num_frames")
    }
    arrays = {
        **{name: pa.array(rows, SCHEMA.field(name).type) for name, rows in columns.items()},
        "num_frames": pa.array([len(clip.xyz) for clip in clips], pa.int32()),
        "xyz": _lists([_half(clip) for clip in clips]),
        "confidence": _lists([clip.confidence for clip in clips]),
    }
    return pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def _half(clip: Clip) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        xyz = clip.xyz.astype(np.float16)
    if np.isinf(xyz).any():
        raise DataError(f"clip {clip.clip_id!r}: landmarks are infinite, or too large for float16")
    return xyz


def _lists(rows: Sequence[NDArray[Any] | None]) -> Any:
    flat = [np.empty(0) if row is None else row.reshape(-1) for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in flat])]).astype(np.int32)
    values: Any = pa.array(np.concatenate(flat).astype(np.float16))
    starts: Any = pa.array(offsets)
    return pa.ListArray.from_arrays(
        starts,
        values,
        type=HALVES,
        mask=pa.array([row is None for row in rows]),
    )


def _publish(filesystem: fs.FileSystem, names: Names) -> None:
    if filesystem.type_name in FOLDER_RENAMES:
        on_disk(filesystem, names.draft)
        if filesystem.get_file_info(names.store).type == fs.FileType.Directory:
            filesystem.move(names.store, names.before)
        try:
            filesystem.move(names.draft, names.store)
        except OSError:
            recover(filesystem, names)
            raise
        on_disk(filesystem, names.store.rpartition("/")[0] or "/", alone=True)
        _discard(filesystem, names.before)
        return
    if filesystem.get_file_info(f"{names.store}/{ABOUT}").type == fs.FileType.File:
        filesystem.delete_file(f"{names.store}/{ABOUT}")  # from here on it is not whole
    _discard(filesystem, names.store)
    filesystem.create_dir(names.store, recursive=True)
    files = filesystem.get_file_info(fs.FileSelector(names.draft))
    try:
        for part in sorted(files, key=lambda p: (p.base_name == ABOUT, str(p.path))):
            filesystem.move(part.path, f"{names.store}/{part.base_name}")
    except BaseException:
        _discard(filesystem, names.store)
        raise
    filesystem.delete_dir(names.draft)


def _discard(filesystem: fs.FileSystem, draft: str) -> None:
    if filesystem.get_file_info(draft).type == fs.FileType.Directory:
        filesystem.delete_dir(draft)
