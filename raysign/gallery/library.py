"""Faiss, untyped: the types that it ships lack what is made as it is imported."""

from __future__ import annotations

from typing import Any

import faiss as _faiss
import numpy as np

faiss: Any = _faiss


def searched(index: Any, queries: np.ndarray, k: int, params: Any) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of the k nearest.

    ``faiss.contrib.torch_utils`` (which pytorch-metric-learning imports) puts a search in the place
    of Faiss's own that knows no parameters, and keeps the old one under another name.
    """
    search = getattr(index, "search_numpy", index.search)
    return search(queries, k, params=params)  # type: ignore[no-any-return]
