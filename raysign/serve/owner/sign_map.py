"""Where signs stand on a plane on which those that look alike are near each other."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32, Int

FEWEST = 20
"""Signs below which neighbourhoods mean nothing."""
MOST = 3_000
"""Signs above which they would take longer than somebody waits: 2,000 take 8 s on one core."""
PERPLEXITY = 15.0
"""Neighbours that a sign is kept near to, about."""
BY_NEIGHBOURS = (
    "t-SNE of the signs' mean embeddings: near neighbours look alike, and far distances mean "
    "nothing."
)
BY_SPREAD = "The two directions in which the signs' mean embeddings differ most (PCA)."


def sign_means(
    vectors: Float32[np.ndarray, "clip dim"], sign: Int[np.ndarray, "clip"], count: int
) -> Float32[np.ndarray, "sign dim"]:
    """The mean embedding of each sign, at unit length; ``sign`` is a clip's, -1 for none."""
    known = sign >= 0
    total = np.zeros((count, vectors.shape[1]), dtype=np.float64)
    np.add.at(total, sign[known], vectors[known])
    length = np.linalg.norm(total, axis=1, keepdims=True)
    means: np.ndarray = (total / np.maximum(length, 1e-12)).astype(np.float32)
    return means


def places(means: Float32[np.ndarray, "sign dim"]) -> tuple[Float[np.ndarray, "sign 2"], str]:
    """A place in -1–1 for each sign, and how it was found; the same each time."""
    if FEWEST <= len(means) <= MOST:
        from sklearn.manifold import TSNE

        perplexity = min(PERPLEXITY, (len(means) - 1) / 3)
        tsne = TSNE(2, perplexity=perplexity, init="pca", metric="cosine", random_state=0, n_jobs=1)
        return _within(tsne.fit_transform(means)), BY_NEIGHBOURS
    if not len(means):
        return np.zeros((0, 2)), BY_SPREAD
    centred = means - means.mean(axis=0)
    _, _, axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    axes = axes * np.where(axes[:, np.abs(axes).argmax(axis=1)].diagonal() < 0, -1, 1)[:, None]
    flat = np.zeros((len(means), 2))
    flat[:, : min(2, len(axes))] = centred @ axes[:2].T
    return _within(flat), BY_SPREAD


def _within(flat: np.ndarray) -> Float[np.ndarray, "sign 2"]:
    middle = flat - (flat.max(axis=0) + flat.min(axis=0)) / 2
    widest = float(np.abs(middle).max())
    return np.asarray(middle / widest if widest > 0 else middle, dtype=np.float64)
