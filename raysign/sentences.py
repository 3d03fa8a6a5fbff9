"""A sentence is continuous signing of one signer, with what is signed and what is said.

``Sentences`` is many in one piece of memory, as ``Clips`` is of clips: what is written stands
beside the landmarks, and the detector's confidence with them, which keyword search sees.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from raysign.clip import Clip, Clips
from raysign.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

Written = tuple[tuple[str, ...], ...]
"""The words of each sentence, in order."""
Spans = tuple[tuple[int, int], ...]
"""Frames [first, end) of each gloss of a sentence."""
Kind = Literal["gloss", "translation"]
"""Which words are meant: those that are signed, or those that are said."""


@dataclass(frozen=True, eq=False)
class SignedSentence:
    """One sentence: its landmarks (``clip.sign`` is empty: it is not one sign) and its words.

    ``glosses`` are the signs in order, ``translation`` the words of the spoken language; either
    may be empty where nobody wrote it down. ``spans`` are the frames [first, end) of each gloss,
    None where they are not known. ``DataError`` where they do not fit the glosses or the frames.

    A sentence composed of clips has ``pieces``, their names in order, and ``signers``, who signs in
    each ('' = unknown); both are empty where one signer signs it all, who is ``clip.signer``.
    """

    clip: Clip
    glosses: tuple[str, ...] = ()
    translation: tuple[str, ...] = ()
    spans: Spans | None = None
    pieces: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        name = self.clip.clip_id
        if len(self.pieces) != len(self.signers):
            raise DataError(
                f"sentence {name!r}: {len(self.signers)} signers of {len(self.pieces)} pieces"
            )
        for word in (*self.glosses, *self.translation):
            if not word or word.split() != [word]:
                raise DataError(
                    f"sentence {name!r}: a word must not be empty nor hold a blank, got {word!r}"
                )
        if self.spans is None:
            return
        if len(self.spans) != len(self.glosses):
            raise DataError(
                f"sentence {name!r}: {len(self.spans)} spans for {len(self.glosses)} glosses; "
                "give one for each, or none"
            )
        for gloss, (first, end) in zip(self.glosses, self.spans, strict=True):
            if not 0 <= first < end <= len(self.clip.xyz):
                raise DataError(
                    f"sentence {name!r}: gloss {gloss!r} in frames {first} to {end} "
                    f"of a sentence of {len(self.clip.xyz)}"
                )


@dataclass(frozen=True, eq=False)
class Sentences:
    """Many sentences of one layout, contiguous.

    ``confidence`` is [frame joint] float16 in 0–1, frame for frame beside ``clips.xyz``; where a
    detector's is not known it is 1 where the joint is detected and 0 where it is not. ``glosses``,
    ``translations``, ``spans``, ``pieces`` and ``signers`` have one entry a sentence, as
    ``SignedSentence`` has them; the last two may be left out where no sentence is composed.
    """

    clips: Clips
    confidence: NDArray[np.float16]
    glosses: Written
    translations: Written
    spans: tuple[Spans | None, ...]
    pieces: Written = ()
    signers: Written = ()

    def __post_init__(self) -> None:
        for name in ("pieces", "signers"):
            if not getattr(self, name):
                object.__setattr__(self, name, ((),) * len(self.clips))
        if self.confidence.shape != self.clips.xyz.shape[:2]:
            raise DataError(
                f"confidence must have shape {self.clips.xyz.shape[:2]}, "
                f"got {self.confidence.shape}"
            )
        for name in ("glosses", "translations", "spans", "pieces", "signers"):
            if len(getattr(self, name)) != len(self.clips):
                raise DataError(
                    f"{name} of {len(getattr(self, name))} sentences, "
                    f"landmarks of {len(self.clips)}"
                )

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[SignedSentence]:
        return (self.sentence(i) for i in range(len(self)))

    def written(self, kind: Kind) -> Written:
        """The words of each sentence: its glosses, or its translation."""
        return self.glosses if kind == "gloss" else self.translations

    def signed_by(self) -> tuple[tuple[str, ...], ...]:
        """Everyone who signs in each sentence; '' = someone unknown."""
        whole = self.clips.signer.tolist()
        return tuple(each or (one,) for each, one in zip(self.signers, whole, strict=True))

    def seen(self, index: int) -> NDArray[np.float16]:
        """The confidence of one sentence, [frame joint], a view."""
        return self.confidence[self.clips.offsets[index] : self.clips.offsets[index + 1]]

    def sentence(self, index: int) -> SignedSentence:
        """One sentence with all that is known of it; its landmarks are a view."""
        clips = self.clips
        fps, width, height = clips.fps[index], int(clips.width[index]), int(clips.height[index])
        clip = Clip(
            clip_id=str(clips.clip_id[index]),
            xyz=clips.landmarks(index),
            layout=clips.layout,
            sign=str(clips.sign[index]),
            signer=str(clips.signer[index]),
            split=str(clips.split[index]),
            language=str(clips.language[index]),
            dataset=str(clips.dataset[index]),
            fps=float(fps) if fps > 0 else None,
            width=width or None,
            height=height or None,
            confidence=self.seen(index),
        )
        return SignedSentence(
            clip,
            self.glosses[index],
            self.translations[index],
            self.spans[index],
            self.pieces[index],
            self.signers[index],
        )

    def select(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """The sentences that a mask or an index array names, in that order; a contiguous copy."""
        index = np.flatnonzero(which) if which.dtype == np.bool_ else which
        parts = [self.seen(int(i)) for i in index]
        return replace(
            self,
            clips=self.clips.select(index),
            confidence=np.concatenate([*parts, self.confidence[:0]]),
            glosses=tuple(self.glosses[i] for i in index),
            translations=tuple(self.translations[i] for i in index),
            spans=tuple(self.spans[i] for i in index),
            pieces=tuple(self.pieces[i] for i in index),
            signers=tuple(self.signers[i] for i in index),
        )

    def with_frames(self) -> tuple[Self, tuple[str, ...]]:
        """Those that have a frame, and a line for the user where some have none."""
        empty = self.clips.num_frames == 0
        if not empty.any():
            return self, ()
        some = ", ".join(self.clips.clip_id[empty][:3]) + (", …" if empty.sum() > 3 else "")
        note = f"{empty.sum():,} sentences without a frame are left out ({some})"
        return self.select(~empty), (note,)

    def fingerprint(self) -> str:
        """Sixteen hex digits over all landmarks, labels, confidences, words, spans, and of composed
        sentences the pieces and signers, in whatever order the sentences are.
        """
        rows = sorted(
            repr(
                (
                    str(self.clips.clip_id[i]),
                    self.glosses[i],
                    self.translations[i],
                    self.spans[i],
                    hashlib.blake2b(self.seen(i).tobytes(), digest_size=8).hexdigest(),
                    *((self.pieces[i], self.signers[i]) if self.pieces[i] else ()),
                )
            )
            for i in range(len(self))
        )
        text = "\n".join([self.clips.fingerprint(), *rows])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def pack(cls, sentences: Iterable[SignedSentence]) -> Self:
        """Put sentences end to end. ``DataError`` where there are none or their layouts differ."""
        rows = list(sentences)
        clips = Clips.pack(row.clip for row in rows)
        return cls(
            clips=clips,
            confidence=np.concatenate([confidence_of(row.clip) for row in rows]),
            glosses=tuple(row.glosses for row in rows),
            translations=tuple(row.translation for row in rows),
            spans=tuple(row.spans for row in rows),
            pieces=tuple(row.pieces for row in rows),
            signers=tuple(row.signers for row in rows),
        )


def confidence_of(clip: Clip) -> NDArray[np.float16]:
    """A clip's confidence, [frame joint]; 1 and 0 by what is detected where it has none."""
    if clip.confidence is not None:
        return clip.confidence.astype(np.float16)
    detected: NDArray[np.bool_] = ~np.isnan(clip.xyz).any(axis=2)
    return detected.astype(np.float16)
