"""A folder of prepared clips.

shard-00000.npy …   [row frame joint axis] float16; the rows of a sign lie together
clips.npz           what only landmarks tell of the clip in each row: ``content`` and ``empty``
about.json          what it is of, and size, time and digest of each file; written last
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float16, Int64, UInt64

FORMAT = 1
SHARD_BYTES = 256 << 20
"""A shard takes signs up to this size; a larger sign goes on in the next one."""

ABOUT, CLIPS = "about.json", "clips.npz"


@dataclass(frozen=True, eq=False)
class Facts:
    """What only landmarks tell of the clip in each row."""

    content: UInt64[np.ndarray, "row"]
    """As :meth:`raysign.clip.Clips.content`."""
    empty: Bool[np.ndarray, "row"]
    """No joint was ever detected."""


def places(sign: np.ndarray, clip_id: np.ndarray) -> Int64[np.ndarray, "clip"]:
    """The row of each clip: by sign, and by id within a sign, in whatever order they come."""
    row = np.empty(len(sign), dtype=np.int64)
    row[np.lexsort((clip_id, sign))] = np.arange(len(sign))
    return row


class Writing:
    """A folder that is being filled, in any order of its clips."""

    def __init__(
        self,
        folder: Path,
        sign: np.ndarray,
        clip_id: np.ndarray,
        each: tuple[int, int, int],
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        """``folder`` is there and empty; ``each`` is a clip's [frame joint axis]."""
        self.folder = folder
        self._each = each
        self._row = places(sign, clip_id)
        self.facts = Facts(np.zeros(len(sign), np.uint64), np.zeros(len(sign), np.bool_))
        clip_bytes = 2 * int(np.prod(each))
        counts = np.unique(sign, return_counts=True)[1]
        self._sizes = _shards(counts.tolist(), max(1, shard_bytes // clip_bytes))
        self._starts: np.ndarray = np.cumsum([0, *self._sizes])
        self._files = [folder / name for name in _names(len(self._sizes))]
        self._head = 0
        for file, rows in zip(self._files, self._sizes, strict=True):
            self._head = _begin(file, (rows, *each))

    def put(
        self,
        clips: Int64[np.ndarray, "clip"],
        sequences: Float16[np.ndarray, "clip frame joint axis"],
        content: UInt64[np.ndarray, "clip"],
        empty: Bool[np.ndarray, "clip"],
    ) -> None:
        """Put clips into their rows; ``clips`` are their numbers among all."""
        rows = self._row[clips]
        self.facts.content[rows], self.facts.empty[rows] = content, empty
        shards = np.searchsorted(self._starts, rows, side="right") - 1
        for shard in np.unique(shards).tolist():
            # Written, not mapped: a full disk is an error then, and not the end of the process.
            with self._files[shard].open("r+b") as file:
                own = np.flatnonzero(shards == shard)
                for clip in own[np.argsort(rows[own])].tolist():
                    data = sequences[clip].astype("<f2", order="C", copy=False).tobytes()
                    file.seek(self._head + int(rows[clip] - self._starts[shard]) * len(data))
                    file.write(data)

    def finish(self, about: Mapping[str, Any]) -> None:
        """All clips are there; ``about`` says of what they are, in JSON's types."""
        np.savez(self.folder / CLIPS, content=self.facts.content, empty=self.facts.empty)
        files = {}
        for path in (*self._files, self.folder / CLIPS):
            with path.open("rb+") as file:
                os.fsync(file.fileno())  # a power cut leaves no shard of zeros behind a whole about
            path.chmod(0o444)
            files[path.name] = _facts_of_file(path) | {"digest": _digest(path)}
        whole = {
            "format": FORMAT,
            "of": dict(about),
            "each": self._each,
            "shards": self._sizes,
            "files": files,
        }
        text = json.dumps(whole, indent=1, sort_keys=True)
        (self.folder / ABOUT).write_text(text, encoding="utf-8")


def fault(folder: Path, about: Mapping[str, Any]) -> str | None:
    """What is wrong with a folder, in words: it is not whole, or not of ``about``; None = nothing.

    Files are whole that have the size and time with which they were written; where the time is
    another one, as in a copy, those that have the same digest; they are given the time.
    """
    try:
        told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if told["format"] != FORMAT or told["of"] != dict(about):
            return f"{ABOUT} is of something else"
        names = [*_names(len(told["shards"])), CLIPS]
        if sorted(told["files"]) != sorted(names):
            return f"{ABOUT} names other files"
        for name in names:
            written, found = told["files"][name], _facts_of_file(folder / name)
            if found["bytes"] != written["bytes"]:
                return f"{name} has {found['bytes']} bytes, and had {written['bytes']}"
            if found["mtime_ns"] != written["mtime_ns"]:
                if _digest(folder / name) != written["digest"]:
                    return f"{name} was changed"
                with suppress(OSError):  # another user's, or read-only: every process has to look
                    os.utime(folder / name, ns=(written["mtime_ns"], written["mtime_ns"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def facts_of(folder: Path) -> Facts:
    """What a folder without a fault says of the clip in each row."""
    with np.load(folder / CLIPS, allow_pickle=False) as found:
        return Facts(found["content"], found["empty"])


def mapped_shards(folder: Path) -> list[Float16[np.ndarray, "row frame joint axis"]]:
    """The shards of a folder without a fault, read-only."""
    count = len(json.loads((folder / ABOUT).read_text(encoding="utf-8"))["shards"])
    return [np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _names(count)]


def _names(shards: int) -> list[str]:
    return [f"shard-{number:05d}.npy" for number in range(shards)]


def _shards(counts: Sequence[int], most: int) -> list[int]:
    """Rows of each shard: whole signs, as many as fit; a larger sign begins a shard and is cut."""
    sizes: list[int] = []
    room = 0
    for count in counts:
        if count > room:
            whole, rest = divmod(count, most)
            sizes.extend([most] * whole + [rest] * bool(rest))
            room = most - rest if rest else 0
        else:
            sizes[-1] += count
            room -= count
    return sizes


def _begin(path: Path, shape: tuple[int, ...]) -> int:
    """A NumPy file with room for that array; where its numbers begin, in bytes."""
    header = {"descr": "<f2", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        head = file.tell()
        file.truncate(head + 2 * int(np.prod(shape)))
    return head


def _facts_of_file(path: Path) -> dict[str, Any]:
    found = path.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
