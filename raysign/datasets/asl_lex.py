"""ASL-LEX 2.0: how 2,723 signs of American Sign Language are made; which of them look alike.

Sehyr, Caselli, Cohen-Goldberg, Emmorey, "The ASL-LEX 2.0 Project: A Database of Lexical and
Phonological Properties for 2,723 Signs in American Sign Language", Journal of Deaf Studies and Deaf
Education 26(2), 2021. A table with one row a sign, from https://osf.io/zpha4/ (CC BY-NC 4.0);
nothing is downloaded here.

Two signs are as much alike as the weighted share of ``FEATURES`` that they have in common. These
are the six by which ASL-LEX first told neighbours apart (Caselli et al., "ASL-LEX: A lexical
database of American Sign Language", Behavior Research Methods 49, 2017), in the coding of 2.0 and
with one weight for all, as there: two of the hand's shape, two of its place, its path, and what
both hands do. The finer features of 2.0 (spread, thumb, contact …) are nearly all of the handshape,
and would outweigh the rest. An empty cell is a value of its own, as it means that there is no such
thing: no path movement, no flexion where the thumb alone is selected.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from raysign.datasets.found import read_table
from raysign.datasets.table import DATASETS
from raysign.errors import DataError
from raysign.ranking import agreement

ASL_LEX = DATASETS["asl_lex"]
FEATURES: Mapping[str, float] = {
    "SelectedFingers.2.0": 1.0,
    "Flexion.2.0": 1.0,
    "MajorLocation.2.0": 1.0,
    "MinorLocation.2.0": 1.0,
    "Movement.2.0": 1.0,
    "SignType.2.0": 1.0,
}
"""Columns of the table, each with its weight."""
_NUMBER = re.compile(r"(?<=[^\W\d])_?(\d+)$")


@dataclass(frozen=True, eq=False)
class Phonology:
    """The entries of the table: variants of a sign are entries of their own."""

    entries: tuple[str, ...]
    """``EntryID`` of each, such as ``about_2``."""
    features: Int64[np.ndarray, "entry feature"]
    """The values of ``FEATURES``, numbered within each column."""
    names: Mapping[str, tuple[int, ...]]
    """Which entries a gloss may mean."""

    @classmethod
    def read(cls, path: str | Path) -> Phonology:
        """Read the table. ``DataError`` where it cannot be read or is not ASL-LEX 2.0's."""
        try:
            rows = read_table(Path(path), ("EntryID", "LemmaID", *FEATURES))
        except DataError as error:
            raise DataError(
                f"{error}; --phonology takes ASL-LEX 2.0's table, from {ASL_LEX.where}"
            ) from None
        if not rows:
            raise DataError(f"{str(path)!r} has no sign; get it anew at {ASL_LEX.where}")
        codes = [np.unique([row[c] for row in rows], return_inverse=True)[1] for c in FEATURES]
        by_entry: dict[str, set[int]] = defaultdict(set)
        names: dict[str, set[int]] = defaultdict(set)
        for number, row in enumerate(rows):
            for of, column in ((by_entry, "EntryID"), (names, "LemmaID")):
                name = _key(row[column])
                of[name].add(number)
                of[_NUMBER.sub("", name)].add(number)
        names.update(by_entry)  # a lemma may also hold entries of other names: toilet, bathroom
        return cls(
            tuple(row["EntryID"] for row in rows),
            np.stack(codes, axis=1).astype(np.int64),
            {name: tuple(sorted(numbers)) for name, numbers in names.items()},
        )

    def entries_of(self, gloss: str) -> tuple[int, ...]:
        """The entries that a gloss may mean; empty where it is not known.

        Those whose ``EntryID`` it is, or else whose ``LemmaID``, with or without the number at its
        end, in any case, whatever stands between its words: ``Thank you`` is ``thank_you``,
        ``ABOUT1`` is ``about_1``, ``about`` is ``about_1`` and ``about_2``. A number that no entry
        has, as in ``DOG9``, is not read.
        """
        key = _key(gloss)
        spelled = key, _NUMBER.sub(r"_\1", key), _NUMBER.sub("", key)
        return next(filter(None, (self.names.get(name) for name in spelled)), ())

    def likeness(
        self, glosses: Sequence[str]
    ) -> tuple[Int64[np.ndarray, "known"], Float64[np.ndarray, "known known"]]:
        """Which of the glosses are known, by their place, and how much each two are alike, in 0–1.

        Which variant a clip shows is not known, so that of two glosses is the mean over theirs.
        """
        meant = [self.entries_of(gloss) for gloss in glosses]
        known = np.flatnonzero([bool(entries) for entries in meant]).astype(np.int64)
        used = _sorted(entry for entries in meant for entry in entries)
        alike = agreement(self.features[used], np.array(list(FEATURES.values())))
        share = np.zeros((len(known), len(used)))
        for row, place in enumerate(known):
            share[row, np.searchsorted(used, meant[place])] = 1 / len(meant[place])
        return known, np.clip(share @ alike @ share.T, 0, 1)


def _sorted(entries: Iterable[int]) -> Int64[np.ndarray, "used"]:
    return np.unique(np.fromiter(entries, np.int64))


def _key(text: str) -> str:
    """``Don't want`` → ``dont_want``."""
    words = re.sub(r"['’]", "", text.lower())
    return re.sub(r"[\W_]+", "_", words).strip("_")
