"""Opening a store: where it is, which files it has, and all about its clips but the landmarks."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from raysign.clip import SPLITS
from raysign.errors import LayoutError, SealedSplitError, SplitError, StoreError
from raysign.skeleton import Layout, layout_named
from raysign.store.schema import FACTS, SCHEMA, check_schema
from raysign.whole import settle, settle_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

OUTCOMES = "outcomes.parquet"
"""An extraction's outcomes, one row a video; never clips."""


@dataclass(frozen=True)
class Group:
    """A row group: as much of a file as can be read at once."""

    file: str
    metadata: pq.FileMetaData
    index: int
    rows: slice
    """Which of the store's rows it holds."""


@dataclass(frozen=True)
class Store:
    """An opened store. ``facts`` has one row a clip: every column but the landmarks."""

    name: str
    filesystem: fs.FileSystem
    groups: tuple[Group, ...]
    facts: Any
    layout: Layout

    def text(self, column: str) -> NDArray[np.str_]:
        """A text column, '' where null."""
        # Not to_numpy: Arrow would import pandas for it.
        return np.asarray(self.facts[column].to_pylist(), dtype=np.str_)

    def number(self, column: str) -> NDArray[np.float64]:
        """A number column, NaN where null."""
        known = self.facts[column].cast(pa.float64()).fill_null(float("nan")).combine_chunks()
        return np.asarray(known.to_numpy(), dtype=np.float64)

    @cached_property
    def num_frames(self) -> NDArray[np.int64]:
        """Frames of each clip."""
        return self.number("num_frames").astype(np.int64)

    @property
    def num_values(self) -> NDArray[np.int64]:
        """Numbers that each clip's ``xyz`` must have."""
        return self.num_frames * self.layout.num_joints * 3

    def chosen(self, splits: Sequence[str] | None, open_test: bool) -> NDArray[np.bool_]:
        """Which rows are in those splits; None = every split that may be read."""
        split = self.text("split")
        if splits is None:
            keep = np.ones(len(split), dtype=np.bool_) if open_test else split != "test"
            if not keep.any():
                raise SealedSplitError.of(self.name)
            return keep
        for wanted in splits:
            if wanted not in split:
                raise SplitError(f"store {self.name!r} has no split {wanted!r}; {_listed(split)}")
        if "test" in splits and not open_test:
            raise SealedSplitError.of(self.name)
        return np.isin(split, list(splits))

    @contextmanager
    def reading(self, group: Group) -> Iterator[pq.ParquetFile]:
        """The file that a row group is in; Arrow's complaints become ``StoreError``."""
        with (
            readable(group.file),
            pq.ParquetFile(
                group.file, metadata=group.metadata, filesystem=self.filesystem, pre_buffer=True
            ) as file,
        ):
            yield file


def open_store(path: str | Path) -> Store:
    """Open a store and check all of it but the landmarks.

    Raises ``StoreError`` where it is missing, empty, foreign or damaged, ``LayoutError`` where its
    layout is unknown or not one.
    """
    filesystem, folder = locate(path)
    groups: list[Group] = []
    tables: list[Any] = []
    row = 0
    for file in _parts(filesystem, folder, str(path)):
        with readable(file), pq.ParquetFile(file, filesystem=filesystem) as part:
            check_schema(part.schema_arrow, file)
            tables.append(_plain(part.read(columns=list(FACTS))))
            for index in range(part.num_row_groups):
                size = part.metadata.row_group(index).num_rows
                groups.append(Group(file, part.metadata, index, slice(row, row + size)))
                row += size
    facts: Any = pa.concat_tables(tables)
    if not row:
        raise StoreError(f"store {str(path)!r} holds no clips: its Parquet files have 0 rows")
    _check_ids(facts, str(path))
    return Store(str(path), filesystem, tuple(groups), facts, _one_layout(facts, str(path)))


def locate(path: str | Path) -> tuple[fs.FileSystem, str]:
    """The filesystem that a path or URI names, and the path in it."""
    text = str(path)
    if "://" not in text:
        return fs.LocalFileSystem(), str(Path(os.path.abspath(Path(text).expanduser())))
    try:
        filesystem, inside = fs.FileSystem.from_uri(text)
    except (pa.ArrowException, OSError, ValueError, ImportError) as error:
        raise StoreError(f"cannot open store {text!r}: {first_line(error)}") from None
    return filesystem, inside


def behind_link(path: str | Path) -> str:
    """Where a store is to be written: on a local disk, what a link points to, so that it stays."""
    filesystem, inside = locate(path)
    linked = filesystem.type_name == "local" and os.path.islink(inside.rstrip("/"))
    return os.path.realpath(inside) if linked else str(path)


def absolute(path: str | Path) -> str:
    """A store's name as other processes find it: an absolute path, or the URI as it is."""
    return str(path) if "://" in str(path) else locate(path)[1]


def on_disk(filesystem: fs.FileSystem, path: str, *, alone: bool = False) -> None:
    """Wait until a local disk has a file or folder; ``alone``: the names in a folder, no more.

    Other filesystems have what they were given when they say so.
    """
    if filesystem.type_name == "local":
        (settle_names if alone else settle)(Path(path))


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).splitlines()), type(error).__name__)


@contextmanager
def readable(file: str) -> Iterator[None]:
    """Around reading a file: Arrow's complaints become ``StoreError``."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            f"{file!r} cannot be read as Parquet ({first_line(error)}): it is damaged or foreign; "
            "write it again, or delete it"
        ) from None


def _parts(filesystem: fs.FileSystem, folder: str, name: str) -> list[str]:
    try:
        info = filesystem.get_file_info(folder)
        if info.type == fs.FileType.NotFound:
            raise StoreError(f"no store at {name!r}: give a folder of Parquet files")
        if info.type == fs.FileType.File:
            raise StoreError(f"{name!r} is a file: give the folder that it is in")
        files = filesystem.get_file_info(fs.FileSelector(folder))
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot open store {name!r}: {first_line(error)}") from None
    parts = sorted(
        (file.path, file.size)
        for file in files
        if file.is_file
        and file.base_name.endswith(".parquet")
        and file.base_name != OUTCOMES
        and not file.base_name.startswith((".", "_"))
    )
    if not parts:
        raise StoreError(f"no clips in {name!r}: it holds no *.parquet file")
    empty = [file for file, size in parts if size == 0]
    if empty:
        raise StoreError(f"{empty[0]!r} is empty (0 bytes): write it again, or delete it")
    return [file for file, _ in parts]


def _plain(facts: Any) -> Any:
    """In the schema's own types, with '' for unknown text, whatever the writer chose."""
    columns = [facts[name].cast(SCHEMA.field(name).type) for name in FACTS]
    columns = [c.fill_null("") if pa.types.is_string(c.type) else c for c in columns]
    return pa.table(columns, names=list(FACTS))


def _check_ids(facts: Any, name: str) -> None:
    ids, counts = np.unique(np.asarray(facts["clip_id"].to_pylist(), np.str_), return_counts=True)
    if ids[0] == "":
        raise StoreError(f"store {name!r}: a clip has no clip_id")
    if (counts > 1).any():
        twice = ids[counts > 1]
        raise StoreError(
            f"store {name!r}: clip_id must be unique, got {twice[0]!r} {counts.max()} times"
            + (f" and {len(twice) - 1} more like it" if len(twice) > 1 else "")
        )
    for split in facts["split"].unique().to_pylist():
        if split not in ("", *SPLITS):
            raise StoreError(
                f"store {name!r}: split must be train, val, test or null, got {split!r}"
            )
    unknown = facts["num_frames"].null_count
    if unknown:
        raise StoreError(f"store {name!r}: num_frames is null in {unknown} rows")


def _one_layout(facts: Any, name: str) -> Layout:
    layouts = sorted(facts["layout"].unique().to_pylist())
    if len(layouts) > 1:
        raise LayoutError(
            f"store {name!r} mixes the layouts {', '.join(map(repr, layouts))}; "
            "a store has one: write one store for each"
        )
    try:
        return layout_named(layouts[0])
    except LayoutError as error:
        raise LayoutError(f"store {name!r}: {error}") from None


def _listed(split: NDArray[np.str_]) -> str:
    there, counts = np.unique(split, return_counts=True)
    names = (f"{s or '(no split)'} ({n} clips)" for s, n in zip(there, counts, strict=True))
    return f"it has {', '.join(names)}"
