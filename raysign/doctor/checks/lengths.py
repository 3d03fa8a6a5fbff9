"""How long clips are, and how many frames a second they have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from raysign.doctor import thresholds as at
from raysign.doctor.case import Case
from raysign.doctor.finding import Finding, counted, graded, worst_first


def find(case: Case) -> Iterator[Finding]:
    """Outliers of length and of frame rate."""
    yield from _lengths(case)
    yield from _fps(case)


def _lengths(case: Case) -> Iterator[Finding]:
    frames = case.facts.num_frames
    median = float(np.median(frames))
    short = frames < at.SHORT_FRAMES
    long = frames > at.TIMES_MEDIAN * max(median, at.SHORT_FRAMES)
    if short.any():
        yield Finding(
            "short",
            graded(case.share(short), warning=at.SHORT_WARNING),
            f"{counted(int(short.sum()), 'clip', len(short))} of fewer than {at.SHORT_FRAMES} "
            f"frames; the typical clip has {median:.0f}",
            "No sign is so short: the video is cut off, or its span in the manifest is wrong.",
            "Check the start and end of these clips; leave out what cannot be mended.",
            clip_ids=worst_first(case.facts.clip_id, short, -frames.astype(np.float64)),
        )
    if long.any():
        yield Finding(
            "long",
            graded(case.share(long), warning=at.LONG_WARNING),
            f"{counted(int(long.sum()), 'clip', len(long))} more than {at.TIMES_MEDIAN:g} "
            f"times as long as the typical clip ({median:.0f} frames)",
            "They may hold several signs, or a still at an end; prepare squeezes all of it into "
            "one sequence.",
            "Give the sign's start and end in the manifest, and extract again.",
            clip_ids=worst_first(case.facts.clip_id, long, frames.astype(np.float64)),
        )


def _fps(case: Case) -> Iterator[Finding]:
    fps = case.facts.fps
    known = fps > 0
    if not known.all():
        yield Finding(
            "fps_unknown",
            "note",
            f"{counted(int((~known).sum()), 'clip', len(known))} without frames a second",
            "Speed cannot be compared between videos of different frame rates.",
            "Write `fps` into the store; extraction does.",
            clip_ids=worst_first(case.facts.clip_id, ~known, np.zeros(len(known))),
        )
    odd = known & ((fps < at.SLOW_FPS) | (fps > at.FAST_FPS))
    if odd.any():
        yield Finding(
            "fps_odd",
            "warning",
            f"{counted(int(odd.sum()), 'clip', len(odd))} at fewer than {at.SLOW_FPS:g} or more "
            f"than {at.FAST_FPS:g} frames a second",
            "Below, handshapes pass between frames; above, it is mostly a wrong number.",
            "Compare with the video; correct `fps`, or leave slow videos out.",
            clip_ids=worst_first(case.facts.clip_id, odd, _apart(fps, 30.0)),
        )
    usual = known & ~odd
    if usual.any() and fps[usual].max() > at.MIXED_FPS * fps[usual].min():
        rates, counts = np.unique(np.round(fps[usual]), return_counts=True)
        most = rates[counts.argmax()]
        shown = ", ".join(
            f"{rates[i]:g} ({counts[i]:,} clips)" for i in np.argsort(-counts, kind="stable")[:5]
        )
        other = usual & (np.round(fps) != most)
        yield Finding(
            "fps_mixed",
            "note",
            f"frames a second differ: {shown}{', …' if len(rates) > 5 else ''}",
            "Detection and tracking behave differently at different rates, and so do steps that "
            "count frames.",
            "Extract all videos at one rate, into a new store.",
            case.anew(fps=int(most)),
            worst_first(case.facts.clip_id, other, _apart(fps, most)),
        )


def _apart(fps: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """How many times faster or slower, as a logarithm; 0 where nobody knows the rate."""
    return np.asarray(np.abs(np.log(np.where(fps > 0, fps, usual) / usual)), dtype=np.float64)
