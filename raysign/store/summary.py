"""What a store holds, in numbers, without reading a landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from raysign.clip import Clip


@dataclass(frozen=True)
class SplitSummary:
    """How much there is. ``signs`` and ``signers`` count the known ones."""

    clips: int
    signs: int
    signers: int
    frames: int
    hours: float | None
    """Of signing; None unless every clip's fps is known."""


@dataclass(frozen=True)
class StoreSummary(SplitSummary):
    """The whole store, and each split ('' = clips in no split)."""

    store: str
    layout: str
    splits: Mapping[str, SplitSummary]


def describe(path: str | Path) -> StoreSummary:
    """Count what a store holds. Reads labels and lengths only, so the test split stays sealed.

    Raises ``StoreError`` and ``LayoutError`` as :func:`raysign.store.load_clips` does.
    """
    store = open_store(path)
    facts: dict[str, NDArray[Any]] = {name: store.text(name) for name in _LABELS}
    facts |= {name: store.number(name) for name in _NUMBERS}
    return _summary(store.name, store.layout.name, facts)


def describe_clips(name: str, clips: Iterable[Clip]) -> StoreSummary:
    """Count clips that are in no store, of one layout, one by one; there must be some."""
    layout = ""
    rows: list[tuple[str | float, ...]] = []
    for clip in clips:
        layout = clip.layout
        labels = (getattr(clip, label) for label in _LABELS)
        rows.append((*labels, len(clip.xyz), clip.fps or float("nan")))
    columns = zip((*_LABELS, *_NUMBERS), zip(*rows, strict=True), strict=True)
    return _summary(name, layout, {column: np.asarray(values) for column, values in columns})


_LABELS, _NUMBERS = ("sign", "signer", "split"), ("num_frames", "fps")


def _summary(name: str, layout: str, facts: Mapping[str, NDArray[Any]]) -> StoreSummary:
    split = facts["split"]
    everything = _count(facts, np.ones(len(split), dtype=np.bool_))
    return StoreSummary(
        **vars(everything),
        store=name,
        layout=layout,
        splits={str(one): _count(facts, split == one) for one in np.unique(split)},
    )


def _count(facts: Mapping[str, NDArray[Any]], which: NDArray[np.bool_]) -> SplitSummary:
    frames, fps = facts["num_frames"][which], facts["fps"][which]
    known = bool((fps > 0).all())
    return SplitSummary(
        clips=int(which.sum()),
        signs=len(set(facts["sign"][which]) - {""}),
        signers=len(set(facts["signer"][which]) - {""}),
        frames=int(frames.sum()),
        hours=float((frames / fps).sum() / 3600) if known else None,
    )
