"""Who asks and who is searched: two selections of clips, read and numbered once for all models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Int64

from raysign.clip import Clips
from raysign.config import DataConfig, resolve
from raysign.config.load import overridden
from raysign.errors import ConfigError, SplitError
from raysign.sources import load_selection, parse_selection, same_store
from raysign.splits import signer_overlap

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Sides:
    """Clips with a sign; ``searched`` is ``asking`` where both selections are the same.

    Signs are numbered over both sides: ``signs[number]`` is the gloss. A key is equal where a query
    and a gallery clip are the same clip of the same store.
    """

    queries: str
    gallery: str
    asking: Clips
    searched: Clips
    signs: np.ndarray
    query_sign: Int64[np.ndarray, "query"]
    gallery_sign: Int64[np.ndarray, "clip"]
    query_key: Int64[np.ndarray, "query"]
    gallery_key: Int64[np.ndarray, "clip"]

    @classmethod
    def read(cls, queries: str, gallery: str, data: DataConfig, *, open_test: bool) -> Sides:
        """Read both selections.

        Raises:
            SplitError: a side has no clip with a sign.
            StoreError, LayoutError, SealedSplitError, DataError: see :mod:`raysign.sources`.
        """

        def one(selection: str) -> Clips:
            clips = load_selection(
                selection,
                open_test=open_test,
                synthetic=data.synthetic,
                empty_clips=data.empty_clips,
            )
            return _labelled(clips, selection)

        asking = one(queries)
        (here, mine), (there, theirs) = parse_selection(queries), parse_selection(gallery)
        same = mine == theirs and same_store(here, there)
        searched = asking if same else one(gallery)
        return cls.of(asking, searched, queries, gallery)

    @classmethod
    def of(cls, asking: Clips, searched: Clips, queries: str, gallery: str) -> Sides:
        """Both sides of clips that have a sign; ``queries`` and ``gallery`` are what they are."""
        signs = np.unique(np.concatenate([asking.sign, searched.sign]))
        query_key, gallery_key = _keys(asking, searched, queries, gallery)
        return cls(
            queries,
            gallery,
            asking,
            searched,
            signs,
            np.searchsorted(signs, asking.sign),
            np.searchsorted(signs, searched.sign),
            query_key,
            gallery_key,
        )

    @property
    def test_clips(self) -> bool:
        """Is a clip of the sealed test split among them?"""
        return any(bool((clips.split == "test").any()) for clips in (self.asking, self.searched))

    def test_data(self) -> tuple[str, ...]:
        """The fingerprints of the test clips of either side; the same clips have the same."""
        parts = (clips.select(clips.split == "test") for clips in (self.asking, self.searched))
        return tuple(sorted({part.fingerprint() for part in parts if len(part)}))

    def content_keys(self) -> tuple[Int64[np.ndarray, "query"], Int64[np.ndarray, "clip"]]:
        """Keys that are equal where two clips are byte-identical."""
        mine, theirs = (c.content().view(np.int64) for c in (self.asking, self.searched))
        return mine.copy(), theirs.copy()

    def copied(self) -> Bool[np.ndarray, "query"]:
        """Queries to which another clip of the gallery is byte-identical."""
        mine, theirs = self.content_keys()
        content, count = np.unique(theirs, return_counts=True)
        place = np.searchsorted(content, mine).clip(max=len(content) - 1)
        alike = np.where(content[place] == mine, count[place], 0)
        return alike > np.isin(self.query_key, self.gallery_key)

    def trained_on(self, signs: tuple[str, ...]) -> Bool[np.ndarray, "query"]:
        """Queries whose sign is, by its gloss, one of these."""
        return np.isin(self.asking.sign, np.asarray(signs, dtype=np.str_))

    def card(self) -> dict[str, Any]:
        """What goes with every figure."""
        languages = {*map(str, self.asking.language), *map(str, self.searched.language)} - {""}
        return {
            "queries": self.queries,
            "gallery": self.gallery,
            "language": ", ".join(sorted(languages)) or "not known",
            "signer_overlap": signer_overlap(self.asking, self.searched, "in the gallery"),
            "data": {
                "queries": self.asking.fingerprint(),
                "gallery": self.searched.fingerprint(),
            },
        }


def data_config(
    model: DataConfig, overrides: Sequence[str], command: str = "evaluate"
) -> DataConfig:
    """A model's own data settings, changed by ``data.key=value``.

    ``ConfigError``, which names the command, where another key is given.
    """
    for override in overrides:
        if not override.startswith(("data.synthetic.", "data.empty_clips=")):
            raise ConfigError(
                f"{command} reads data.synthetic.… and data.empty_clips alone, got {override!r}; "
                "the clips are chosen by --queries and --gallery, the rest is the model's"
            )
    tree = overridden({"data": model.model_dump()}, overrides)
    return resolve(DataConfig, tree["data"], under="data.")


def _labelled(clips: Clips, selection: str) -> Clips:
    """The clips that have a sign: the others are nobody's hit, and not each other's."""
    named = clips.sign != ""
    if not named.any():
        raise SplitError(
            f"no clip of {selection!r} has a sign, so nothing can be a hit; give one whose clips do"
        )
    return clips if named.all() else clips.select(named)


def _keys(
    asking: Clips, searched: Clips, queries: str, gallery: str
) -> tuple[Int64[np.ndarray, "query"], Int64[np.ndarray, "clip"]]:
    """Equal where query and gallery clip are the same clip; ids are unique within a store only."""
    here, there = (parse_selection(selection)[0] for selection in (queries, gallery))
    if not same_store(here, there):
        return -1 - np.arange(len(asking)), np.arange(len(searched))
    ids = np.unique(np.concatenate([asking.clip_id, searched.clip_id]))
    return np.searchsorted(ids, asking.clip_id), np.searchsorted(ids, searched.clip_id)
