"""A model's own predictions and those of a context model, together (equation 6)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from raysign.errors import ConfigError
from raysign.keywords.metrics import average_precision


def fused(
    p: Float[np.ndarray, "sentence word"],
    context: Float[np.ndarray, "sentence word"],
    gamma: float,
    floor: float,
) -> Float[np.ndarray, "sentence word"]:
    """p′ of log p′ = γ · log p + (1 − γ) · log p̃: a weighted geometric mean.

    Args:
        p: the model's own predictions, in 0–1.
        context: p̃, in 0–1.
        gamma: γ in 0–1; at 1 the context counts for nothing, and p comes back as it is.
        floor: either side is no less than this where its log is taken: a cosine of 0 does not rule
            a word out. Without effect at γ = 0 or 1.

    >>> fused(np.array([[0.25]]), np.array([[1.0]]), 0.5, 1e-6).tolist()
    [[0.5]]
    """
    if not 0 <= gamma <= 1:
        raise ConfigError(f"γ must be in 0–1, got {gamma}")
    if gamma in (0, 1):
        return p if gamma else context
    one, other = (np.log(np.maximum(side, floor)) for side in (p, context))
    return np.asarray(np.exp(gamma * one + (1 - gamma) * other))


def tune_gamma(
    p: Float[np.ndarray, "sentence word"],
    context: Float[np.ndarray, "sentence word"],
    labels: Bool[np.ndarray, "sentence word"],
    *,
    step: float,
    floor: float,
) -> tuple[float, float]:
    """The γ of the highest mAP, and that mAP; among equals the one that leaves p most as it is.

    Args:
        p: the model's predictions for dev.
        context: the context model's for dev.
        labels: which word is in which sentence.
        step: γ is tried at 0, this, twice this, … and at 1.
        floor: see ``fused``.
    """
    asked = labels.any(axis=0)
    p, context, labels = p[:, asked], context[:, asked], labels[:, asked]
    grid = np.unique([*np.arange(0, 1, step).round(6), 1.0])[::-1]
    maps = [average_precision(fused(p, context, float(g), floor), labels).mean() for g in grid]
    best = int(np.argmax(maps))
    return float(grid[best]), float(maps[best])
