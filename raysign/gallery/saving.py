"""A gallery on disk is there whole or not at all, also while it is being changed.

Every file has a name of its own for each writing, and ``gallery.json``, which names and hashes
them, takes its place last and in one step: until then whoever opens the folder finds the gallery as
it was. What it names no more goes afterwards.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from raysign import __version__
from raysign.config import GalleryConfig, LookConfig
from raysign.errors import DataError, GalleryChangedError, GalleryError
from raysign.gallery.card import CARD, Counts, Files, GalleryCard, MadeBy, read_card
from raysign.gallery.confidence import GalleryConfidence
from raysign.gallery.exemplars import Exemplars
from raysign.gallery.integrity import FileMark
from raysign.gallery.kinds import Cells, Graph, Index, read_kind
from raysign.gallery.landmarks import Landmarks
from raysign.gallery.tune import Tuned
from raysign.gallery.vectors import Vectors
from raysign.skeleton import layout_named
from raysign.whole import whole_file, whole_folder

OURS = re.compile(
    r"\.?((vectors|exemplars|index|landmarks)-[0-9a-f]{8}\.(faiss|parquet|npy)|gallery\.json)(\.[0-9a-f]{8}\.part)?"
)
"""Names that ``_write`` and its drafts have."""


@dataclass(frozen=True, eq=False)
class Parts:
    """A gallery in memory."""

    index: Index
    exemplars: Exemplars


def read_parts(folder: Path, card: GalleryCard, *, mapped: bool) -> Parts:
    """What the card names, whose files were checked; ``mapped`` as ``Vectors.read`` has it.

    Landmarks are always mapped. ``GalleryError`` where a file does not hold what it should.
    """
    files = card.files
    vectors = Vectors.read(folder / files.vectors.name, mapped=mapped)
    path = folder / files.index.name if files.index else None
    index = read_kind(card.index.kind, path, vectors, mapped=mapped)
    exemplars = Exemplars.read(folder / files.exemplars.name)
    if files.landmarks:
        joints = layout_named(card.model.layout).num_joints
        landmarks = Landmarks.read(folder / files.landmarks.name, joints, len(exemplars))
        exemplars = exemplars.with_landmarks(landmarks)
    if card.counts != _counts(exemplars) or (
        len(vectors),
        vectors.dim,
    ) != (len(exemplars), card.model.dim):
        raise GalleryError(
            f"gallery {str(folder)!r}: its card and its files tell of different clips; copy the "
            "whole folder again, or index anew"
        )
    return Parts(index, exemplars)


def card_of(
    parts: Parts,
    tuned: Tuned,
    model: MadeBy,
    config: GalleryConfig,
    sources: tuple[str, ...],
    looked_at: tuple[LookConfig, ...],
    files: Files,
    confidence: GalleryConfidence | None = None,
) -> GalleryCard:
    """What a gallery is to say of itself; ``files`` are known once they are written."""
    exemplars = parts.exemplars
    return GalleryCard(
        model=model,
        counts=_counts(exemplars),
        index=tuned,
        config=config,
        sources=sources,
        looked_at=looked_at,
        files=files,
        confidence=confidence,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        raysign=__version__,
    )


def _counts(exemplars: Exemplars) -> Counts:
    return Counts(
        clips=exemplars.clips,
        rows=len(exemplars),
        signs=len(exemplars.signs),
        signers=len(exemplars.values("signer")),
        unlabelled=int((exemplars.alive & (exemplars.sign_number < 0)).sum()),
    )


def save_new(folder: Path, parts: Parts, card: Callable[[Files], GalleryCard]) -> None:
    """As a new folder; ``GalleryError`` where something is there already."""
    refuse_taken(folder)
    with whole_folder(folder) as draft:
        files = _write(draft, parts)
        (draft / CARD).write_text(card(files).text(), encoding="utf-8")


def save_over(folder: Path, parts: Parts, card: Callable[[Files], GalleryCard]) -> None:
    """In the place of the gallery that is there, for whoever holds its lock."""
    try:
        files = _write(folder, parts)
        with whole_file(folder / CARD) as draft:
            draft.write_text(card(files).text(), encoding="utf-8")
    finally:
        _tidy(folder)


def save_card(folder: Path, card: GalleryCard) -> None:
    """A card alone, over files that stay, for whoever holds the lock."""
    with whole_file(folder / CARD) as draft:
        draft.write_text(card.text(), encoding="utf-8")


@contextmanager
def locked(folder: Path, was: GalleryCard) -> Iterator[None]:
    """Nobody else changes the gallery meanwhile; a process that is killed lets go of it.

    ``GalleryChangedError`` where somebody else does, or has since ``was`` was read.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GalleryChangedError(
                f"gallery {str(folder)!r} is being changed by another process; wait for its end"
            ) from None
        except OSError as error:
            raise GalleryError(
                f"gallery {str(folder)!r} cannot be locked ({error.strerror}), so that two could "
                "change it at once; copy it to a local disk, and change it there"
            ) from None
        if read_card(folder) != was:
            raise GalleryChangedError(
                f"gallery {str(folder)!r} was changed by another process meanwhile; nothing is "
                "changed by this one: type the same command again"
            )
        _tidy(folder)  # what a process left that was killed in the middle of a change
        yield
    finally:
        os.close(handle)


def refuse_taken(folder: Path) -> None:
    """``GalleryError`` where a new gallery cannot stand."""
    if (folder / CARD).is_file():
        raise GalleryError(
            f"{str(folder)!r} already holds a gallery; give another --out, or type `raysign index "
            f"{folder} --add STORE`"
        )
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise GalleryError(f"{str(folder)!r} exists and is no gallery; give another --out")


def _write(folder: Path, parts: Parts) -> Files:
    token = uuid.uuid4().hex[:8]

    def one(name: str, write: Callable[[Path], None]) -> FileMark:
        path = folder / name.replace(".", f"-{token}.")
        with whole_file(path) as draft:
            write(draft)
        return FileMark.of(path)

    landmarks = parts.exemplars.landmarks
    try:
        return Files(
            vectors=one("vectors.faiss", parts.index.vectors.write),
            exemplars=one("exemplars.parquet", parts.exemplars.write),
            index=one("index.faiss", parts.index.write)
            if isinstance(parts.index, Graph | Cells)
            else None,
            landmarks=one("landmarks.npy", landmarks.write)
            if landmarks is not None and landmarks.any
            else None,
        )
    except RuntimeError as error:  # Faiss has no other
        reason = " ".join(str(error).split())
        raise DataError(f"cannot write the gallery at {str(folder)!r}: {reason:.200}") from None


def _tidy(folder: Path) -> None:
    """Drop what the card does not name: of a version before, or of a writing that was stopped."""
    named = {CARD, *(mark.name for mark in read_card(folder).files.marks())}
    for path in folder.iterdir():
        ours = OURS.fullmatch(path.name) is not None
        if ours and path.name not in named:
            with suppress(OSError):
                path.unlink()
