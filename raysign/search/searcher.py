"""A gallery and its model, loaded once, that answer one query after another."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from shlex import quote

import numpy as np
from jaxtyping import Float32, Int

from raysign.bundle import Bundle
from raysign.clip import Clip, Clips
from raysign.embed import prepare_clips
from raysign.errors import BundleError, ConfigError, DataError
from raysign.gallery import Gallery
from raysign.gallery.hits import check_k
from raysign.ranking import Scoring
from raysign.search.answer import Answer, Remark, Take
from raysign.search.feedback import remarks_on
from raysign.search.found import Finder
from raysign.search.look import Look
from raysign.search.notes import (
    not_as_measured,
    of_another_layout,
    of_second_stage,
    same_recording,
)
from raysign.search.query import check_query, for_layout
from raysign.search.reranking import RERANKED, Asking, Reranks
from raysign.search.stages import Stages
from raysign.tracking import load_model

USUAL_K = 10
SCORINGS = ("sign_max", "sign_mean", "support", "clip")
"""What may be ranked by; see :mod:`raysign.ranking.scoring`."""
SAME_RECORDING = 0.999
"""A clip with this cosine is the query itself, or a copy: galleries round cosines by .0005. Of
WLASL100's val clips, the 7 that are byte-identical to a train clip, and no other."""


class Searcher:
    """Answers queries; to be used from one thread."""

    def __init__(self, gallery: Gallery, bundle: Bundle, name: str) -> None:
        """Of an opened gallery and the model that made it; ``name`` is what it was asked for by.

        Raises:
            GalleryError: another model made the gallery.
            BundleError: this raysign prepares clips otherwise than the model.
        """
        gallery.check_model(bundle, name)
        self.gallery, self.bundle, self.name = gallery, bundle, name
        self._embedder = bundle.embedder()
        self._reranks = Reranks(gallery, bundle, self._embedder)
        self._answered = False

    @classmethod
    def open(
        cls, folder: str | Path, model: str | None = None, *, stages: Stages | None = None
    ) -> Searcher:
        """From disk.

        Args:
            folder: the gallery's.
            model: where its model is now; None = where the gallery says.
            stages: gets the times of ``gallery`` and ``model``.

        Raises:
            GalleryError: the gallery cannot be trusted, or another model made it.
            BundleError: the model is not there any more, or damaged.
        """
        stages = stages or Stages()
        with stages.timed("gallery"):
            gallery = Gallery.open(folder)
        with stages.timed("model"):
            made_by = gallery.card.model
            name = model or made_by.name
            try:
                bundle = load_model(name, made_by.layout)
            except BundleError as error:
                hint = "" if model else " (the gallery's model; type --model MODEL if it moved)"
                raise BundleError(f"{error}{hint}") from None
            return cls(gallery, bundle, name)

    def over(self, gallery: Gallery) -> Searcher:
        """The same over another gallery of the same model, such as this one after a change.

        ``GalleryError`` where another model made it.
        """
        gallery.check_model(self.bundle, self.name)
        other = copy(self)
        other.gallery = gallery
        other._reranks = Reranks(gallery, self.bundle, self._embedder)
        return other

    def asked_for(
        self,
        k: int | None = None,
        scoring: str | Scoring | None = None,
        rerank: str | None = None,
    ) -> tuple[int, Scoring]:
        """What ``answer`` makes of the first two; all are refused before a video is seen.

        Args:
            k: how many to find, 1 to the number of signs (of clips, where they are ranked); None =
                10, or all where there are fewer.
            scoring: one of ``SCORINGS``; None = ``sign_max``, or ``clip`` in a gallery without
                signs.
            rerank: one of :data:`raysign.search.reranking.RERANKS`; None = what the gallery was
                calibrated with, or else what the model was chosen by, where this can be had here.

        Raises:
            ConfigError: another scoring, or one of signs in a gallery without any; another second
                stage, or one that the scoring does not have.
            GalleryError: the gallery does not keep the landmarks that a second stage aligns.
            BundleError: the encoder has no frames to align.
            DataError: k is more than there are.
        """
        signs = len(self.gallery.exemplars.signs)
        if scoring is None:
            scoring = "sign_max" if signs else "clip"
        by = Scoring(scoring) if isinstance(scoring, str) else scoring
        if by.kind not in SCORINGS:
            raise ConfigError(f"a search is by one of {', '.join(SCORINGS)}, got {by.kind!r}")
        if by.of_signs and not signs:
            raise ConfigError(
                f"scoring {by.kind!r} ranks signs, and no clip of this gallery has one; give clip"
            )
        there, what = (signs, "signs") if by.of_signs else (len(self.gallery), "clips")
        k = min(USUAL_K, there) if k is None else k
        check_k(k, there, what)
        self._reranks.named(rerank, by)
        return k, by

    def notes(self, kind: str, rerank: str | None = None) -> tuple[str, ...]:
        """What holds for every answer by a scoring and a second stage (see ``asked_for``)."""
        by = Scoring(kind)
        name, why_not = self._reranks.named(rerank, by)
        of_order = of_second_stage(self.bundle, name, why_not) if by.kind in RERANKED else ()
        return *of_order, *self._of_confidence(by, name)

    def _of_confidence(self, scoring: Scoring, rerank: str) -> tuple[str, ...]:
        card, again = self.gallery.card, f"raysign calibrate {quote(str(self.gallery.folder))}"
        measured = card.confidence
        if not scoring.of_signs:
            return ()
        if measured is None:
            return (f"how sure an answer is was never measured here; type `{again}`",)
        if not measured.fits(scoring, rerank):
            return (
                f"how sure an answer is was measured for {measured.way}; type `{again} --scoring "
                f"{scoring.kind} --rerank {rerank}`",
            )
        return (card.outgrown,) if card.outgrown else ()

    def _finder(self, scoring: Scoring, rerank: str) -> Finder:
        confidence = self.gallery.card.confidence
        if confidence is not None and not confidence.fits(scoring, rerank):
            confidence = None
        return Finder(self.gallery, scoring, self._reranks.stage(rerank), confidence)

    def embedded(self, clips: Clips) -> Float32[np.ndarray, "clip dim"]:
        """Clips of the model's layout as the gallery has them, to be put into it."""
        mirrored = self.gallery.card.model.mirrored
        vectors: np.ndarray = self._embedder.embed(clips, mirrored).cpu().numpy()
        return vectors

    def answer(
        self,
        clips: Sequence[Clip],
        k: int | None = None,
        scoring: str | Scoring | None = None,
        *,
        mirror: bool = False,
        rerank: str | None = None,
        among: Int[np.ndarray, "sign"] | None = None,
        stages: Stages | None = None,
    ) -> Answer:
        """The signs, or clips, that are nearest to a query.

        Args:
            clips: recordings of one sign, landmarks as they were detected. Several ask together, by
                the mean of their embeddings, at unit length.
            k: see ``asked_for``.
            scoring: see ``asked_for``.
            mirror: ask with each recording's mirror image too, as a model may need that has not
                learned from left-handed signers.
            rerank: the second stage; see ``asked_for``. What it learns of a clip it keeps, so that
                the first answers take longest.
            among: places in ``gallery.exemplars.signs``, rising; the k best of these are found, and
                of fewer than k all. How sure each is stays what it is among all signs. None = all.
            stages: the times of what was done before; gets those of ``look``, ``prepare``,
                ``embed``, ``search`` and ``rerank``.

        Raises:
            DataError: no clips, or one that cannot ask anything (see ``check_query``); k is more
                than there are; a second stage has too few signs to say what is usual.
            LayoutError: a clip without what the model reads.
            ConfigError, GalleryError, BundleError: see ``asked_for``; signs are chosen from, and
                clips ranked.
        """
        k, by = self.asked_for(k, scoring, rerank)
        if among is not None and not by.of_signs:
            raise ConfigError(f"scoring {by.kind!r} ranks clips, and cannot choose among signs")
        if not clips:
            raise DataError("nobody asks: give at least one recording")
        stages = stages or Stages()
        with_mirror = self.bundle.config.evaluate.mirror != "none"
        with stages.timed("look"):
            for clip in clips:
                check_query(clip)
            looks = [Look.at(clip) for clip in clips]
            remarks = [r for take, look in enumerate(looks, 1) for r in remarks_on(look, take)]
            asked = tuple(_take(*pair) for pair in zip(clips, looks, strict=True))
        with stages.timed("prepare"):
            packed = Clips.pack(for_layout(clip, self.bundle.layout) for clip in clips)
            embedder = self._embedder
            sequences = prepare_clips(packed, embedder.prepare, embedder.device)
        with stages.timed("embed"):
            as_kept = self.gallery.card.model.mirrored
            own = embedder.embed_prepared(sequences, as_kept).cpu().numpy()
            query = own
            if (mirror or with_mirror) != as_kept:
                query = embedder.embed_prepared(sequences, mirror or with_mirror).cpu().numpy()
            asking = Asking(_fused(query), sequences, mirror or with_mirror)
        name, _ = self._reranks.named(rerank, by)
        finder = self._finder(by, name)
        signs, none = finder.find(asking, k, stages, among)
        with stages.timed("search"):
            remarks.extend(same := self._same_recordings(own))
        unknown = False
        if finder.confidence is not None and none is not None:
            unknown = finder.confidence.unknown(none)
        notes = of_another_layout(clips, self.bundle.layout)
        if none is not None:
            unusual = mirror and not with_mirror and not self.bundle.config.augment.mirror
            notes += not_as_measured(len(clips), unusual, bool(same))
        first, self._answered = not self._answered, True
        return Answer(
            signs=signs,
            none_of_these=none,
            unknown=unknown,
            remarks=tuple(remarks),
            stages_ms=dict(stages.ms),
            takes=len(clips),
            asked=asked,
            scoring=by.kind,
            rerank=name,
            notes=notes,
            first=first,
        )

    def _same_recordings(self, own: Float32[np.ndarray, "take dim"]) -> list[Remark]:
        """Of each take that is in the gallery; ``own`` are embedded as the gallery's clips were."""
        nearest = self.gallery.search(own, 1)
        return [
            same_recording(nearest.of(number)[0].clip_id, number + 1)
            for number, cosine in enumerate(nearest.scores[:, 0].tolist())
            if cosine >= SAME_RECORDING
        ]


def _fused(vectors: Float32[np.ndarray, "take dim"]) -> Float32[np.ndarray, "dim"]:
    mean = vectors.mean(axis=0)
    fused: np.ndarray = mean / np.linalg.norm(mean)
    return fused


def _take(clip: Clip, look: Look) -> Take:
    frames = len(clip.xyz)
    return Take(
        name=clip.clip_id,
        frames=frames,
        seconds=look.seconds(frames),
        signing_frames=look.signing_frames,
        hands_seen=look.hands_seen,
        body_seen=look.body_seen,
    )
