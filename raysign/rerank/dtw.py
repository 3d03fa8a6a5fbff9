"""Dynamic time warping of a query against its first hits (Sakoe & Chiba, 1978).

A *warp* of two sequences is a path of pairs of frames from both firsts to both lasts, each step one
frame on in either or in both. The *distance* of two sequences of N frames is

    √( min over warps of Σ ‖a_i − b_j‖² / N ),

the root mean square over the frames where the best warp is the straight one; it is 0 for a sequence
and itself and has the units of the frames' vectors. Compiled by ``dtaidistance`` (Meert et al.).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from dtaidistance import dtw_ndim
from jaxtyping import Float, Float64, Int, Int64
from torch import Tensor

from raysign.errors import DataError


@dataclass(frozen=True, eq=False)
class Alignment:
    """The best warp: which frame of the query was matched with which of the clip."""

    path: Int64[np.ndarray, "step 2"]
    """Frame numbers of the query and of the clip, from the first pair to the last."""
    distance: float


def dtw_distances(
    queries: Float[np.ndarray, "query frame value"],
    clips: Float[np.ndarray, "clip frame value"],
    hits: Int[np.ndarray, "query place"],
    *,
    band: float = 1.0,
) -> Float64[np.ndarray, "query place"]:
    """The distance of each query to each of its hits.

    Args:
        queries: a vector a frame; no value is NaN.
        clips: as many frames, made by the same rule.
        hits: numbers of clips; -1 = none, whose distance is infinite.
        band: a frame is matched with none farther off than this share of the sequence, 0–1.

    ``DataError`` where sequences do not fit each other or a value is NaN.
    """
    _check(queries, clips)
    window = _window(queries.shape[1], band)
    distances = np.full(hits.shape, np.inf)
    for query, found, out in zip(queries, hits, distances, strict=True):
        there = found >= 0
        if not there.any():
            continue
        together = np.concatenate([query[None], clips[found[there]]], dtype=np.float64)
        out[there] = dtw_ndim.distance_matrix_fast(
            together,
            ndim=queries.shape[2],
            window=window,
            block=((0, 1), (1, len(together))),
            compact=True,
            parallel=False,
        )
    return np.divide(distances, math.sqrt(queries.shape[1]))


def alignment(
    query: Float[np.ndarray, "frame value"],
    clip: Float[np.ndarray, "frame value"],
    *,
    band: float = 1.0,
) -> Alignment:
    """The warp behind a distance, for one pair; arguments and errors as in ``dtw_distances``.

    >>> late = np.array([[0.0], [0.0], [1.0], [2.0]])
    >>> early = np.array([[0.0], [1.0], [2.0], [2.0]])
    >>> warp = alignment(late, early)
    >>> warp.path.tolist(), warp.distance
    ([[0, 0], [1, 0], [2, 1], [3, 2], [3, 3]], 0.0)
    """
    _check(query[None], clip[None])
    # The library finds no path through frames of one value; a second one of 0 changes nothing.
    more = ((0, 0), (0, int(query.shape[1] == 1)))
    path, distance = dtw_ndim.warping_path(
        np.pad(query.astype(np.float64), more),
        np.pad(clip.astype(np.float64), more),
        include_distance=True,
        window=_window(len(query), band),
        use_c=True,
    )
    return Alignment(np.array(path, dtype=np.int64), float(distance) / math.sqrt(len(query)))


def blended(
    score: Float[Tensor, "query place"],
    distance: Float64[np.ndarray, "query place"],
    *,
    weight: float,
    standardise: bool = False,
) -> Float[Tensor, "query place"]:
    """(1 − w) × the first stage's score − w × the distance; empty places stay at -inf.

    A hit that was not aligned is charged the largest distance of the query's hits that were: where
    these are its best by score, it stays behind them.

    Args:
        score: of the first stage, higher is better; -inf where there is no hit.
        distance: as ``dtw_distances`` gives it; infinite = not aligned.
        weight: w, 0–1.
        standardise: bring both to mean 0 and deviation 1 over a query's aligned hits first
            (z-scores); what does not differ among them is 0.
    """
    first, apart = score.double().cpu(), torch.from_numpy(distance)
    there = first > -torch.inf
    aligned = there & apart.isfinite()
    farthest = apart.masked_fill(~aligned, 0).amax(dim=1, keepdim=True)
    parts = [first.masked_fill(~there, 0), torch.where(aligned, apart, farthest)]
    if standardise:
        parts = [_z_scores(part, aligned) for part in parts]
    mixed = (1 - weight) * parts[0] - weight * parts[1]
    return mixed.masked_fill(~there, -torch.inf)


def _z_scores(values: Tensor, among: Tensor) -> Tensor:
    count = among.sum(dim=1, keepdim=True).clamp(min=1)
    apart = values - values.masked_fill(~among, 0).sum(dim=1, keepdim=True) / count
    deviation = (apart.masked_fill(~among, 0).square().sum(dim=1, keepdim=True) / count).sqrt()
    return torch.where(deviation > 0, apart / deviation, 0)


def _window(frames: int, band: float) -> int:
    """As dtaidistance counts it: 1 = the diagonal alone."""
    return 1 + round(band * (frames - 1))


def _check(queries: np.ndarray, clips: np.ndarray) -> None:
    if queries.shape[1:] != clips.shape[1:]:
        raise DataError(
            f"queries have {queries.shape[1]} frames of {queries.shape[2]} values, clips "
            f"{clips.shape[1]} of {clips.shape[2]}; prepare both with the same model"
        )
    if np.isnan(queries).any() or np.isnan(clips).any():
        raise DataError("a frame to be aligned holds NaN; use JointAverages.vectors on landmarks")
