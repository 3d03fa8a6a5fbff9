"""The words that are searched, and which sentences have them.

A word is a gloss or a word of the translation. Of the annotations of RWTH-PHOENIX-Weather 2014T,
cut at blanks, train has 1,085 different glosses and 2,887 different words, as published (Tamer and
Saraçlar, LREC 2020, section 4.1): what belongs to a gloss (``neg-REGEN``, ``A+Z``, ``HABEN2``)
stays, and their tables have no punctuation. Of dev's 393 glosses 381 are also in train, of its 951
words 894.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

from raysign.errors import DataError, WordError
from raysign.sentences import Kind, Written

PUNCTUATION = ".,;:!?…\"'„“”‚‘’«»‹›()[]–—"
"""What is cut off at the ends of a written word; a hyphen in it stays."""
NEAREST = 5
NAMES = {"gloss": "gloss", "translation": "word"}
"""What an entry of each kind is called."""
PLURAL = {"gloss": "glosses", "translation": "written words"}
"""The same of many."""


def tokenise(text: str, kind: Kind = "translation") -> tuple[str, ...]:
    """The words of a text, in order: cut at blanks.

    Words of a translation are lower-cased and lose punctuation at their ends; what is nothing else
    is no word. Glosses stay as they are written.

    >>> tokenise("Am Sonntag, bis 25 Grad .")
    ('am', 'sonntag', 'bis', '25', 'grad')
    >>> tokenise("neg-REGEN __ON__ loc-NORD", "gloss")
    ('neg-REGEN', '__ON__', 'loc-NORD')
    """
    if kind == "gloss":
        return tuple(text.split())
    words = (word.strip(PUNCTUATION + "-") for word in text.lower().split())
    return tuple(word for word in words if word)


@dataclass(frozen=True)
class Vocabulary:
    """Words of one kind, each once, in the order of their numbers.

    ``DataError`` where there is none or one comes twice.
    """

    kind: Kind
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise DataError(f"an empty vocabulary: there is no {NAMES[self.kind]} to search for")
        if len(self._numbers) < len(self.words):
            twice = [word for word, count in Counter(self.words).items() if count > 1]
            raise DataError(f"{NAMES[self.kind]} {twice[0]!r} is in the vocabulary more than once")

    @classmethod
    def of(cls, written: Written, kind: Kind, min_count: int = 1) -> Vocabulary:
        """The words that stand in at least ``min_count`` of these sentences, sorted.

        ``DataError`` where there is none.
        """
        counts = Counter(word for words in written for word in set(words))
        kept = tuple(sorted(word for word, count in counts.items() if count >= min_count))
        if counts and not kept:
            raise DataError(
                f"an empty vocabulary: none of {len(counts):,} different {PLURAL[kind]} stands in "
                f"{min_count} sentences; the most frequent one in {max(counts.values())}; "
                "lower min_count"
            )
        if not kept:
            raise DataError(
                f"an empty vocabulary: none of {len(written):,} sentences has a {NAMES[kind]}"
            )
        return cls(kind, kept)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def number(self, word: str) -> int:
        """The word's number; ``WordError`` where it is not here, with the words nearest to it."""
        number = self._numbers.get(word)
        if number is None:
            near = ", ".join(self.nearest(word))
            raise WordError(
                f"no {NAMES[self.kind]} {word!r} among the {len(self):,} of the vocabulary"
                + (f"; nearest: {near}" if near else f"; it has {', '.join(self.words[:3])}, …")
            )
        return number

    def meant(self, text: str) -> str:
        """The word that somebody means by a text, read as the vocabulary's were: as it stands here;
        else a written word cut and lower-cased, and of glosses the only one that is alike but for
        its case. The text itself where there is none.

        >>> Vocabulary("translation", ("regen", "wetter")).meant("Wetter,")
        'wetter'
        >>> Vocabulary("gloss", ("REGEN", "WETTER")).meant("regen")
        'REGEN'
        """
        if text in self:
            return text
        if self.kind == "translation":
            alike = [word for word in tokenise(text) if word in self]
            return alike[0] if len(alike) == len(text.split()) == 1 else text
        folded = text.strip().casefold()
        alike = [word for word in self.words if word.casefold() == folded]
        return alike[0] if len(alike) == 1 else text

    def nearest(self, word: str, count: int = NEAREST) -> list[str]:
        """The words most like this one, best first, whatever their case; maybe none."""
        cased: dict[str, str] = {}
        for known in self.words:
            cased.setdefault(known.casefold(), known)
        return [cased[near] for near in get_close_matches(word.casefold(), cased, count)]

    def labels(self, written: Written) -> Bool[np.ndarray, "sentence word"]:
        """Which word is in which sentence; words that are not here count for nothing."""
        return self.counts(written) > 0

    def counts(self, written: Written) -> Int[np.ndarray, "sentence word"]:
        """How often each word is in each sentence."""
        counts = np.zeros((len(written), len(self)), dtype=np.int32)
        for row, words in enumerate(written):
            for word in words:
                number = self._numbers.get(word)
                if number is not None:
                    counts[row, number] += 1
        return counts

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {word: number for number, word in enumerate(self.words)}
