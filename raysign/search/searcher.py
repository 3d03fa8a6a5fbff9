"""A gallery and its model, loaded once, that answer one query after another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import numpy as np
from jaxtyping import Float32

from raysign.bundle import Bundle
from raysign.clip import Clip, Clips
from raysign.embed import prepare_clips
from raysign.errors import BundleError, ConfigError, DataError
from raysign.gallery import Gallery, GalleryConfidence, search_signs
from raysign.gallery.hits import check_k
from raysign.ranking import Scoring
from raysign.search.answer import Answer, FoundSign, Remark, Take
from raysign.search.feedback import remarks_on
from raysign.search.look import Look
from raysign.search.notes import (
    not_as_measured,
    of_another_layout,
    same_recording,
    without_second_stage,
)
from raysign.search.query import check_query, for_layout
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
        self.gallery, self.bundle = gallery, bundle
        self._embedder = bundle.embedder()
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

    def asked_for(
        self, k: int | None = None, scoring: str | Scoring | None = None
    ) -> tuple[int, Scoring]:
        """What ``answer`` makes of these two, so that they can be refused before a video is seen.

        Args:
            k: how many to find, 1 to the number of signs (of clips, where they are ranked); None =
                10, or all where there are fewer.
            scoring: one of ``SCORINGS``; None = ``sign_max``, or ``clip`` in a gallery without
                signs.

        Raises:
            ConfigError: another scoring, or one of signs in a gallery without any.
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
        return k, by

    def notes(self, kind: str) -> tuple[str, ...]:
        """What holds for every answer by a scoring: of its order and its confidence."""
        return *without_second_stage(self.bundle), *self._of_confidence(Scoring(kind))

    def _of_confidence(self, scoring: Scoring) -> tuple[str, ...]:
        card, again = self.gallery.card, f"raysign calibrate {quote(str(self.gallery.folder))}"
        if not scoring.of_signs:
            return ()
        if card.confidence is None:
            return (f"how sure an answer is was never measured here; type `{again}`",)
        if self._confidence(scoring) is None:
            return (
                f"how sure an answer is was measured for {card.confidence.scoring}; type `{again} "
                f"--scoring {scoring.kind}`",
            )
        return (card.outgrown,) if card.outgrown else ()

    def _confidence(self, scoring: Scoring) -> GalleryConfidence | None:
        confidence = self.gallery.card.confidence
        return confidence if confidence is not None and confidence.fits(scoring) else None

    def answer(
        self,
        clips: Sequence[Clip],
        k: int | None = None,
        scoring: str | Scoring | None = None,
        *,
        mirror: bool = False,
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
            stages: the times of what was done before; gets those of ``prepare``, ``embed`` and
                ``search``.

        Raises:
            DataError: no clips, or one that cannot ask anything (see ``check_query``); k is more
                than there are.
            LayoutError: a clip without what the model reads.
            ConfigError: see ``asked_for``.
        """
        k, by = self.asked_for(k, scoring)
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
            query = _fused(query)
        none, unknown = None, False
        with stages.timed("search"):
            if by.of_signs:
                signs, none = self._signs(query, k, by)
            else:
                signs = self._clips(query, k)
            remarks.extend(same := self._same_recordings(own))
        if (confidence := self._confidence(by)) is not None and none is not None:
            unknown = confidence.unknown(none)
        notes = of_another_layout(clips, self.bundle.layout)
        if none is not None:
            notes += not_as_measured(len(clips), mirror and not with_mirror, bool(same))
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
            notes=notes,
            first=first,
        )

    def _signs(
        self, query: Float32[np.ndarray, "1 dim"], k: int, scoring: Scoring
    ) -> tuple[tuple[FoundSign, ...], float | None]:
        """The k best signs, and the probability that it is none in the gallery."""
        confidence = self._confidence(scoring)
        sure: dict[str, float] = {}
        none, hits = None, []
        if confidence is not None:
            # It looks at so many, whatever number of signs somebody wants to see.
            looked_at = min(confidence.looked_at, len(self.gallery.exemplars.signs))
            (hits,) = search_signs(self.gallery, query, looked_at, scoring)
            shares, none = confidence.of(np.asarray([hit.score for hit in hits]))
            sure = dict(zip([hit.sign for hit in hits], shares.tolist(), strict=True))
        if k > len(hits):
            (hits,) = search_signs(self.gallery, query, k, scoring)
        signs = tuple(
            FoundSign(
                sign=hit.sign,
                score=hit.score,
                confidence=None if confidence is None else sure.get(hit.sign, 0.0),
                clips=hit.clips,
                best=hit.best,
                row=hit.row,
                cosine=hit.cosine,
            )
            for hit in hits[:k]
        )
        return signs, none

    def _same_recordings(self, own: Float32[np.ndarray, "take dim"]) -> list[Remark]:
        """Of each take that is in the gallery; ``own`` are embedded as the gallery's clips were."""
        nearest = self.gallery.search(own, 1)
        return [
            same_recording(nearest.of(number)[0].clip_id, number + 1)
            for number, cosine in enumerate(nearest.scores[:, 0].tolist())
            if cosine >= SAME_RECORDING
        ]

    def _clips(self, query: Float32[np.ndarray, "1 dim"], k: int) -> tuple[FoundSign, ...]:
        hits = self.gallery.search(query, k)
        number = self.gallery.exemplars.sign_number
        rows, scores = hits.rows[0].tolist(), hits.scores[0].tolist()
        return tuple(
            FoundSign(
                sign=best.sign,
                score=score,
                confidence=None,
                clips=int((number == number[row]).sum()) if best.sign else 1,
                best=best,
                row=row,
                cosine=score,
            )
            for best, row, score in zip(hits.of(0), rows, scores, strict=True)
        )


def _fused(vectors: Float32[np.ndarray, "take dim"]) -> Float32[np.ndarray, "1 dim"]:
    mean = vectors.mean(axis=0, keepdims=True)
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
