"""A run's figures for people: with their intervals, and with what they were measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.ranking import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.batches import TrainingClips
    from raysign.engine import Epoch


def figure(metrics: Mapping[str, float], name: str) -> Figure:
    """A figure with its interval, out of flat metrics: ``val/map``, ``val/map_low`` and so on."""
    return Figure(metrics[name], metrics[f"{name}_low"], metrics[f"{name}_high"])


def costs(constants: Mapping[str, float], epoch: Epoch) -> dict[str, float]:
    """A trial's constants, its ``latency_ms`` with the second stage's milliseconds."""
    if "latency_ms" not in constants:
        return dict(constants)
    rerank_ms = epoch.figures.get("val/rerank_ms", 0.0)
    return {**constants, "latency_ms": constants["latency_ms"] + rerank_ms}


MIRRORED = {
    "none": "cosine",
    "queries": "cosine, queries with their mirror images",
    "both": "cosine, all clips with their mirror images",
    "searched": "cosine, mirror images as each trial's evaluate.mirror says",
}
"""How clips are compared, for each ``evaluate.mirror``, and in a sweep over it."""


def protocol(
    clips: TrainingClips, metrics: Mapping[str, float], mirror: str = "none", stages: str = ""
) -> str:
    """Who asked whom, and what counted as a hit, in one line.

    ``mirror`` and ``stages`` are ``evaluate.mirror`` and ``evaluate.rerank.stages``, or
    ``searched`` in a sweep over them.
    """
    gallery = "train clips" if clips.gallery is None else "train clips of held-out signs"
    then = f", then {stages}" if stages else ""
    if stages == "searched":
        then = ", second stage as each trial's evaluate.rerank says"
    return (
        f"val clips → {gallery}; {MIRRORED[mirror]}{then}, clip level; "
        f"a hit is a clip of the same sign; "
        f"{metrics['val/queries']:.0f} queries, gallery of {metrics['val/gallery']:.0f}, "
        f"{metrics['val/positives_per_query']:.1f} positives a query; {clips.signer_overlap}"
    )
