"""A run's figures for people: with their intervals, and with what they were measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.ranking import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.batches import TrainingClips


def figure(metrics: Mapping[str, float], name: str) -> Figure:
    """A figure with its interval, out of flat metrics: ``val/map``, ``val/map_low`` and so on."""
    return Figure(metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"])


MIRRORED = {
    "none": "cosine",
    "queries": "cosine, queries with their mirror images",
    "both": "cosine, all clips with their mirror images",
    "searched": "cosine, mirror images as each trial's evaluate.mirror says",
}
"""How clips are compared, for each ``evaluate.mirror``, and in a sweep over it."""


def protocol(clips: TrainingClips, metrics: Mapping[str, float], mirror: str = "none") -> str:
    """Who asked whom, and what counted as a hit, in one line."""
    gallery = "train clips" if clips.gallery is None else "train clips of held-out signs"
    return (
        f"val clips → {gallery}; {MIRRORED[mirror]}, clip level; a hit is a clip of the same sign; "
        f"{metrics['val/queries']:.0f} queries, gallery of {metrics['val/gallery']:.0f}, "
        f"{metrics['val/positives_per_query']:.1f} positives a query; {clips.signer_overlap}"
    )
