"""Rows of a folder of prepared clips, read as an array is; what travels is where they are."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float16, Float32, Int64

from raysign.errors import DataError
from raysign.mapped.folder import mapped_shards

BLOCK_BYTES = 16 << 20
"""Rows that are read one after another are read so many bytes at a time."""


@runtime_checkable
class Home(Protocol):
    """Knows where a folder is on this machine."""

    def folder(self) -> Path:
        """The folder, without a fault; it is made first where it is not there."""


@dataclass(frozen=True, eq=False)
class Shards:
    """A folder's shards, mapped when the first row is asked for, in each process anew."""

    home: Home

    @cached_property
    def path(self) -> Path:
        """The folder on this machine."""
        return self.home.folder()

    @cached_property
    def _mapped(self) -> list[Float16[np.ndarray, "row frame joint axis"]]:
        return mapped_shards(self.path)

    @cached_property
    def _starts(self) -> Int64[np.ndarray, "shard"]:
        return np.cumsum([0, *(len(shard) for shard in self._mapped)])[:-1]

    def __getstate__(self) -> dict[str, Any]:
        """Another process maps them itself; another node has a folder of its own."""
        return {"home": self.home}

    def read(
        self, rows: Int64[np.ndarray, "clip"], each: tuple[int, int, int]
    ) -> Float16[np.ndarray, "clip frame joint axis"]:
        """A copy of some rows, in that order."""
        found = np.empty((len(rows), *each), dtype=np.float16)
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shards).tolist():
            own = shards == shard
            found[own] = self._mapped[shard][rows[own] - self._starts[shard]]
        return found


@dataclass(frozen=True, eq=False)
class MappedSequences:
    """Prepared clips [clip frame joint axis], float16, that are read when they are asked for.

    ``shape``, ``len`` and indexing by clips are an array's; what an index gives is a copy.
    """

    shards: Shards
    rows: Int64[np.ndarray, "clip"]
    """The row of each clip."""
    each: tuple[int, int, int]
    """A clip's [frame joint axis]."""

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[clip frame joint axis]."""
        return (len(self.rows), *self.each)

    @property
    def dtype(self) -> np.dtype[np.float16]:
        """Float16."""
        return np.dtype(np.float16)

    @property
    def nbytes(self) -> int:
        """What all of them would take in memory."""
        return 2 * int(np.prod(self.shape))

    def __getitem__(
        self, clips: slice | Int64[np.ndarray, "some"]
    ) -> Float16[np.ndarray, "some frame joint axis"]:
        return self.shards.read(self.rows[clips], self.each)

    def blocks(self) -> list[slice]:
        """All clips, ``BLOCK_BYTES`` at a time."""
        step = max(1, BLOCK_BYTES // (2 * int(np.prod(self.each))))
        return [slice(start, start + step) for start in range(0, len(self), step)]

    def select(self, clips: Int64[np.ndarray, "some"]) -> MappedSequences:
        """Some of them, unread."""
        return MappedSequences(self.shards, self.rows[clips], self.each)

    def scratch(self, *shape: int) -> Float32[np.ndarray, "..."]:
        """Room for numbers that are as many as these, on the same disk; gone when unused.

        ``DataError`` where it is too full.
        """
        size = max(1, 4 * int(np.prod(shape)))
        folder = self.shards.path.parent
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                os.posix_fallocate(file.fileno(), 0, size)
                return np.memmap(file, np.float32, "r+", shape=shape)
        except OSError as error:
            raise DataError(
                f"no room for {size / 2**30:.1f} GiB more in {str(folder)!r}: "
                f"{error.strerror or error}; give data.cache another folder"
            ) from None


AnySequences = (
    Float16[np.ndarray, "clip frame joint axis"] | Float16[MappedSequences, "clip frame joint axis"]
)
"""Prepared clips, in memory or on a disk."""


def at_frames(
    sequences: AnySequences, frames: Int64[np.ndarray, "kept"]
) -> Float16[np.ndarray, "clip kept joint axis"]:
    """Some frames of every clip, in memory."""
    if isinstance(sequences, np.ndarray):
        return sequences[:, frames]
    _, joints, axes = sequences.each
    found = np.empty((len(sequences), len(frames), joints, axes), dtype=np.float16)
    for block in sequences.blocks():
        found[block] = sequences[block][:, frames]
    return found
