"""Sentence stores: every door reads one as a store; columns beside say what is signed and said.

``glosses`` and ``translation`` are lists of words, null where nobody wrote them down;
``gloss_frames`` has two numbers a gloss, its first frame and the one after its last, null where the
times are not known. ``pieces`` and ``signers`` are lists too: of a composed sentence, the clips
that it is made of and who signs in each; null in any other, and a store may lack the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from raysign.errors import DataError, StoreError
from raysign.sentences import Sentences, SignedSentence
from raysign.store.opening import Store, open_store
from raysign.store.read import clips_of, confidence_of
from raysign.store.write import write_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from raysign.clip import Clip
    from raysign.manifest import Outcome
    from raysign.sentences import Spans

WORDS: Final = ("glosses", "translation")
TIMES: Final = "gloss_frames"
ORIGIN: Final = ("pieces", "signers")
_FIELDS: list[Any] = [
    *(pa.field(name, pa.list_(pa.field("element", pa.string()))) for name in WORDS),
    pa.field(TIMES, pa.list_(pa.field("element", pa.int32()))),
    *(pa.field(name, pa.list_(pa.field("element", pa.string()))) for name in ORIGIN),
]
SENTENCE_SCHEMA: Final = pa.schema(_FIELDS)
"""The columns that a sentence store has beside a store's own."""


def write_sentences(
    path: str | Path,
    sentences: Iterable[SignedSentence],
    *,
    clips_per_part: int = 4096,
    outcomes: Sequence[Outcome] | None = None,
    about: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> int:
    """Write sentences as a new store; return how many. All of it or nothing, and errors, as
    :func:`raysign.store.write_store`.
    """
    words = _Words()
    return write_store(
        path,
        words.noted(sentences),
        beside=words,
        clips_per_part=clips_per_part,
        outcomes=outcomes,
        about=about,
        replace=replace,
    )


def has_sentences(path: str | Path) -> bool:
    """Whether a store is one of sentences; ``StoreError`` where it is no store at all."""
    store = open_store(path)
    with store.reading(store.groups[0]) as file:
        return set(WORDS) <= set(file.schema_arrow.names)


def load_sentences(
    path: str | Path, splits: Sequence[str] | None = None, *, open_test: bool = False
) -> Sentences:
    """Read the sentences of some splits, in the order of the store; as ``load_clips``.

    Raises:
        StoreError: also where it is a store of clips, without ``glosses`` and ``translation``, or
            the columns do not fit each other or the frames.
        SealedSplitError, SplitError, LayoutError: as there.
    """
    splits = [splits] if isinstance(splits, str) else splits
    store = open_store(path)
    keep = store.chosen(splits, open_test)
    rows = _written(store, keep)
    clips = clips_of(store, keep)
    confidence = confidence_of(store, keep)
    unknown = np.isnan(confidence)
    confidence[unknown] = ~np.isnan(clips.xyz[unknown]).any(axis=1)
    sentences = Sentences(
        clips=clips,
        confidence=confidence,
        glosses=tuple(tuple(row["glosses"] or ()) for row in rows),
        translations=tuple(tuple(row["translation"] or ()) for row in rows),
        spans=tuple(_spans(row[TIMES]) for row in rows),
        pieces=tuple(tuple(row["pieces"] or ()) for row in rows),
        signers=tuple(tuple(row["signers"] or ()) for row in rows),
    )
    try:
        for _ in sentences:
            pass  # each is checked as it is made
    except DataError as error:
        raise StoreError(f"store {store.name!r}: {error}") from None
    return sentences


@dataclass(frozen=True)
class SentenceCounts:
    """How much there is of a split's sentences; ``glosses`` and ``words`` count different ones."""

    sentences: int
    signers: int
    glosses: int
    words: int
    signed: int
    """Glosses, each as often as it is signed."""
    timed: int
    """Sentences whose glosses' times are known."""
    frames: int
    hours: float | None
    """Of signing; None unless every sentence's fps is known."""


def describe_sentences(path: str | Path) -> dict[str, SentenceCounts]:
    """Count each split of a sentence store ('' = in none).

    Reads labels, words and lengths only, so the test split stays sealed. Errors as
    :func:`load_sentences`.
    """
    store = open_store(path)
    split, signer = store.text("split"), store.text("signer")
    rows = _written(store, np.ones(len(split), dtype=np.bool_))
    fps = store.number("fps")
    counts: dict[str, SentenceCounts] = {}
    for name in np.unique(split).tolist():
        which = np.flatnonzero(split == name)
        glosses = [gloss for i in which for gloss in rows[i]["glosses"] or ()]
        frames = store.num_frames[which]
        known = bool((fps[which] > 0).all())
        counts[name] = SentenceCounts(
            sentences=len(which),
            signers=len(
                {*signer[which], *(s for i in which for s in rows[i]["signers"] or ())} - {""}
            ),
            glosses=len(set(glosses)),
            words=len({word for i in which for word in rows[i]["translation"] or ()}),
            signed=len(glosses),
            timed=sum(rows[i][TIMES] is not None for i in which),
            frames=int(frames.sum()),
            hours=float((frames / fps[which]).sum() / 3600) if known else None,
        )
    return counts


class _Words:
    """Takes the words off the sentences on their way to the store, and lays them beside."""

    schema = SENTENCE_SCHEMA

    def __init__(self) -> None:
        self._waiting: dict[str, dict[str, Any]] = {}

    def noted(self, sentences: Iterable[SignedSentence]) -> Iterator[Clip]:
        for sentence in sentences:
            spans = sentence.spans
            self._waiting[sentence.clip.clip_id] = {
                "glosses": list(sentence.glosses) or None,
                "translation": list(sentence.translation) or None,
                TIMES: None if spans is None else [at for span in spans for at in span],
                "pieces": list(sentence.pieces) or None,
                "signers": list(sentence.signers) or None,
            }
            yield sentence.clip

    def rows(self, clips: Sequence[Clip]) -> list[dict[str, Any]]:
        return [self._waiting.pop(clip.clip_id) for clip in clips]


def _written(store: Store, keep: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """What stands in the sentence store's own columns for some rows."""
    rows: list[dict[str, Any]] = []
    for group in store.groups:
        if not keep[group.rows].any():
            continue
        with store.reading(group) as file:
            there = file.schema_arrow.names
            if not set(WORDS) <= set(there):
                raise StoreError(
                    f"{store.name!r} is a store of clips, not of sentences: it lacks the columns "
                    f"{' and '.join(WORDS)}; `raysign keywords make --help` shows how to make one"
                )
            columns = [name for name in SENTENCE_SCHEMA.names if name in there]
            table: Any = file.read_row_group(group.index, columns=columns)
        fields = [SENTENCE_SCHEMA.field(name) for name in columns]
        try:
            table = table.filter(pa.array(keep[group.rows])).cast(pa.schema(fields))
        except pa.ArrowException as error:
            raise StoreError(f"{group.file!r} is not part of a sentence store: {error}") from None
        rows += [{**dict.fromkeys(SENTENCE_SCHEMA.names), **row} for row in table.to_pylist()]
    return rows


def _spans(flat: list[int] | None) -> Spans | None:
    if flat is None:
        return None
    if len(flat) % 2:
        raise StoreError(f"{TIMES} must hold two numbers a gloss, got {len(flat)} numbers")
    return tuple(zip(flat[::2], flat[1::2], strict=True))
