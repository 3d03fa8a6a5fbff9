"""The sentences of a run: who trains, who is asked, and which words are searched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from raysign.errors import DataError, SealedSplitError, SplitError
from raysign.keywords.vocabulary import NAMES, PLURAL, Vocabulary
from raysign.sources import parse_selection
from raysign.splits import held_out, signed_by_shared
from raysign.store import load_sentences

if TYPE_CHECKING:
    from raysign.config import KeywordDataConfig
    from raysign.sentences import Sentences

FEW = 10
"""Fewer sentences than this give no figure worth its digits."""


@dataclass(frozen=True, eq=False)
class SentenceSplit:
    """Who trains and who is asked; the vocabulary is of those that train."""

    train: Sentences
    val: Sentences
    vocabulary: Vocabulary
    notes: tuple[str, ...] = ()

    @property
    def signer_overlap(self) -> str:
        """Whether the signers of val also sign in train, in words."""
        trained = {signer for each in self.train.signed_by() for signer in each}
        return signed_by_shared(self.val.signed_by(), trained)


def read_sentences(config: KeywordDataConfig) -> SentenceSplit:
    """Read and split a run's sentences; never the test split.

    Sentences without a word of the kind that is searched are left out of train, and stay in val:
    a search has to see that nothing is in them.

    Raises:
        SealedSplitError: ``config.store`` asks for the test split.
        SplitError: it names another split, a part would be empty, or no word of train is in val.
        StoreError, LayoutError, DataError: see :func:`raysign.store.load_sentences`, and
            :class:`raysign.keywords.vocabulary.Vocabulary` of an empty vocabulary.
    """
    if "store" not in config.model_fields_set and not Path(config.store).exists():
        raise DataError(
            "no sentences to learn from: give --data STORE, such as `raysign keywords make` and "
            "`raysign keywords compose` write"
        )
    store, split = parse_selection(config.store)
    if split == "test":
        raise SealedSplitError.of(store)
    if split is not None:
        raise SplitError(
            f"data.store takes a whole store, got split {split!r} of it; type data.store={store}"
        )
    sentences = load_sentences(store, ("train", "val") if config.splits == "own" else None)
    sentences, empty = sentences.with_frames()
    trains, asked, notes = _masks(sentences, config)
    notes = [*empty, *notes]
    written = np.array([bool(words) for words in sentences.written(config.words)])
    if (trains & ~written).any():
        notes.append(
            f"{(trains & ~written).sum()} training sentences without a {NAMES[config.words]} are "
            "left out"
        )
    trains &= written
    copies = trains & np.isin(sentences.clips.content(), sentences.clips.content()[asked])
    if copies.any():
        notes.append(_of_copies(int(copies.sum()), config))
    if config.duplicates == "drop":
        trains &= ~copies
    for name, mask in (("train", trains), ("val", asked)):
        if not mask.any():
            raise SplitError(
                f"data.splits={config.splits} leaves {name} without sentences that have a "
                f"{NAMES[config.words]}: {len(sentences)} were read of {store!r}; see its `split` "
                "and `signer`, or take another data.words"
            )
    train, val = sentences.select(trains), sentences.select(asked)
    vocabulary = Vocabulary.of(train.written(config.words), config.words, config.min_count)
    if not vocabulary.labels(val.written(config.words)).any():
        raise SplitError(
            f"none of train's {len(vocabulary):,} {PLURAL[config.words]} is in any of val's "
            f"{len(val)} sentences: nothing can be measured; type data.splits=signer_disjoint, or "
            "give another store"
        )
    if len(val) < FEW:
        notes.append(f"val has {len(val)} sentences: its figures say little")
    return SentenceSplit(train, val, vocabulary, tuple(notes))


def _of_copies(count: int, config: KeywordDataConfig) -> str:
    said = f"{count} training sentences are byte-identical to a val sentence"
    if config.duplicates == "drop":
        return f"{said}; they are left out"
    return f"{said}: val says too much; type data.duplicates=drop to leave them out"


def _masks(
    sentences: Sentences, config: KeywordDataConfig
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    clips = sentences.clips
    if config.splits == "own":
        return clips.split == "train", clips.split == "val", []
    known = clips.signer != ""
    notes = []
    if not known.all():
        notes.append(f"{(~known).sum()} sentences without a signer are left out")
    random = np.random.default_rng(config.split_seed)
    held = held_out(clips.signer[known], "signers", config, random)
    asked = known & np.isin(clips.signer, held)
    notes.append(f"signers held out: {len(held)}; none of them signs in train")
    return known & ~asked, asked, notes
