"""What a gallery finds for one query: the nearest signs or clips, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from raysign.gallery import Gallery, GalleryConfidence, SignHit, search_signs
from raysign.ranking import Scoring
from raysign.search.answer import FoundSign
from raysign.search.reranking import Asking, SecondStage, best_clips, first_stage
from raysign.search.stages import Stages as Times

Found = tuple[tuple[FoundSign, ...], float | None]
"""Best first, and the probability that it is none in the gallery, where that was measured."""


@dataclass(frozen=True, eq=False)
class Finder:
    """One way to search a gallery."""

    gallery: Gallery
    scoring: Scoring
    second: SecondStage | None
    confidence: GalleryConfidence | None
    """Measured with just this scoring and second stage."""

    def find(
        self,
        asking: Asking,
        k: int,
        times: Times,
        among: Int[np.ndarray, "sign"] | None = None,
    ) -> Found:
        """The k best; ``times`` gets those of ``search`` and ``rerank``.

        ``among`` are the places in ``Exemplars.signs``, rising, of the signs to choose from; how
        sure each is stays what it is among all of them. None = all.
        """
        if not self.scoring.of_signs:
            return self._clips(asking, k, times), None
        confidence = self.confidence
        if confidence is None:
            return tuple(map(_shown, self._signs(asking, k, times, among))), None
        # It looks at so many, whatever number of signs somebody wants to see.
        looked_at = min(confidence.looked_at, len(self.gallery.exemplars.signs))
        hits = self._signs(asking, looked_at, times)
        shares, none = confidence.of(np.asarray([hit.score for hit in hits]))
        sure = dict(zip([hit.sign for hit in hits], shares.tolist(), strict=True))
        rest = _of_each_other(shares, none, len(self.gallery.exemplars.signs))
        if k > len(hits) or among is not None:
            hits = self._signs(asking, k, times, among)
        found = (replace(_shown(hit), confidence=sure.get(hit.sign, rest)) for hit in hits[:k])
        return tuple(found), none

    def _signs(
        self,
        asking: Asking,
        k: int,
        times: Times,
        among: Int[np.ndarray, "sign"] | None = None,
    ) -> list[SignHit]:
        if self.second is None or (among is not None and not len(among)):
            with times.timed("search"):
                return search_signs(self.gallery, asking.vector[None], k, self.scoring, among)[0]
        rows, cosine, scores = self._reranked(self.second, asking, k, times, among)
        best = best_clips(self.gallery, rows, scores, k)
        return self._hits(rows[best], cosine[best], scores[best])

    def _clips(self, asking: Asking, k: int, times: Times) -> tuple[FoundSign, ...]:
        if self.second is None:
            with times.timed("search"):
                hits = self.gallery.search(asking.vector[None], k)
            rows, cosine = hits.rows[0], hits.scores[0]
            return tuple(map(_shown, self._hits(rows, cosine, cosine)))
        rows, cosine, scores = self._reranked(self.second, asking, k, times)
        best = np.argsort(-scores, kind="stable")[:k]
        return tuple(map(_shown, self._hits(rows[best], cosine[best], scores[best])))

    def _reranked(
        self,
        second: SecondStage,
        asking: Asking,
        k: int,
        times: Times,
        among: Int[np.ndarray, "sign"] | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, cosines and scores of the nearest clips, in the order of their cosines."""
        of_signs, least = self.scoring.of_signs, second.least
        with times.timed("search"):
            rows, cosine = first_stage(
                self.gallery, asking.vector, k, of_signs=of_signs, least=least, among=among
            )
        with times.timed("rerank"):
            return rows, cosine, second.scores(asking, rows, cosine)

    def _hits(
        self,
        rows: Int[np.ndarray, "row"],
        cosine: Float[np.ndarray, "row"],
        scores: Float[np.ndarray, "row"],
    ) -> list[SignHit]:
        exemplars = self.gallery.exemplars
        columns = (rows.tolist(), exemplars.sign_number[rows].tolist())
        numbers = zip(*columns, cosine.tolist(), scores.tolist(), strict=True)
        return [
            SignHit(
                sign=best.sign,
                score=score,
                clips=len(exemplars.of_signs(np.array([number]))) if number >= 0 else 1,
                best=best,
                row=row,
                cosine=near,
            )
            for best, (row, number, near, score) in zip(exemplars.at(rows), numbers, strict=True)
        ]


def _shown(hit: SignHit) -> FoundSign:
    return FoundSign(
        sign=hit.sign,
        score=hit.score,
        confidence=None,
        clips=hit.clips,
        best=hit.best,
        row=hit.row,
        cosine=hit.cosine,
    )


def _of_each_other(shares: Float[np.ndarray, "sign"], none: float, signs: int) -> float:
    """The chance of each sign that was not looked at: they share what is left, and none of them is
    likelier than one that was.
    """
    seen = shares[shares > 0]
    if signs <= len(shares) or not len(seen):
        return 0.0
    left = max(0.0, 1 - float(shares.sum()) - none)
    return min(left / (signs - len(shares)), float(seen.min()))
