"""Which moment of a match stands beside which moment of the query, when both are played together.

The warp of least cost between their signing spans, found by dynamic time warping on prepared
landmarks: hands about their wrists in units of hand size, wrists in units of the torso.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64

from raysign.clip import USUAL_FPS, Clip
from raysign.config import PrepareConfig
from raysign.pose import Prepare, assign_hands, mirror_image
from raysign.pose.normalise import signing_span
from raysign.rerank import Alignment, JointAverages, alignment
from raysign.skeleton import layout_named

PREPARE = PrepareConfig(frames=64, axes=2)
"""Frames that are aligned, evenly spaced over the signing span; z is only guessed."""
BAND = 0.5
"""A moment is matched with none farther off than this share of the span."""
SMOOTH = 5
"""Frames, of those aligned, that a warp is averaged over: it goes by whole frames, and would
stutter."""
LEAD_S = 0.3
"""Of rest that is shown before the hands appear, and after they are gone."""
MIRROR_GAIN = 0.85
"""A match is mirrored where that brings its distance below this share: it was signed with the other
hand."""


@dataclass(frozen=True, eq=False)
class Beside:
    """A match as it stands beside the query."""

    clip: Clip
    """Mirrored or not."""
    mirrored: bool
    frame: Float64[np.ndarray, "frame"]
    """For each frame of the query the match's frame, fractional; it never goes back."""
    distance: float
    """Root mean square over joints and moments, in torso lengths and hand sizes; see
    :mod:`raysign.rerank.dtw`."""


def signing(clip: Clip) -> Clip:
    """The clip less its rest before and after, with its hands told apart where they were not."""
    xyz = clip.xyz[_shown(clip)].astype(np.float32)
    xyz[np.isnan(xyz[..., :2]).any(axis=-1)] = np.nan  # of half a place nothing can be drawn
    if layout_named(clip.layout).hands_unordered:
        xyz = assign_hands(torch.from_numpy(xyz)[None])[0].numpy()
    return replace(clip, xyz=xyz, confidence=None)


def begins_s(clip: Clip) -> float:
    """When what ``signing`` gives begins, in seconds from the clip's first frame."""
    return float(_shown(clip).start / (clip.fps or USUAL_FPS))


def mirrored(clip: Clip) -> Clip:
    """The clip as a mirror shows it; its hands must have been told apart."""
    xyz = clip.xyz[:, list(layout_named(clip.layout).mirror)]
    xyz[..., 0] = 1 - xyz[..., 0]
    return replace(clip, xyz=xyz)


def stand_beside(query: Clip, matches: Sequence[Clip]) -> list[Beside]:
    """Each match beside the query, in their order; none depends on the others.

    Before the signing span of the query and after it, a match runs on at its own speed, as far as
    it goes.

    Args:
        query: as ``signing`` gives it.
        matches: of the same layout, likewise.
    """
    if not matches:
        return []
    prepare = Prepare(PREPARE, layout_named(query.layout))
    placed = torch.cat([_prepared(clip, prepare) for clip in (query, *matches)])
    flipped = mirror_image(placed, prepare.output)
    found = []
    for number, match in enumerate(matches, 1):
        ways = [_aligned(placed[0], side[number]) for side in (placed, flipped)]
        other = ways[1].distance < MIRROR_GAIN * ways[0].distance
        way = ways[int(other)]
        shown = mirrored(match) if other else match
        found.append(Beside(shown, other, _frames(query, shown, way.path), way.distance))
    return found


def _aligned(query: torch.Tensor, match: torch.Tensor) -> Alignment:
    """A joint that only one of the two shows is charged by where these two have it on average."""
    pair = torch.stack([query, match]).numpy()
    vectors = JointAverages.of(pair).vectors(pair)
    return alignment(vectors[0], vectors[1], band=BAND)


def _prepared(clip: Clip, prepare: Prepare) -> Any:
    xyz = torch.from_numpy(clip.xyz.astype(np.float32))[None]
    return prepare.geometry(xyz, torch.tensor([clip.aspect]))


def _frames(query: Clip, match: Clip, path: np.ndarray) -> Float[np.ndarray, "frame"]:
    """The warp from moments of the two spans to frames of the two clips."""
    steps = PREPARE.frames
    beside = np.bincount(path[:, 0], path[:, 1]) / np.bincount(path[:, 0])
    calm: np.ndarray = np.convolve(
        np.pad(beside, SMOOTH // 2, "edge"), np.full(SMOOTH, 1 / SMOOTH), "valid"
    )
    (first, last), (start, stop) = (_span(clip) for clip in (query, match))
    frame = np.arange(len(query.xyz), dtype=np.float64)
    moment = (frame - first) / max(last - first, 1) * (steps - 1)
    inside = np.interp(moment, np.arange(steps), calm) / (steps - 1)
    pace = (match.fps or USUAL_FPS) / (query.fps or USUAL_FPS)
    outside = np.minimum(frame - first, 0) + np.maximum(frame - last, 0)
    beside = start + inside * (stop - start) + pace * outside
    return np.asarray(np.clip(beside, 0, len(match.xyz) - 1))


def _shown(clip: Clip) -> slice:
    """The frames that ``signing`` leaves."""
    around = round(LEAD_S * (clip.fps or USUAL_FPS))
    first, last = (int(frame) for frame in _span(clip))
    return slice(max(first - around, 0), last + around + 1)


def _span(clip: Clip) -> tuple[float, float]:
    first, last = signing_span(
        torch.from_numpy(clip.xyz.astype(np.float32))[None], layout_named(clip.layout)
    )
    return float(first[0]), float(last[0])
