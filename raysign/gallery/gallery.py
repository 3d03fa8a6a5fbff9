"""A gallery: the embeddings of clips, who they are, and a way to search them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from raysign.bundle import Bundle
from raysign.clip import VIDEO, Clip
from raysign.config import GalleryConfig, LookConfig, resolve
from raysign.config.load import overridden
from raysign.errors import GalleryError
from raysign.gallery.card import GalleryCard, MadeBy, read_card
from raysign.gallery.changing import built, changed
from raysign.gallery.confidence import GalleryConfidence
from raysign.gallery.exemplars import Exemplars
from raysign.gallery.gpu import MOST_K, OnGPU, gpu_there
from raysign.gallery.hits import Hits, check_k
from raysign.gallery.integrity import check_files
from raysign.gallery.kinds import Flat
from raysign.gallery.saving import (
    Parts,
    card_of,
    locked,
    read_parts,
    refuse_taken,
    save_card,
    save_new,
    save_over,
)
from raysign.gallery.vectors import unit_vectors

Say = Callable[[str], None]


def _quiet(line: str) -> None:
    """Nobody listens."""


class Gallery:
    """An opened gallery. What it holds does not change: ``add`` and ``remove`` give another."""

    def __init__(self, folder: Path, card: GalleryCard, parts: Parts, gpu: OnGPU | None) -> None:
        self.folder, self.card = folder, card
        self.exemplars = parts.exemplars
        self._index, self._gpu = parts.index, gpu

    @classmethod
    def open(cls, folder: str | Path, *, everything: bool = False, gpu: bool = True) -> Gallery:
        """Map a gallery into memory.

        Args:
            folder: of a gallery.
            everything: read and hash every file, large ones that nobody touched too.
            gpu: search on a GPU where there is one.

        Raises:
            GalleryError: it is missing, half-written, cut off or changed; see
                :mod:`raysign.gallery.integrity` for what is looked at.
        """
        folder = Path(folder)
        while True:
            card = read_card(folder)
            try:
                check_files(folder, card.files.marks(), everything=everything)
                parts = read_parts(folder, card, mapped=True)
                break
            except GalleryError:
                if read_card(folder) == card:  # else it was changed just now, and is there anew
                    raise
        there = OnGPU(parts.index.vectors, parts.exemplars.alive) if gpu and gpu_there() else None
        return cls(folder, card, parts, there)

    @classmethod
    def build(
        cls,
        folder: str | Path,
        vectors: Float[np.ndarray, "clip dim"],
        exemplars: Exemplars,
        model: MadeBy,
        config: GalleryConfig | None = None,
        *,
        sources: tuple[str, ...] = (),
        looked_at: tuple[LookConfig, ...] = (),
        say: Say = _quiet,
    ) -> Gallery:
        """Make a gallery; its folder appears whole or not at all.

        Args:
            folder: where; new or empty.
            vectors: of unit length, one a clip.
            exemplars: who they are, in the same order.
            model: who embedded them.
            config: kind, recall, and so on.
            sources: the selections that the clips come from, for the card.
            looked_at: in which ways their videos were, for queries.
            say: is told what takes long.

        Raises:
            GalleryError: the folder is taken, vectors and exemplars do not fit, a clip stands
                twice, or the kind asked for cannot reach the recall asked for.
        """
        folder, config = Path(folder), config or GalleryConfig()
        refuse_taken(folder)
        rows = _checked(vectors, exemplars, model)
        exemplars = _kept(exemplars, config)
        parts, tuned = built(rows, exemplars, config, say)
        card = partial(card_of, parts, tuned, model, config, sources, looked_at)
        save_new(folder, parts, card)
        return cls.open(folder)

    def __len__(self) -> int:
        """Clips that can be found."""
        return self.card.counts.clips

    def vectors_at(self, rows: Int[np.ndarray, "row"]) -> Float32[np.ndarray, "row dim"]:
        """The embeddings of rows, as they are kept."""
        return self._index.vectors.at(rows)

    def clip(self, row: int) -> Clip | None:
        """The clip of a row with its landmarks; None where they are not kept."""
        landmarks = self.exemplars.landmarks
        xyz = None if landmarks is None else landmarks.at(row)
        if landmarks is None or xyz is None:
            return None
        who = self.exemplars.at(np.array([row]))[0]
        fps, width, height = (landmarks.rows[name][row].item() for name in VIDEO)
        return Clip(
            clip_id=who.clip_id,
            xyz=np.array(xyz),
            layout=self.card.model.layout,
            sign=who.sign,
            signer=who.signer,
            language=who.language,
            fps=fps if fps > 0 else None,
            width=width or None,
            height=height or None,
        )

    def config(self, overrides: Sequence[str] = ()) -> GalleryConfig:
        """Its settings, changed by ``key=value``; ``ConfigError`` where one does not fit."""
        return resolve(GalleryConfig, overridden(self.card.config.model_dump(), overrides))

    def check_model(self, bundle: Bundle, name: str) -> None:
        """``GalleryError`` where a model is not the one that made the gallery."""
        self.card.refuse_other(bundle, name, self.folder)

    def search(self, vectors: Float[np.ndarray, "query dim"], k: int = 10) -> Hits:
        """The k clips with the highest cosine for each query, best first.

        Args:
            vectors: unit vectors of the same model.
            k: 1 to the number of clips.

        Raises:
            GalleryError: vectors of another size, or not of unit length.
            DataError: k is more than there is.
        """
        queries = unit_vectors(vectors, "queries")
        self._check_dim(queries.shape[1])
        check_k(k, len(self), "clips")
        if self._gpu is not None and k <= MOST_K:
            scores, rows = self._gpu.nearest(queries, k)
        else:
            alive = self.exemplars.alive
            effort = self.card.index.effort
            scores, rows = self._index.nearest(queries, k, effort, alive)
            if (lost := (rows < 0).any(axis=1)).any():  # a walk that came to an end too early
                exact = Flat(self._index.vectors).nearest(queries[lost], k, {}, alive)
                scores[lost], rows[lost] = exact
        return Hits(rows, scores, self.exemplars)

    def add(
        self, vectors: Float[np.ndarray, "clip dim"], exemplars: Exemplars, *, say: Say = _quiet
    ) -> Gallery:
        """The gallery with more clips; see ``change``."""
        return self.change(add=(vectors, exemplars), say=say)

    def remove(self, which: Bool[np.ndarray, "row"], *, say: Say = _quiet) -> Gallery:
        """The gallery without some rows (see ``Exemplars.named``); see ``change``."""
        return self.change(remove=which, say=say)

    def change(
        self,
        *,
        remove: Bool[np.ndarray, "row"] | None = None,
        add: tuple[Float[np.ndarray, "clip dim"], Exemplars] | None = None,
        config: GalleryConfig | None = None,
        sources: tuple[str, ...] = (),
        looked_at: tuple[LookConfig, ...] = (),
        say: Say = _quiet,
    ) -> Gallery:
        """The gallery after clips went and came, on disk too; this one goes on as it was.

        Nothing of what goes is kept, neither vectors nor labels. The index is built anew only where
        ``auto`` would now choose another kind, a tenth of its rows is gone, it does not reach its
        recall any more, or the config says otherwise than before.

        Args:
            remove: rows.
            add: unit vectors and who they are. A clip whose id and source are there already takes
                the place of the old one.
            config: from now on; None = as before.
            sources: the selections that ``add`` comes from, for the card.
            looked_at: in which ways its videos were, for queries.
            say: is told what takes long.

        Raises:
            GalleryError: as in ``build``; none would be left; somebody else changes the gallery.
        """
        config = config or self.card.config
        gone = np.zeros(len(self.exemplars), dtype=bool) if remove is None else remove
        gone = gone & self.exemplars.alive
        more, replaced = None, np.zeros_like(gone)
        if add is not None:
            more = _checked(*add, self.card.model), _kept(add[1], config)
            replaced = self.exemplars.same_clips(add[1]) & ~gone
            gone |= replaced
        clips = self.exemplars.clips - int(gone.sum()) + (len(more[1]) if more else 0)
        if not clips:
            raise GalleryError(
                f"that would leave gallery {str(self.folder)!r} empty; delete the folder instead"
            )
        with locked(self.folder, self.card):
            parts = read_parts(self.folder, self.card, mapped=False)
            parts = replace(parts, exemplars=_kept(parts.exemplars, config))
            done = changed(parts, self.card, gone, more, config, say)
            sources = tuple(dict.fromkeys((*self.card.sources, *sources)))
            looked_at = tuple(dict.fromkeys((*self.card.looked_at, *looked_at)))
            card = partial(card_of, *done, self.card.model, config, sources, looked_at)
            moved = int(gone.sum()) + (len(more[1]) if more else 0) - int(replaced.sum())
            confidence = self.card.confidence
            if confidence is not None:
                confidence = confidence.model_copy(update={"changed": confidence.changed + moved})
            save_over(self.folder, done[0], partial(card, confidence=confidence))
        grown = Gallery.open(self.folder, gpu=self._gpu is not None)
        if (note := grown.card.outgrown) is not None:
            say(f"note: {note}")
        return grown

    def with_confidence(self, confidence: GalleryConfidence | None) -> Gallery:
        """The gallery with another confidence, or without one, on disk too.

        It stays when clips come and go; ``card.outgrown`` says when it should be fitted again.

        Raises:
            GalleryError: somebody else changes the gallery, or did since it was opened.
        """
        with locked(self.folder, self.card):
            save_card(self.folder, self.card.model_copy(update={"confidence": confidence}))
        return Gallery.open(self.folder, gpu=self._gpu is not None)

    def _check_dim(self, dim: int) -> None:
        if dim != self.card.model.dim:
            raise GalleryError(
                f"queries have {dim} dimensions, gallery {str(self.folder)!r} has "
                f"{self.card.model.dim}; embed them with {self.card.model.name!r}"
            )


def _kept(exemplars: Exemplars, config: GalleryConfig) -> Exemplars:
    return exemplars if config.landmarks else exemplars.with_landmarks(None)


def _checked(vectors: np.ndarray, exemplars: Exemplars, model: MadeBy) -> np.ndarray:
    rows = unit_vectors(vectors, "the gallery's clips")
    if rows.shape != (len(exemplars), model.dim):
        raise GalleryError(
            f"{len(exemplars):,} clips of {model.dim} dimensions are announced, got vectors "
            f"{rows.shape}"
        )
    if (twice := exemplars.repeated()) is not None:
        raise GalleryError(
            f"clip {twice!r} stands twice among the clips of one store; give each an id of its own"
        )
    return rows
