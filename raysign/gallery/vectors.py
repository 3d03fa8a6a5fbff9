"""A gallery's embeddings, once: what flat search reads, what hnsw walks on, what scores are of.

They are the codes of a Faiss index (``IndexFlatIP``, or ``IndexScalarQuantizer`` of halves), so the
file is mapped into memory as it is and no copy is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Int, Int64

from raysign.errors import GalleryError
from raysign.gallery.library import faiss

BLOCK_ROWS = 65_536
ROUNDED = 1e-3
"""How far a vector's length may be from 1."""

Scores = Float32[np.ndarray, "query k"]
Rows = Int64[np.ndarray, "query k"]


class Vectors:
    """Unit vectors by row; ``index`` is the Faiss index that holds them."""

    def __init__(self, index: Any) -> None:
        self.index = index

    @classmethod
    def empty(cls, dim: int, kept: str) -> Vectors:
        """None yet; ``kept`` is ``float16`` or ``float32``."""
        return cls(empty_index(dim, kept))

    @classmethod
    def read(cls, path: Path, *, mapped: bool = True) -> Vectors:
        """``mapped``: the file stays on disk and cannot be changed; else a copy in memory."""
        return cls(read_index(path, faiss.IO_FLAG_MMAP_IFC if mapped else 0))

    def write(self, path: Path) -> None:
        faiss.write_index(self.index, str(path))

    def __len__(self) -> int:
        return int(self.index.ntotal)

    @property
    def dim(self) -> int:
        return int(self.index.d)

    def add(self, vectors: Float32[np.ndarray, "clip dim"]) -> None:
        self.index.add(vectors)

    def clear(self, rows: Int64[np.ndarray, "row"]) -> None:
        """Put zeros in the place of rows; only of a copy in memory."""
        size = self.index.code_size
        codes = faiss.rev_swig_ptr(self.index.codes.data(), len(self) * size)
        codes.reshape(-1, size)[rows] = 0

    def at(self, rows: Int[np.ndarray, "row"]) -> Float32[np.ndarray, "row dim"]:
        """The vectors of rows, as they are kept."""
        found: np.ndarray = self.index.reconstruct_batch(rows.astype(np.int64))
        return found

    def blocks(self) -> Iterator[Float32[np.ndarray, "row dim"]]:
        """All of them, in order, some at a time."""
        for start in range(0, len(self), BLOCK_ROWS):
            yield self.at(np.arange(start, min(start + BLOCK_ROWS, len(self))))

    def dots(self, queries: Float32[np.ndarray, "query dim"], rows: Rows) -> Scores:
        """The dot product of each query with each of its rows; -inf where the row is -1."""
        scores = np.full(rows.shape, -np.inf, dtype=np.float32)
        for query, own, out in zip(queries, rows, scores, strict=True):
            there = own >= 0
            out[there] = self.at(own[there]) @ query
        return scores


def empty_index(dim: int, kept: str) -> Any:
    """A Faiss index that compares every row, without rows."""
    if kept == "float32":
        return faiss.IndexFlatIP(dim)
    halves = faiss.ScalarQuantizer.QT_fp16
    return faiss.IndexScalarQuantizer(dim, halves, faiss.METRIC_INNER_PRODUCT)


def read_index(path: Path, flags: int) -> Any:
    """``GalleryError`` where this Faiss does not read it."""
    try:
        return faiss.read_index(str(path), flags)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise GalleryError(
            f"{str(path)!r} is not an index that Faiss {faiss.__version__} reads: {reason:.200}"
        ) from None


def unit_vectors(vectors: np.ndarray, what: str) -> Float32[np.ndarray, "clip dim"]:
    """As Faiss takes them; ``GalleryError`` where they are not rows of length 1."""
    if vectors.ndim != 2 or not vectors.size:
        raise GalleryError(f"{what} must be vectors [clip dim], got shape {vectors.shape}")
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    length = np.linalg.norm(rows, axis=1)
    wrong = ~(np.abs(length - 1) <= ROUNDED)  # true for NaN as well
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise GalleryError(
            f"{what}: {int(wrong.sum()):,} of {len(rows):,} do not have length 1 (first: row "
            f"{first}, length {length[first]:.4g}); give an encoder's embeddings"
        )
    return rows
