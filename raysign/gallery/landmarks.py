"""The landmarks of a gallery's clips: what an answer is drawn and aligned with, without any store.

They are kept as a store has them (float16, missing joints NaN), one row a clip. In memory nothing
is copied when rows are chosen, put in another order or joined: each row only says where its frames
stand. On disk they are one file of two arrays, one after the other in NumPy's own format and
without pickle: what is known of each row (``ROW``), then all frames end to end, which are mapped
into memory and read where a clip is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from jaxtyping import Bool, Float16, Int

from raysign.clip import VIDEO, Clips
from raysign.errors import GalleryError

ROW = np.dtype(
    [("frames", "<i4"), ("fps", "<f4"), ("width", "<i4"), ("height", "<i4")],
)
"""0 frames: nothing is kept of this row's clip, or it was removed. The rest as in ``Clips``."""
npy: Any = np.lib.format  # NumPy has types for a part of it
HALF = np.dtype("<f2")
BAD_FILE = (
    *(OSError, ValueError, TypeError, LookupError, ArithmeticError),
    *(SyntaxError, TokenError, MemoryError, RecursionError),
)
"""What NumPy may raise of a header that somebody wrote: it reads it as a Python literal."""
PIECE_FRAMES = 100_000
"""Written at a time: about 45 MB."""

Stack = Float16[np.ndarray, "_ joint axis"]


@dataclass(frozen=True, eq=False)
class Landmarks:
    """Row r has the frames ``start[r]`` … ``start[r] + rows["frames"][r]`` of its stack."""

    rows: np.ndarray
    """[row] of ``ROW``."""
    start: Int[np.ndarray, "row"]
    stack: Int[np.ndarray, "row"]
    """Which of the ``stacks``; of rows without frames it says nothing."""
    stacks: tuple[Stack, ...]

    @classmethod
    def of(cls, clips: Clips) -> Landmarks:
        """Those of clips, in their order; their memory is used as it is."""
        rows = np.zeros(len(clips), dtype=ROW)
        rows["frames"] = clips.num_frames
        for name in VIDEO:
            rows[name] = getattr(clips, name)
        rows["fps"][~_is_rate(rows["fps"])] = np.nan
        return cls._of_one(rows, clips.offsets[:-1], clips.xyz)

    @classmethod
    def none(cls, count: int) -> Landmarks:
        """Of so many rows nothing is kept."""
        nowhere = np.zeros(count, dtype=np.int64)
        return cls(np.zeros(count, dtype=ROW), nowhere, nowhere, ())

    @classmethod
    def join(cls, parts: Sequence[Landmarks]) -> Landmarks:
        """Several end to end."""
        before = np.cumsum([0, *(len(part.stacks) for part in parts)])
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.stack + n for part, n in zip(parts, before, strict=False)]),
            tuple(stack for part in parts for stack in part.stacks),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def any(self) -> bool:
        """Whether a row has any."""
        return bool(self.rows["frames"].any())

    def at(self, row: int) -> Stack | None:
        """One row's landmarks, [frame joint axis], a view; None where nothing is kept of it."""
        frames = int(self.rows["frames"][row])
        if not frames:
            return None
        start = int(self.start[row])
        own: Stack = self.stacks[self.stack[row]][start : start + frames]
        return own

    def select(self, index: Int[np.ndarray, "taken"]) -> Landmarks:
        """The rows of an index array, in that order."""
        return replace(
            self, rows=self.rows[index], start=self.start[index], stack=self.stack[index]
        )

    def without(self, gone: Bool[np.ndarray, "row"]) -> Landmarks:
        """The same rows; of those that the mask names nothing is left once they are written."""
        rows = self.rows.copy()
        rows[gone] = np.zeros((), dtype=ROW)
        return replace(self, rows=rows)

    def write(self, path: Path) -> None:
        """Row by row, so that no more than ``PIECE_FRAMES`` stand in memory twice."""
        joints = self.stacks[0].shape[1:]
        shape = (int(self.rows["frames"].sum(dtype=np.int64)), *joints)
        with path.open("wb") as file:
            np.save(file, self.rows, allow_pickle=False)
            header = {"descr": npy.dtype_to_descr(HALF), "fortran_order": False, "shape": shape}
            npy.write_array_header_1_0(file, header)
            piece: list[Stack] = []
            held = 0
            for row in range(len(self)):
                own = self.at(row)
                if own is None:
                    continue
                piece.append(own)
                held += len(own)
                if held >= PIECE_FRAMES:
                    _write(file, piece)
                    piece, held = [], 0
            _write(file, piece)

    @classmethod
    def read(cls, path: Path, joints: int, count: int) -> Landmarks:
        """Map a file; ``GalleryError`` where it does not hold ``count`` rows of so many joints.

        Nothing is read or mapped whose size the file only claims.
        """
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                _expect(file, (count,), ROW, size)
                rows = np.fromfile(file, ROW, count)
                _check_facts(rows)
                bounds = np.concatenate([[0], np.cumsum(rows["frames"], dtype=np.int64)])
                wanted = (int(bounds[-1]), joints, 3)
                _expect(file, wanted, HALF, size)
                frames = np.memmap(path, HALF, "r", file.tell(), wanted)
        except BAD_FILE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise GalleryError(
                f"{str(path)!r} cannot be read as landmarks of {count:,} clips and {joints} "
                f"joints: {reason:.200}; copy the gallery again, or index anew"
            ) from None
        return cls._of_one(rows, bounds[:-1], frames)

    @classmethod
    def _of_one(cls, rows: np.ndarray, start: np.ndarray, stack: Any) -> Landmarks:
        return cls(rows, start, np.zeros(len(rows), dtype=np.int64), (stack,))


def _expect(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
    """Read a header; ``ValueError`` unless just this array follows, in a file of so many bytes."""
    version = npy.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"version {version} of NumPy's format")
    found = npy.read_array_header_1_0(file)
    if found != (shape, False, dtype):
        raise ValueError(f"an array of {found[0]} in place of {shape}, or of another type")
    if file.tell() + math.prod(shape) * dtype.itemsize > size:
        raise ValueError("it is cut off")


def _check_facts(rows: np.ndarray) -> None:
    """``ValueError`` where a row says what no clip can be."""
    kept = rows[rows["frames"] != 0]
    rate = np.isnan(kept["fps"]) | _is_rate(kept["fps"])
    if (rows["frames"] < 0).any() or not rate.all():
        raise ValueError("a clip of fewer than no frames, or of no frames a second")
    if (kept["width"] < 0).any() or (kept["height"] < 0).any():
        raise ValueError("a clip whose picture is smaller than nothing")


def _is_rate(fps: np.ndarray) -> Bool[np.ndarray, "_"]:
    return np.asarray(np.isfinite(fps) & (fps > 0))


def _write(file: IO[bytes], piece: Sequence[Stack]) -> None:
    if piece:
        file.write(np.concatenate(piece, dtype=HALF).data)
