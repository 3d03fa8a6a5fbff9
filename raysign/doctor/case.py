"""All that the doctor has of a store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from shlex import quote
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raysign.clip import Clips
from raysign.config import ExtractConfig
from raysign.doctor.measure import Measures, measure
from raysign.manifest import Outcome
from raysign.skeleton import Layout, layout_named
from raysign.sources import parse_selection
from raysign.store import Facts, load_clips, read_facts
from raysign.store.about import read_about
from raysign.store.opening import locate
from raysign.store.outcomes import read_outcomes
from raysign.trees import leaves


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
    settings: Mapping[str, Any] | None
    """Of the extraction that made the store, and can update it; None where none did."""

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

    def look(self, clip_id: str, name: str) -> str:
        """The command that draws a clip, over its video where that is known."""
        show = f"raysign show {quote(self.store)} {quote(clip_id)}"
        row = next((row for row in self.outcomes or () if row.clip_id == clip_id), None)
        if row is not None and self.settings is not None and not row.span:
            show += f" --video {quote(row.path)}"
        return f"{show} --out {name}.gif"

    def update(self, *options: str) -> str:
        """The commands that change labels in the manifest and take them in, with an edit between.

        '' where no extraction made the store.
        """
        return self._extract(f"--out {quote(self.store)} --update", *options)

    def anew(self, **settings: Any) -> str:
        """The commands that extract the videos with other settings into a store of its own."""
        return self._extract(f"--out {quote(self.store.rstrip('/') + '-again')}", **settings)

    def _extract(self, *arguments: str, **settings: Any) -> str:
        if self.settings is None:
            return ""
        manifest = quote(f"{PurePosixPath(self.store).name}.csv")
        listed = f"raysign data manifest {quote(self.store)} --out {manifest}"
        usual = dict(leaves(ExtractConfig().model_dump(mode="json")))
        changed = {
            path: value
            for path, value in leaves(self.settings)
            if path in usual and value != usual[path]
        }
        given = (f"{path}={json.dumps(value)}" for path, value in (changed | settings).items())
        return f"{listed}\nraysign extract {' '.join((manifest, *arguments, *given))}"

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
    about = read_about(filesystem, folder.rstrip("/"))
    return Case(
        store,
        split,
        clips,
        facts,
        measure(clips),
        labels=labels if split is None else facts,
        outcomes=read_outcomes(store) if split is None else None,
        settings=None if about is None else about.get("extractor", {}).get("settings", {}),
    )
