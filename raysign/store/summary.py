"""What a store holds, in numbers, without reading a landmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raysign.store.opening import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


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
    split = store.text("split")
    everything = _count(store, np.ones(len(split), dtype=np.bool_))
    return StoreSummary(
        **vars(everything),
        store=store.name,
        layout=store.layout.name,
        splits={str(name): _count(store, split == name) for name in np.unique(split)},
    )


def _count(store: Store, which: NDArray[np.bool_]) -> SplitSummary:
    frames, fps = store.number("num_frames")[which], store.number("fps")[which]
    known = bool((fps > 0).all())
    return SplitSummary(
        clips=int(which.sum()),
        signs=len(set(store.text("sign")[which]) - {""}),
        signers=len(set(store.text("signer")[which]) - {""}),
        frames=int(frames.sum()),
        hours=float((frames / fps).sum() / 3600) if known else None,
    )
