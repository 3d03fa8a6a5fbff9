"""Sentences whose words are in one place and whose signing is in another, put together.

The words are :func:`raysign.datasets.phoenix14t.read_sentences`'; the signing is OpenPose's JSON,
clips of landmarks, or the synthetic signers'. They are joined by the sentence's name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from raysign.datasets import openpose
from raysign.datasets.imported import Import
from raysign.datasets.phoenix14t import PHOENIX14T
from raysign.errors import DataError
from raysign.keywords.vocabulary import tokenise
from raysign.manifest import VideoClip
from raysign.sentences import SignedSentence
from raysign.synthetic.sentences import Interpreters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from raysign.clip import Clip
    from raysign.datasets.phoenix14t import Sentence
    from raysign.synthetic import World

SHOWN = 3
SYNTHETIC = f"{PHOENIX14T.name}-synthetic"
"""In the column ``dataset``: the words are the corpus's, the signing is not."""


@dataclass(eq=False)
class Joining:
    """Gives clips their words. What was not right fills as :meth:`join` is gone through."""

    sentences: Sequence[Sentence]
    joined: set[str] = field(default_factory=set)
    foreign: int = 0
    """Clips of no sentence."""
    lengths: int = 0
    """Sentences of another number of frames than their table says."""
    empty: int = 0
    """Sentences in which nothing was ever detected."""

    def join(self, clips: Iterable[Clip]) -> Iterator[SignedSentence]:
        """The clips that are a sentence's, with its words and labels.

        The name is the clip's id, or the last part of it (``dev/<name>``). ``DataError`` where two
        clips are the same sentence, their splits differ, or there is none at all.
        """
        named = by_name(self.sentences)
        for clip in clips:
            sentence = named.get(PurePosixPath(clip.clip_id).name)
            if sentence is None:
                self.foreign += 1
                continue
            if sentence.name in self.joined:
                raise DataError(f"two clips are sentence {sentence.name!r}; take one of them out")
            if clip.split not in ("", sentence.split):
                raise DataError(
                    f"sentence {sentence.name!r} is in {clip.split}, and {sentence.split} in its "
                    "table; correct one of them"
                )
            self.joined.add(sentence.name)
            self.lengths += sentence.num_frames not in (None, len(clip.xyz))
            self.empty += bool(np.isnan(clip.xyz).all())
            own = replace(
                clip,
                clip_id=sentence.name,
                sign="",
                signer=sentence.signer,
                split=sentence.split,
                language=PHOENIX14T.language,
                dataset=PHOENIX14T.name,
            )
            yield SignedSentence(own, sentence.glosses, tokenise(sentence.translation))
        if not self.joined:
            raise DataError(
                f"none of {self.foreign:,} clips is one of the {len(named):,} sentences; a clip_id "
                f"must be a sentence's name, such as {self.sentences[0].name!r}"
            )

    def openpose(self, folder: str | Path, width: int, height: int, fps: float) -> Import:
        """The folders of ``*_keypoints.json`` under ``folder`` that are a sentence's, to be read.

        Their names are the sentences'; in which folders they lie does not matter. ``DataError``
        where none is there. One that cannot be read costs its sentence.
        """
        named = by_name(self.sentences)
        there = [(Path(row.path).name, row.path) for row in openpose.find(folder)]
        rows = [VideoClip(name, path) for name, path in there if name in named]
        if not rows:
            raise DataError(
                f"none of the {len(there):,} folders of *_keypoints.json in {str(folder)!r} is one "
                f"of the {len(named):,} sentences; expected a folder called "
                f"{self.sentences[0].name!r}"
            )
        self.foreign += len(there) - len(rows)
        return Import(rows, partial(openpose.read_clip, width=width, height=height, fps=fps))

    def notes(self) -> tuple[str, ...]:
        """Lines for the user; complete once all clips went by."""
        missing = [one.name for one in self.sentences if one.name not in self.joined]
        counted = (
            ("sentences without landmarks, left out", len(missing), f" ({_shown(missing)})"),
            ("clips of no sentence, left out", self.foreign, ""),
            ("sentences with another number of frames than their table says", self.lengths, ""),
            ("sentences without a landmark in any frame", self.empty, ""),
        )
        found = tuple(f"{what}: {count:,}{which}" for what, count, which in counted if count)
        return found + self.wordless()

    def wordless(self) -> tuple[str, ...]:
        """A line where some sentences have no gloss."""
        names = [one.name for one in self.sentences if not one.glosses]
        return (f"sentences without a gloss: {len(names):,} ({_shown(names)})",) if names else ()


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")


def by_name(sentences: Sequence[Sentence]) -> Mapping[str, Sentence]:
    """The sentences by name; ``DataError`` where one comes twice."""
    named = {one.name: one for one in sentences}
    if len(named) < len(sentences):
        (twice, _), *_ = Counter(one.name for one in sentences).most_common(1)
        raise DataError(f"sentence {twice!r} is in the tables more than once")
    return named


def signed_by(world: World, sentences: Sequence[Sentence]) -> Iterator[SignedSentence]:
    """The sentences that have glosses, signed by the synthetic signers; see
    :mod:`raysign.synthetic.sentences`.

    Each gloss is the sign of its number among all glosses of train and val in order, then those
    that only test has; likewise the speakers. So what test holds changes nothing else.
    ``DataError`` where no sentence has a gloss, or one has more glosses than frames.
    """
    by_name(sentences)
    known, sealed = _in_order((gloss, one.split) for one in sentences for gloss in one.glosses)
    glosses = (*known, *sealed)
    if not glosses:
        raise DataError(f"none of {len(sentences):,} sentences has a gloss to be signed")
    speakers, test_only = _in_order((one.signer, one.split) for one in sentences)
    interpreters = Interpreters(world, glosses, speakers, test_only)
    for one in sentences:
        if one.glosses:
            yield interpreters.sentence(
                one.name,
                one.glosses,
                one.signer,
                translation=tokenise(one.translation),
                num_frames=one.num_frames,
                split=one.split,
                dataset=SYNTHETIC,
            )


def _in_order(names: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names with the split of each → those of train and val, sorted, and those of test alone."""
    names = list(names)
    ours = {name for name, split in names if split != "test"}
    return tuple(sorted(ours)), tuple(sorted({name for name, _ in names} - ours))
