"""Who stands in a gallery's rows: Parquet on disk, an Arrow table in memory.

With them go the landmarks of the same rows, where they are kept, so that the two stay in step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Bool, Int, Int32, Int64, Shaped

from raysign.clip import Clips
from raysign.errors import GalleryError
from raysign.gallery.landmarks import Landmarks


@dataclass(frozen=True)
class Exemplar:
    """One clip of a gallery; '' where something is not known."""

    clip_id: str
    sign: str
    signer: str
    language: str
    source: str
    """The store that it comes from, by its absolute place; ids are unique within one only."""


COLUMNS = tuple(Exemplar.__dataclass_fields__)
_CODED = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [pa.field(name, pa.string() if name == "clip_id" else _CODED) for name in COLUMNS]
)
"""A row whose ``clip_id`` is null held a clip that was removed."""
_TEXTS = pa.schema([pa.field(name, pa.string()) for name in COLUMNS])


class Exemplars:
    """The clips of a gallery by row. A row may be *removed*: nothing is known of it any more."""

    def __init__(self, table: pa.Table, landmarks: Landmarks | None = None) -> None:
        self._table = table.cast(SCHEMA).unify_dictionaries().combine_chunks()
        self.landmarks = landmarks

    @classmethod
    def of(cls, clips: Clips, source: str, *, landmarks: bool = True) -> Exemplars:
        """Those of clips, in their order, with or without their landmarks."""
        columns = {name: getattr(clips, name).tolist() for name in COLUMNS[:-1]}
        plain = cls.from_columns(**columns, source=[source] * len(clips))
        return plain.with_landmarks(Landmarks.of(clips) if landmarks else None)

    @classmethod
    def from_columns(cls, **columns: Sequence[str]) -> Exemplars:
        """From a list for each of ``COLUMNS``."""
        return cls(pa.table({name: columns[name] for name in COLUMNS}))

    @classmethod
    def from_rows(cls, rows: Iterable[Exemplar]) -> Exemplars:
        """Given one by one; ``GalleryError`` where there are none."""
        listed = [asdict(row) for row in rows]
        if not listed:
            raise GalleryError("no clips for a gallery: the selection is empty; give another")
        return cls(pa.Table.from_pylist(listed))

    @classmethod
    def join(cls, parts: Sequence[Exemplars]) -> Exemplars:
        """Several end to end."""
        kept = None
        if any(part.landmarks is not None for part in parts):
            kept = Landmarks.join(
                [
                    Landmarks.none(len(part)) if part.landmarks is None else part.landmarks
                    for part in parts
                ]
            )
        return cls(pa.concat_tables([part._table for part in parts]), kept)

    def without_landmarks(self) -> int:
        """How many of the clips that are there have none kept."""
        alive = self.alive
        if self.landmarks is not None:
            alive = alive & (self.landmarks.rows["frames"] == 0)
        return int(alive.sum())

    def with_landmarks(self, landmarks: Landmarks | None) -> Exemplars:
        """The same rows with other landmarks, or without any."""
        return Exemplars(self._table, landmarks)

    @classmethod
    def read(cls, path: Path) -> Exemplars:
        """``GalleryError`` where the file is not a gallery's."""
        try:
            with pq.ParquetFile(path) as file:  # read_table would import Arrow's dataset for it
                return cls(file.read())
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise GalleryError(f"{str(path)!r} cannot be read as Parquet: {reason:.200}") from None

    def write(self, path: Path) -> None:
        pq.write_table(self._table, path, compression="zstd")

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @cached_property
    def alive(self) -> Bool[np.ndarray, "row"]:
        """False for each row whose clip was removed."""
        return _array(self._table["clip_id"].is_valid())

    @cached_property
    def clips(self) -> int:
        """Rows that hold a clip."""
        return int(self.alive.sum())

    @property
    def signs(self) -> tuple[str, ...]:
        """The signs, each once; without ''."""
        return self._signs[0]

    @property
    def sign_number(self) -> Int32[np.ndarray, "row"]:
        """The place of each row's sign in ``signs``; -1 where it is not known, or was removed."""
        return self._signs[1]

    @cached_property
    def _signs(self) -> tuple[tuple[str, ...], Int32[np.ndarray, "row"]]:
        coded: Any = self._table["sign"].combine_chunks()
        names: list[Any] = coded.dictionary.to_pylist()
        values = np.frombuffer(coded.indices.buffers()[1], dtype=np.int32)
        known = _array(coded.is_valid())
        code = np.where(known, values[coded.offset : coded.offset + len(coded)], -1)
        used = sorted((names[n], n) for n in np.unique(code[code >= 0]).tolist() if names[n])
        place = np.full(len(names) + 1, -1, dtype=np.int32)  # the last for code -1
        place[[n for _, n in used]] = np.arange(len(used))
        return tuple(name for name, _ in used), np.where(self.alive, place[code], -1)

    def of_signs(self, numbers: Int[np.ndarray, "sign"]) -> Int64[np.ndarray, "row"]:
        """All rows of some signs, given by their place in ``signs``; sign by sign."""
        order, start = self._by_sign
        return np.concatenate([order[start[n] : start[n + 1]] for n in numbers.tolist()])

    @cached_property
    def _by_sign(self) -> tuple[Int64[np.ndarray, "row"], Int64[np.ndarray, "bound"]]:
        """Rows in the order of their signs, and where each sign begins."""
        order = np.argsort(self.sign_number, kind="stable")
        bounds = np.arange(len(self.signs) + 1)
        return order, np.searchsorted(self.sign_number[order], bounds)

    def values(self, column: str) -> list[str]:
        """What a column holds, each once, without ''; in order of the alphabet."""
        return self._labels(column)

    def of_column(self, column: str) -> Shaped[np.ndarray, "row"]:
        """One of ``COLUMNS`` row by row, as text; '' where it is not known, or was removed."""
        return np.array([value or "" for value in self._text(column).to_pylist()], dtype=np.str_)

    def at(self, rows: Int[np.ndarray, "row"]) -> list[Exemplar]:
        """The clips of rows, which must hold one."""
        taken = self._taken(rows)
        return [Exemplar(**{k: v or "" for k, v in row.items()}) for row in taken.to_pylist()]

    def named(
        self, clip_ids: Sequence[str] = (), signs: Sequence[str] = ()
    ) -> Bool[np.ndarray, "row"]:
        """Rows of these ids or these signs; ``GalleryError`` where one is nowhere to be found."""
        mask = np.zeros(len(self), dtype=bool)
        for column, wanted in (("clip_id", clip_ids), ("sign", signs)):
            missing = sorted(set(wanted) - set(self._labels(column)))
            if missing:
                what = "clip" if column == "clip_id" else "sign"
                more = f" and {len(missing) - 3:,} more" if len(missing) > 3 else ""
                names = self._labels(column)
                has = f"it has {len(names):,}, such as {names[0]!r}" if names else "it has none"
                raise GalleryError(
                    f"no {what} of the gallery is called {', '.join(map(repr, missing[:3]))}{more};"
                    f" {has}"
                )
            given = pa.array(list(wanted), pa.string())
            mask |= _array(pc.is_in(self._text(column), value_set=given))
        return np.logical_and(mask, self.alive)

    def same_clips(self, others: Exemplars) -> Bool[np.ndarray, "row"]:
        """Rows whose clip, by id and source, is among others."""
        known = set(others._keys())
        there = np.fromiter((key in known for key in self._keys()), bool, len(self))
        return np.logical_and(there, self.alive)

    def repeated(self) -> str | None:
        """A ``clip_id`` that stands twice from one source; None where there is none."""
        seen: set[tuple[str, str]] = set()
        for key in self._keys():
            if key in seen:
                return key[0]
            seen.add(key)
        return None

    def select(self, which: Bool[np.ndarray, "row"] | Int[np.ndarray, "taken"]) -> Exemplars:
        """The rows that a mask or an index array names, in that order."""
        index = np.flatnonzero(which) if which.dtype == np.bool_ else which
        # As text first: a code book would keep the names of those that are left behind.
        texts = self._taken(index).cast(_TEXTS)
        return Exemplars(texts, None if self.landmarks is None else self.landmarks.select(index))

    def without(self, gone: Bool[np.ndarray, "row"]) -> Exemplars:
        """The same rows; of those that the mask names nothing is left."""
        keep = pa.array(~gone)
        columns = {
            name: pc.if_else(
                keep, self._table[name].cast(pa.string()), pa.scalar(None, pa.string())
            )
            for name in COLUMNS
        }
        kept = None if self.landmarks is None else self.landmarks.without(gone)
        return Exemplars(pa.table(columns), kept)

    def _taken(self, rows: Int[np.ndarray, "taken"]) -> pa.Table:
        """Of an array of NumPy's, too, Arrow would ask pandas."""
        buffer = pa.py_buffer(rows.astype(np.int64).tobytes())
        return self._table.take(pa.Array.from_buffers(pa.int64(), len(rows), [None, buffer]))

    def _labels(self, column: str) -> list[str]:
        found: list[Any] = self._text(column).unique().to_pylist()
        return sorted(value for value in found if value)

    def _text(self, column: str) -> Any:
        return self._table[column].cast(pa.string())

    def _keys(self) -> list[tuple[Any, Any]]:
        ids, sources = (self._table[name].to_pylist() for name in ("clip_id", "source"))
        return list(zip(ids, sources, strict=True))


def _array(column: Any) -> np.ndarray:
    """Numbers or truths without a null; for ``to_numpy`` Arrow imports pandas, for a second."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    numbers = np.from_dlpack(whole.cast(pa.int32()))
    return numbers.astype(bool) if pa.types.is_boolean(column.type) else numbers
