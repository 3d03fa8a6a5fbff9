"""Stores and a model → a gallery; and clips that come and go without training anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from raysign.bundle import Bundle
from raysign.config import GalleryConfig, LookConfig, resolve
from raysign.errors import BundleError, ConfigError, GalleryError, StoreError
from raysign.gallery import Exemplars, Gallery, MadeBy, refuse_taken
from raysign.manifest import is_uri
from raysign.sources import SYNTHETIC, load_selection, parse_selection, place_of
from raysign.store import extracted_with

Say = Callable[[str], None]
Load = Callable[[str, str], Bundle]


@dataclass(frozen=True)
class Indexed:
    """A gallery that was made or changed, and what became of it."""

    gallery: Gallery
    added: int
    """Clips that were put in; those that took another's place count too."""
    removed: int
    """Clips that were taken out, or whose place was taken."""
    seconds: float
    """Of embedding and indexing."""

    def as_json(self) -> dict[str, Any]:
        """One flat object but for ``index`` and ``model``, which are as in ``gallery.json``."""
        card = self.gallery.card
        return {
            "gallery": str(self.gallery.folder),
            **card.counts.model_dump(),
            "added": self.added,
            "removed": self.removed,
            "seconds": round(self.seconds, 3),
            "bytes": sum(mark.bytes for mark in card.files.marks()),
            "index": card.index.model_dump(),
            "model": card.model.model_dump(),
            "sources": list(card.sources),
        }


def index_clips(
    bundle: Bundle,
    model: str,
    selections: Sequence[str],
    out: str | Path,
    config: GalleryConfig,
    *,
    say: Say,
) -> Indexed:
    """Make a gallery of the clips of one or more selections.

    Args:
        bundle: the encoder, as it was loaded.
        model: what it was asked for by, for the card.
        selections: ``STORE`` or ``STORE:split`` each; never the sealed test split.
        out: the folder to make.
        config: of the gallery.
        say: is told what takes long, and what a reader has to know.

    Raises:
        GalleryError: the folder is taken or not local, or the index cannot be as asked.
        BundleError, StoreError, LayoutError, SealedSplitError, SplitError, DataError: clips and
            model cannot be used together.
    """
    if is_uri(str(out)):
        raise GalleryError(f"a gallery is mapped into memory from a disk, got --out {str(out)!r}")
    refuse_taken(Path(out))  # before an hour of embedding
    start = time.monotonic()
    looked_at = _looked_at(selections, say)
    vectors, exemplars = _embedded(bundle, selections, config, say)
    made_by = MadeBy.of(bundle, model, vectors.shape[1])
    sources = tuple(selections)
    done = Gallery.build(
        out, vectors, exemplars, made_by, config, sources=sources, looked_at=looked_at, say=say
    )
    return Indexed(done, len(exemplars), 0, time.monotonic() - start)


def change_gallery(
    gallery: Gallery,
    config: GalleryConfig,
    load: Load,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    remove_signs: Sequence[str] = (),
    model: str | None = None,
    say: Say,
) -> Indexed:
    """Take clips out and put clips in, in one step: all of it is done or nothing.

    Args:
        gallery: as it was opened.
        config: from now on.
        load: a model by its name, for clips of a selection.
        add: selections, as ``index_clips`` takes them.
        remove: ids of clips, from whatever store.
        remove_signs: signs, all of whose clips go.
        model: where the gallery's model is now; None = where it was.
        say: see ``index_clips``.

    Raises:
        BundleError: the model is not there any more.
        GalleryError: the model is another; no clip or sign is called so; none would be left.
        Else as ``index_clips``.
    """
    start = time.monotonic()
    gone = gallery.exemplars.named(remove, remove_signs)
    more, looked_at = None, tuple[LookConfig, ...]()
    if add:
        name = model or gallery.card.model.name
        try:
            bundle = load(name, add[0])
        except BundleError as error:
            hint = "" if model else " (the gallery's model; type --model MODEL if it moved)"
            raise BundleError(f"{error}{hint}") from None
        gallery.check_model(bundle, name)
        looked_at = _looked_at(add, say, gallery.card.looked_at)
        more = _embedded(bundle, add, config, say, gallery.exemplars.values("source"))
    done = gallery.change(
        remove=gone, add=more, config=config, sources=tuple(add), looked_at=looked_at, say=say
    )
    added = len(more[1]) if more else 0
    removed = len(gallery) + added - len(done)
    if replaced := removed - int(gone.sum()):
        say(f"{replaced:,} clips were there already; the new ones took their places")
    return Indexed(done, added, removed, time.monotonic() - start)


def _embedded(
    bundle: Bundle,
    selections: Sequence[str],
    config: GalleryConfig,
    say: Say,
    known: Collection[str] = (),
) -> tuple[Float32[np.ndarray, "clip dim"], Exemplars]:
    embedder = bundle.embedder()
    mirrored = bundle.config.evaluate.mirror == "both"
    vectors, exemplars = [], []
    for selection in selections:
        clips = load_selection(
            selection, synthetic=bundle.config.data.synthetic, empty_clips=config.empty_clips
        )
        say(f"embedding {len(clips):,} clips of {selection}")
        vectors.append(embedder.embed(clips, mirrored=mirrored).cpu().numpy())
        exemplars.append(Exemplars.of(clips, _source(selection, known), landmarks=config.landmarks))
        if unnamed := int((clips.sign == "").sum()):
            say(f"note: {unnamed:,} clips of {selection} have no sign; they are found as clips")
    return np.concatenate(vectors), Exemplars.join(exemplars)


def _looked_at(
    selections: Sequence[str], say: Say, before: tuple[LookConfig, ...] = ()
) -> tuple[LookConfig, ...]:
    """In which ways the videos behind some selections were looked at."""
    found = []
    for selection in selections:
        store = parse_selection(selection)[0]
        settings = None if store == SYNTHETIC else extracted_with(store)
        if settings is not None:
            known = settings.keys() & LookConfig.model_fields.keys()
            try:
                found.append(resolve(LookConfig, {name: settings[name] for name in known}))
            except ConfigError as error:
                raise StoreError(f"how store {store!r} was extracted is damaged: {error}") from None
    ways = tuple(dict.fromkeys(found))
    if len({*before, *ways}) > 1:
        say(
            "note: the videos of these clips were not all looked at alike (`raysign config --kind "
            "extract`: complexity, smooth, fps, …); queries are looked at as by default"
        )
    return ways


def _source(selection: str, known: Collection[str]) -> str:
    """The store of a selection by its place, or as it is known: ids are told apart by it."""
    place = place_of(parse_selection(selection)[0])
    return next((other for other in known if place_of(other) == place), place)
