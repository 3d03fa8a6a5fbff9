"""The default world is too hard for a nearest neighbour, and a linear map learns from it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from raysign.clip import Clip
from raysign.config.data import SyntheticConfig
from raysign.skeleton import HOLISTIC75
from raysign.synthetic import iter_clips

FRAMES = 32
Array = NDArray[np.float64]


def sequence(clip: Clip) -> Array:
    """Shoulder-centred, torso-scaled, trimmed to the hands, wrist-centred hands, missing = 0."""
    xyz = clip.xyz.astype(np.float64)
    mid_shoulder = np.median(xyz[:, 11:13].mean(axis=1), axis=0)
    mid_hip = np.median(xyz[:, 23:25].mean(axis=1), axis=0)
    torso = np.linalg.norm((mid_hip - mid_shoulder)[:2])
    hands = [xyz[:, HOLISTIC75.parts[side]] for side in ("left_hand", "right_hand")]
    shapes = [(hand - hand[:, :1]) / torso for hand in hands]
    joints = np.concatenate([(xyz[:, :25] - mid_shoulder) / torso, *shapes], axis=1)
    seen = np.flatnonzero(~np.isnan(joints[:, 25:]).all(axis=(1, 2)))
    rows = np.nan_to_num(joints[seen[0] : seen[-1] + 1]).reshape(seen[-1] + 1 - seen[0], -1)
    at = np.linspace(0, len(rows) - 1, FRAMES)
    below, above = np.floor(at).astype(int), np.ceil(at).astype(int)
    return (rows[below] + (at - below)[:, None] * (rows[above] - rows[below])).ravel()


def unit(rows: Array) -> Array:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def found(scores: Array, query_signs: Array, gallery_signs: Array) -> tuple[float, float]:
    """Recall at 1 and mAP of scores [query gallery]."""
    hits = gallery_signs[np.argsort(-scores, axis=1, kind="stable")] == query_signs[:, None]
    ranks = np.arange(1, hits.shape[1] + 1)
    precision = (hits * np.cumsum(hits, axis=1) / ranks).sum(axis=1) / hits.sum(axis=1)
    return float(hits[:, 0].mean()), float(precision.mean())


@pytest.fixture(scope="module")
def world() -> tuple[Array, Array, Array, Array]:
    clips = list(iter_clips(SyntheticConfig()))
    values = np.stack([sequence(clip) for clip in clips])
    signs = np.unique([clip.sign for clip in clips], return_inverse=True)[1]
    train = np.array([clip.split == "train" for clip in clips])
    return values[train], signs[train], values[~train], signs[~train]


def linear_discriminant(values: Array, signs: Array, kept: int = 200) -> tuple[Array, Array]:
    """The mean, and the map after which clips of a sign differ as little in every direction."""
    mean = values.mean(axis=0)
    axes = np.linalg.svd(values - mean, full_matrices=False)[2][:kept].T
    reduced = (values - mean) @ axes
    centres = np.stack([reduced[signs == sign].mean(axis=0) for sign in np.unique(signs)])
    within = np.cov((reduced - centres[signs]).T)
    within = 0.9 * within + 0.1 * np.trace(within) / kept * np.eye(kept)
    spread, directions = np.linalg.eigh(within)
    return mean, axes @ directions / np.sqrt(spread)


def test_an_untrained_neighbour_fails_and_a_linear_map_learns(
    world: tuple[Array, Array, Array, Array],
) -> None:
    gallery, gallery_signs, queries, query_signs = world
    cosine = unit(queries) @ unit(gallery).T
    gaps = (queries**2).sum(axis=1)[:, None] + (gallery**2).sum(axis=1) - 2 * queries @ gallery.T
    untrained = [found(scores, query_signs, gallery_signs) for scores in (cosine, -gaps)]
    recall, precision = (max(values) for values in zip(*untrained, strict=True))
    assert 0.15 < recall < 0.55
    assert 0.1 < precision < 0.3

    mean, mapped = linear_discriminant(gallery, gallery_signs)
    scores = unit((queries - mean) @ mapped) @ unit((gallery - mean) @ mapped).T
    assert found(scores, query_signs, gallery_signs)[1] > 1.8 * precision
