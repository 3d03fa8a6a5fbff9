"""The untrained nearest neighbour on body-and-hands clips, slow and obvious."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raysign.clip import Clip
from raysign.skeleton import HOLISTIC75, Layout

FRAMES = 32
_UPPER_BODY = slice(0, 25)


def feature(clip: Clip, layout: Layout = HOLISTIC75, axes: int = 3) -> NDArray[np.float64]:
    """Shoulder-centred, torso-scaled, trimmed to the hands, 32 frames, wrist-centred hands, missing 0."""
    xyz = clip.xyz.astype(np.float64)[..., :axes]
    mid_shoulder = np.nanmedian(xyz[:, 11:13].mean(axis=1), axis=0)
    mid_hip = np.nanmedian(xyz[:, 23:25].mean(axis=1), axis=0)
    torso = np.linalg.norm((mid_hip - mid_shoulder)[:2])
    hands = [xyz[:, layout.parts[side]] for side in ("left_hand", "right_hand")]
    seen = np.flatnonzero(~np.isnan(np.concatenate(hands, axis=1)).all(axis=(1, 2)))
    body = (xyz[:, _UPPER_BODY] - mid_shoulder) / torso
    shapes = [(hand - hand[:, :1]) / torso for hand in hands]
    joints = np.concatenate([body, *shapes], axis=1)
    joints = joints[seen[0] : seen[-1] + 1] if len(seen) else joints
    joints = np.nan_to_num(joints).reshape(len(joints), -1)
    at = np.linspace(0, len(joints) - 1, FRAMES)
    below, above = np.floor(at).astype(int), np.ceil(at).astype(int)
    return (joints[below] + (at - below)[:, None] * (joints[above] - joints[below])).ravel()


def recall_at_1_and_map(
    queries: NDArray[np.float64],
    query_signs: NDArray[np.str_],
    gallery: NDArray[np.float64],
    gallery_signs: NDArray[np.str_],
    cosine: bool = False,
) -> tuple[float, float]:
    """R@1 and mAP of a ranking by Euclidean or cosine distance, query by query."""
    first, precision = [], []
    for query, sign in zip(queries, query_signs, strict=True):
        score = -np.linalg.norm(gallery - query, axis=1)
        if cosine:
            score = (gallery @ query) / np.linalg.norm(gallery, axis=1)
        hits = (gallery_signs == sign)[np.argsort(-score, kind="stable")]
        first.append(hits[0])
        precision.append((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean())
    return float(np.mean(first)), float(np.mean(precision))
