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
from raysign.store import Facts, load_clips, read_facts
from raysign.store.outcomes import read_outcomes


@dataclass(frozen=True, eq=False)
class Case:
    """``clips``, ``facts`` and ``measures`` go clip by clip, without the sealed test split.

    ``labels`` are those of all clips, test too.
    """

    store: str
    clips: Clips
    facts: Facts
    measures: Measures
    labels: Facts
    outcomes: Sequence[Outcome] | None

    @property
    def layout(self) -> Layout:
        """Of the store."""
        return layout_named(self.clips.layout)

    def share(self, which: NDArray[np.bool_]) -> float:
        """Of the clips that were read."""
        return float(which.mean())


def open_case(store: str) -> Case:
    """Read a store and measure its clips; of the test split only labels and lengths.

    Raises:
        SealedSplitError: the store has nothing but a test split.
        StoreError, LayoutError: see :func:`raysign.store.load_clips`.
    """
    labels = read_facts(store)
    clips = load_clips(store)
    facts = labels.select(labels.split != "test")
    return Case(store, clips, facts, measure(clips), labels, read_outcomes(store))
