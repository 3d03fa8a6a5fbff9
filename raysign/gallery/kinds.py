"""The three ways to search a gallery, as Faiss has them: all rows, a graph of them, cells of them.

Each returns the k rows with the highest cosine, with their exact cosines to the vectors as they are
kept, best first. What is approximate is which rows are found; how many of the true ones depends on
an *effort*, named by kind:

* ``flat``: none, every row is compared.
* ``hnsw``: ``ef_search``, candidates that a walk through the graph keeps.
* ``ivf_pq``: ``cells``, those nearest to the query that are looked into, and ``candidates``, the
  rows with the best codes whose vectors are then compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Int64

from raysign.config import GalleryConfig
from raysign.gallery.library import faiss, searched
from raysign.gallery.vectors import Rows, Scores, Vectors, read_index

Queries = Float32[np.ndarray, "query dim"]
Alive = Bool[np.ndarray, "row"]
Effort = dict[str, int]

EF_SEARCH = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
CANDIDATES = (100, 300, 1000)
CODE_DIMS = 4
"""Dimensions that one byte of a code stands for."""


@runtime_checkable
class Index(Protocol):
    """A way to search; ``vectors`` holds the rows, ``efforts`` goes from the least to the most."""

    kind: ClassVar[str]
    vectors: Vectors

    def add(self, vectors: Float32[np.ndarray, "clip dim"]) -> None:
        """As the next rows."""

    def nearest(
        self, queries: Queries, k: int, effort: Effort, alive: Alive
    ) -> tuple[Scores, Rows]:
        """The k nearest rows that are alive, of which there are enough; row -1 = not found."""

    def efforts(self) -> Iterator[Effort]: ...


class Flat:
    """Every row; the vectors are the index, so that it has no file of its own."""

    kind: ClassVar[str] = "flat"

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    def add(self, vectors: Float32[np.ndarray, "clip dim"]) -> None:
        self.vectors.add(vectors)

    def nearest(
        self, queries: Queries, k: int, effort: Effort, alive: Alive
    ) -> tuple[Scores, Rows]:
        params = faiss.SearchParameters(sel=_selector(alive))
        return searched(self.vectors.index, queries, k, params)

    def efforts(self) -> Iterator[Effort]:
        yield {}


class Graph:
    """HNSW: a walk along links to ever nearer rows. The file holds the links alone."""

    kind: ClassVar[str] = "hnsw"

    def __init__(self, index: Any, vectors: Vectors) -> None:
        self._index, self.vectors = index, vectors

    @classmethod
    def empty(cls, dim: int, config: GalleryConfig) -> Graph:
        metric = faiss.METRIC_INNER_PRODUCT
        if config.vectors == "float32":
            index = faiss.IndexHNSWFlat(dim, config.links, metric)
        else:
            halves = faiss.ScalarQuantizer.QT_fp16
            index = faiss.IndexHNSWSQ(dim, halves, config.links, metric)
            index.is_trained = True  # halves need no training
        index.hnsw.efConstruction = config.build_effort
        return cls(index, Vectors(faiss.downcast_index(index.storage)))

    @classmethod
    def read(cls, path: Path, vectors: Vectors, *, mapped: bool = True) -> Graph:
        """The links of a file, between rows that are already there."""
        flags = faiss.IO_FLAG_SKIP_STORAGE | (faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        index = read_index(path, flags)
        index.storage, index.own_fields = vectors.index, False
        return cls(index, vectors)

    def add(self, vectors: Float32[np.ndarray, "clip dim"]) -> None:
        self._index.add(vectors)

    def nearest(
        self, queries: Queries, k: int, effort: Effort, alive: Alive
    ) -> tuple[Scores, Rows]:
        wide = max(effort["ef_search"], k)
        params = faiss.SearchParametersHNSW(efSearch=wide, sel=_selector(alive))
        return searched(self._index, queries, k, params)

    def efforts(self) -> Iterator[Effort]:
        yield from ({"ef_search": wide} for wide in EF_SEARCH)

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path), faiss.IO_FLAG_SKIP_STORAGE)


class Cells:
    """IVF-PQ: the nearest cells' codes, and of the best codes the vectors themselves."""

    kind: ClassVar[str] = "ivf_pq"

    def __init__(self, index: Any, vectors: Vectors) -> None:
        self._index, self.vectors = index, vectors

    @classmethod
    def trained(
        cls, sample: Float32[np.ndarray, "clip dim"], clips: int, config: GalleryConfig
    ) -> Cells:
        """Without rows; cells and codes fitted to a sample of the ``clips`` that will be there."""
        dim = sample.shape[1]
        cells = config.cells or int(4 * clips**0.5)
        cells = max(1, min(cells, len(sample) // 39))  # with fewer clips a cell, Faiss warns
        code = next(m for m in range(max(1, dim // CODE_DIMS), 0, -1) if dim % m == 0)
        # np: no order of the codes for a Hamming filter, which takes most of the training's time
        index = faiss.index_factory(dim, f"IVF{cells},PQ{code}x8np", faiss.METRIC_INNER_PRODUCT)
        index.cp.seed = index.pq.cp.seed = config.seed + 1
        index.train(sample)
        return cls(index, Vectors.empty(dim, config.vectors))

    @classmethod
    def read(cls, path: Path, vectors: Vectors, *, mapped: bool = True) -> Cells:
        return cls(read_index(path, faiss.IO_FLAG_MMAP_IFC if mapped else 0), vectors)

    def add(self, vectors: Float32[np.ndarray, "clip dim"]) -> None:
        first = len(self.vectors)  # not Faiss' own count, from which removed rows are missing
        self.vectors.add(vectors)
        rows = np.arange(first, first + len(vectors), dtype=np.int64)
        self._index.add_with_ids(vectors, rows)

    def forget(self, rows: Int64[np.ndarray, "row"]) -> None:
        """Take the codes of rows out."""
        self._index.remove_ids(rows)

    def nearest(
        self, queries: Queries, k: int, effort: Effort, alive: Alive
    ) -> tuple[Scores, Rows]:
        params = faiss.SearchParametersIVF(nprobe=effort["cells"], sel=_selector(alive))
        wide = min(max(effort["candidates"], 2 * k), len(alive))
        _, rows = searched(self._index, queries, wide, params)
        scores = self.vectors.dots(queries, rows)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, best, 1), np.take_along_axis(rows, best, 1)

    def efforts(self) -> Iterator[Effort]:
        most = int(self._index.nlist)
        steps = [1 << power for power in range(most.bit_length()) if 1 << power < most]
        for cells in (*steps, most):
            yield from ({"cells": cells, "candidates": count} for count in CANDIDATES)

    def write(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))


def read_kind(kind: str, path: Path | None, vectors: Vectors, *, mapped: bool = True) -> Index:
    """The index of a gallery; ``path`` is None where it is flat."""
    if path is None:
        return Flat(vectors)
    return (Graph if kind == Graph.kind else Cells).read(path, vectors, mapped=mapped)


def _selector(alive: Alive) -> Any:
    if alive.all():
        return None
    return faiss.IDSelectorBitmap(np.packbits(alive, bitorder="little"))
