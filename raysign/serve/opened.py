"""A gallery that is open to be searched, with what is known of its signs."""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int64

from raysign.gallery.card import CARD
from raysign.serve.ask.phonology import HowMade, Signs
from raysign.serve.words import Phonology, SignEntry

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.search.searcher import Searcher

Stamp = tuple[int, int, int]
DIGITS = 8
"""Of a store, in the names of clips that share an id."""


def stamp_of(folder: Path) -> Stamp:
    """What a file system says of a gallery's card; another one = the gallery was changed.

    The card takes its place in one step, as a new file: see :mod:`raysign.gallery.saving`.
    ``OSError`` where there is none.
    """
    status = (folder / CARD).stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


class Opened:
    """One state of a gallery. What it holds does not change; its searcher is for one thread."""

    def __init__(self, searcher: Searcher, stamp: Stamp, known: HowMade | None) -> None:
        self.searcher, self.stamp = searcher, stamp
        self.gallery = searcher.gallery
        self.signs = Signs.of(self.gallery.exemplars.signs, known)
        self._place = {sign: place for place, sign in enumerate(self.gallery.exemplars.signs)}

    @property
    def fingerprint(self) -> str:
        """Another one where other clips are in it."""
        files = self.gallery.card.files
        return f"{files.vectors.sha256}-{files.exemplars.sha256}"

    def phonology_of(self, sign: str) -> Phonology | None:
        """How a sign is made, where that is known."""
        place = self._place.get(sign)
        made = None if place is None else self.signs.made[place]
        return None if made is None else made.words()

    @cached_property
    def entries(self) -> tuple[SignEntry, ...]:
        """All signs, in order of the alphabet."""
        exemplars = self.gallery.exemplars
        signers = np.unique(exemplars.of_column("signer"), return_inverse=True)
        number = exemplars.sign_number
        known = (number >= 0) & (signers[0][signers[1]] != "")
        pairs = np.unique(np.stack([number[known], signers[1][known]]), axis=1)
        count = len(exemplars.signs)
        clips = np.bincount(number[number >= 0], minlength=count)
        by = np.bincount(pairs[0], minlength=count)
        return tuple(
            SignEntry(sign=sign, clips=own, signers=who, phonology=self.phonology_of(sign))
            for sign, own, who in zip(exemplars.signs, clips.tolist(), by.tolist(), strict=True)
        )

    @cached_property
    def _ids(self) -> list[str]:
        ids: list[str] = self.gallery.exemplars.of_column("clip_id").tolist()
        return ids

    @cached_property
    def _times(self) -> Counter[str]:
        """How many clips have an id."""
        alive = self.gallery.exemplars.alive.tolist()
        return Counter(one for one, there in zip(self._ids, alive, strict=True) if there)

    @cached_property
    def _row(self) -> dict[str, int]:
        alive = np.flatnonzero(self.gallery.exemplars.alive)
        return {self.name_of(row): row for row in alive.tolist()}

    def name_of(self, row: int) -> str:
        """What a clip is called here: its id, and after it its store where others have that id.

        It stays the same while others come and go, unless the last of these goes.
        """
        clip_id = self._ids[row]
        if self._times[clip_id] == 1:
            return clip_id
        (one,) = self.gallery.exemplars.at(np.array([row]))
        return f"{clip_id}@{hashlib.sha256(one.source.encode()).hexdigest()[:DIGITS]}"

    def row_of(self, name: str) -> int | None:
        """Where a clip stands, by what it is called here; None where there is none."""
        return self._row.get(name)

    def has_id(self, clip_id: str) -> bool:
        """Whether a clip, of whatever store, has an id."""
        return clip_id in self._times

    def rows_of(self, sign: str) -> Int64[np.ndarray, "row"]:
        """Where a sign's clips stand; none where there is no such sign."""
        place = self._place.get(sign)
        if place is None:
            return np.empty(0, dtype=np.int64)
        return self.gallery.exemplars.of_signs(np.array([place]))
