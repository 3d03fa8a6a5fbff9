"""All that the doctor has of a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raysign.clip import Clips
from raysign.doctor.measure import Measures, measure
from raysign.manifest import Outcome
from raysign.skeleton import Layout, layout_named
from raysign.sources import parse_selection
from raysign.store import Facts, load_clips, read_facts
from raysign.store.about import read_about
from raysign.store.opening import locate
from raysign.store.outcomes import read_outcomes


@dataclass(frozen=True, eq=False)
class Case:
    """``clips``, ``facts`` and ``measures`` go clip by clip, without the sealed test split.

    ``labels`` are those of all clips, test too; all is of one split alone where ``split`` names it.
    """

    store: str
    split: str | None
    clips: Clips
    facts: Facts
    measures: Measures
    labels: Facts
    outcomes: Sequence[Outcome] | None
    """Of all videos; None for one split, for a video without a clip is in none."""
    extracted: bool
    """Whether ``raysign extract`` made the store, and can update it."""

    @property
    def selection(self) -> str:
        """As a door takes it: ``STORE`` or ``STORE:split``."""
        return self.store if self.split is None else f"{self.store}:{self.split}"

    @property
    def layout(self) -> Layout:
        """Of the store."""
        return layout_named(self.clips.layout)

    @property
    def nothing(self) -> NDArray[np.bool_]:
        """Which clips have neither a hand nor a body in any frame."""
        return np.asarray((self.measures.span_frames == 0) & ~(self.measures.body > 0))

    def share(self, which: NDArray[np.bool_]) -> float:
        """Of the clips that were read."""
        return float(which.mean())


def open_case(selection: str) -> Case:
    """Read ``STORE`` or ``STORE:split`` and measure its clips; of test only labels and lengths.

    Raises:
        SealedSplitError: the test split is asked for, or the store has nothing else.
        SplitError: the store has no such split.
        StoreError, LayoutError: see :func:`raysign.store.load_clips`.
    """
    store, split = parse_selection(selection)
    labels = read_facts(store)
    clips = load_clips(store, None if split is None else (split,))
    facts = labels.select(labels.split != "test" if split is None else labels.split == split)
    filesystem, folder = locate(store)
    return Case(
        store,
        split,
        clips,
        facts,
        measure(clips),
        labels=labels if split is None else facts,
        outcomes=read_outcomes(store) if split is None else None,
        extracted=read_about(filesystem, folder.rstrip("/")) is not None,
    )
