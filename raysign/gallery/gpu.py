"""Search on a GPU, where faiss-gpu finds one: every row is compared, which is exact and faster than
any walk through an index on cores.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool

from raysign.gallery.kinds import Queries
from raysign.gallery.library import faiss
from raysign.gallery.vectors import BLOCK_ROWS, Rows, Scores, Vectors

MOST_K = 2048
"""Faiss gives no more from a GPU."""


def gpu_there() -> bool:
    """Whether this Faiss is the one for GPUs, and has one."""
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


class OnGPU:
    """The rows of a gallery that hold a clip, in the memory of GPU 0."""

    def __init__(self, vectors: Vectors, alive: Bool[np.ndarray, "row"]) -> None:
        self._rows = np.flatnonzero(alive)
        self._memory = faiss.StandardGpuResources()
        settings = faiss.GpuIndexFlatConfig()
        settings.useFloat16 = not isinstance(vectors.index, faiss.IndexFlat)
        self._index: Any = faiss.GpuIndexFlatIP(self._memory, vectors.dim, settings)
        for start in range(0, len(self._rows), BLOCK_ROWS):
            self._index.add(vectors.at(self._rows[start : start + BLOCK_ROWS]))

    def nearest(self, queries: Queries, k: int) -> tuple[Scores, Rows]:
        """The k rows with the highest cosine, best first; k up to ``MOST_K``."""
        scores, found = self._index.search(queries, k)
        return scores, self._rows[found]
