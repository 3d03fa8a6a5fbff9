"""Vectors → an index that was chosen by their number and the recall asked for, and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Int64

from raysign.config import GalleryConfig
from raysign.errors import GalleryError
from raysign.gallery.kinds import Cells, Effort, Flat, Graph, Index
from raysign.gallery.tune import DEPTH, Sample, Tuned, least_effort, spread_out
from raysign.gallery.vectors import Vectors

LEAST_CLIPS = {"hnsw": 1_000, "ivf_pq": 10_000}
"""With fewer there is too little to hold out, or to fit 256 codes to."""
TRAINING_CLIPS = 1_000_000
ADD_CLIPS = 100_000
"""Added at a time, so that somebody who waits is told how far it is."""

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Built:
    """``order[row]`` is the place of a row's vector among those that were given."""

    index: Index
    tuned: Tuned
    order: Int64[np.ndarray, "row"]


def choose_kind(clips: int, config: GalleryConfig) -> tuple[str, str]:
    """Kind and reason, ``GalleryError`` where a kind was asked for that cannot be."""
    if config.kind != "auto":
        least = LEAST_CLIPS.get(config.kind, 0)
        if clips < least:
            raise GalleryError(
                f"{config.kind} needs {least:,} clips or more, got {clips:,}; type --kind auto: "
                "so few are searched exactly in no time"
            )
        if config.recall >= 1 and config.kind != "flat":
            raise GalleryError(
                f"{config.kind} is approximate, got --recall {config.recall:g}; type --kind flat"
            )
        return config.kind, "as asked"
    if config.recall >= 1:
        return "flat", "exact was asked for"
    if clips <= max(config.flat_clips, LEAST_CLIPS["hnsw"]):
        return "flat", f"{clips:,} clips are few enough for exact search"
    if clips <= max(config.hnsw_clips, LEAST_CLIPS["ivf_pq"]):
        return "hnsw", f"{clips:,} clips are more than {config.flat_clips:,}"
    return "ivf_pq", f"{clips:,} clips are more than {config.hnsw_clips:,}"


def build_index(
    vectors: Float32[np.ndarray, "clip dim"],
    sign: Int[np.ndarray, "clip"],
    config: GalleryConfig,
    say: Say,
) -> Built:
    """Choose, build and tune; ``sign`` is the number of each clip's, -1 where it has none.

    Where the kind that ``auto`` chose cannot reach the recall, the next more exact one is built.

    Raises:
        GalleryError: a kind that was asked for cannot be, or cannot reach the recall.
    """
    kind, why = choose_kind(len(vectors), config)
    rng = np.random.default_rng(config.seed)
    while kind != "flat":
        order = rng.permutation(len(vectors))
        held = min(config.held_out, len(vectors) // 10)
        say(f"{kind}: {why}; indexing {len(vectors):,} clips")
        index = _without_held_out(kind, vectors, order[:-held], config, say)
        asking, spread = spread_out(vectors.__getitem__, order[-held:], sign, config.spread, rng)
        sample = Sample(asking, np.full(held, -1, dtype=np.int64))
        alive = np.ones(len(vectors) - held, dtype=bool)
        effort, recall, reached = least_effort(index, sample, alive, config.recall)
        if reached:
            index.add(vectors[order[-held:]])
            tuned = _tuned(kind, why, effort, config, recall, held, "held-out clips", spread)
            return Built(index, tuned, order)
        short = f"{kind} reaches recall@{DEPTH} {recall:.3f}, asked {config.recall:g}"
        if config.kind != "auto":
            raise GalleryError(f"{short}; type --recall {recall:.2f}, or --kind auto")
        kind, why = "hnsw" if kind == "ivf_pq" else "flat", short
    flat = Flat(Vectors.empty(vectors.shape[1], config.vectors))
    flat.add(vectors)
    return Built(flat, _tuned("flat", why, {}, config, 1.0, 0, ""), np.arange(len(vectors)))


def tune_again(
    index: Index,
    alive: np.ndarray,
    sign: Int[np.ndarray, "row"],
    tuned: Tuned,
    config: GalleryConfig,
) -> Tuned | None:
    """The same index after clips came or went, with at least its effort; None: out of reach."""
    if tuned.kind == "flat":
        return tuned
    rows = np.flatnonzero(alive)
    rng = np.random.default_rng(config.seed)
    own = rng.choice(rows, min(config.held_out, len(rows)), replace=False)
    there = np.where(alive, sign, -1)
    asking, spread = spread_out(index.vectors.at, own, there, config.spread, rng)
    sample = Sample(asking, own)
    effort, recall, reached = least_effort(index, sample, alive, config.recall, tuned.effort)
    if not reached:
        return None
    count = len(own)
    return _tuned(tuned.kind, tuned.why, effort, config, recall, count, "stored clips", spread)


def _without_held_out(
    kind: str,
    vectors: Float32[np.ndarray, "clip dim"],
    order: Int64[np.ndarray, "row"],
    config: GalleryConfig,
    say: Say,
) -> Index:
    index: Index
    if kind == "hnsw":
        index = Graph.empty(vectors.shape[1], config)
    else:
        index = Cells.trained(vectors[order[:TRAINING_CLIPS]], len(vectors), config)
    for start in range(0, len(order), ADD_CLIPS):
        index.add(vectors[order[start : start + ADD_CLIPS]])
        if start + ADD_CLIPS < len(order):
            say(f"{start + ADD_CLIPS:,} of {len(vectors):,}")
    return index


def _tuned(
    kind: str,
    why: str,
    effort: Effort,
    config: GalleryConfig,
    recall: float,
    queries: int,
    on: str,
    spread: float = 1.0,
) -> Tuned:
    return Tuned.model_validate(
        {
            "kind": kind,
            "why": why,
            "effort": effort,
            "target": config.recall,
            "recall_at_10": recall,
            "queries": queries,
            "measured_on": on,
            "spread": spread,
        }
    )
