"""Every query asked twice: of a gallery without the query's sign, and of one without another.

Both galleries have one sign less than there is. Were nothing taken out for the known asks, known
and unknown would differ by how many signs there are to compare, which in a gallery of few signs
tells them apart though the encoder knows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Int, Int64

from raysign.bundle import Bundle
from raysign.errors import DataError
from raysign.gallery import Gallery, evidence, score_signs
from raysign.ranking import Asks, Scoring
from raysign.search.reranking import Asking, SecondStage, prepared
from raysign.search.searcher import SAME_RECORDING
from raysign.second_stage import Sequences

LOOKED_AT = 50
"""Best signs that a confidence is made of, where there are so many."""
MOST_QUERIES = 5_000
"""More are not asked, for the time it takes; intervals are over signs, which so many hold."""
QUERIES_AT_ONCE = 256
SAID_EVERY = 8

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Queries:
    """Embedded clips of known signs."""

    vectors: Float32[np.ndarray, "query dim"]
    sign: np.ndarray
    """Glosses."""
    row: Int64[np.ndarray, "query"]
    """Where the query itself stands in the gallery; -1 where it does not."""
    signer: np.ndarray
    """Names; '' = unknown."""
    sequences: Sequences | None = None
    """Prepared, where a second stage looks at them."""
    mirrored: bool = False
    """Whether their mirror images ask too."""
    as_kept: Float32[np.ndarray, "query dim"] | None = None
    """Embedded as the gallery's clips are, where that is not how they ask."""

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def own(cls, gallery: Gallery, seed: int = 0) -> Queries:
        """A gallery's own clips, as far as they have a sign; ``some`` of them."""
        rows = some(np.flatnonzero(gallery.exemplars.sign_number >= 0), seed)
        who = gallery.exemplars.at(rows)
        sign = np.array([clip.sign for clip in who], dtype=np.str_)
        signer = np.array([clip.signer for clip in who], dtype=np.str_)
        return cls(gallery.vectors_at(rows), sign, rows, signer)

    def prepared(self, gallery: Gallery, bundle: Bundle) -> Queries:
        """A gallery's own clips as a search would ask with them, by the landmarks that it keeps."""
        embedder, mirror = bundle.embedder(), bundle.config.evaluate.mirror
        sequences = prepared(gallery, self.row, embedder)
        vectors, kept = self.vectors, None
        if mirror == "queries":
            kept, vectors = vectors, embedder.embed_prepared(sequences, mirrored=True).cpu().numpy()
        return replace(
            self, vectors=vectors, sequences=sequences, mirrored=mirror != "none", as_kept=kept
        )

    def asking(self, which: Int[np.ndarray, "taken"]) -> list[Asking]:
        """Some of them, as a second stage takes them."""
        takes = self.sequences
        return [
            Asking(
                self.vectors[one], None if takes is None else takes[one : one + 1], self.mirrored
            )
            for one in which.tolist()
        ]


def some(which: Int[np.ndarray, "clip"], seed: int) -> Int[np.ndarray, "drawn"]:
    """No more than ``MOST_QUERIES``, drawn at random, in their order."""
    if len(which) <= MOST_QUERIES:
        return which
    rng = np.random.default_rng(seed)
    drawn: np.ndarray = np.sort(rng.choice(which, MOST_QUERIES, replace=False))
    return drawn


def ask_twice(
    gallery: Gallery,
    queries: Queries,
    scoring: Scoring,
    say: Say,
    *,
    second: SecondStage | None = None,
    seed: int = 0,
) -> tuple[Asks, int]:
    """What the gallery answers, a block of queries at a time.

    A query does not see itself. One of which the gallery has the same recording otherwise is left
    out: it says nothing about strangers. One whose sign the gallery does not have (or has by the
    query alone) is asked once, as an unknown one. Every ask is without one sign, see above.

    Args:
        gallery: to be asked, of two signs or more.
        queries: of its model.
        scoring: one that ranks signs.
        say: is told how far it is.
        second: puts the nearest clips in another order, for each ask as if what it is without were
            not in the gallery.
        seed: of which other signs are taken out.

    Returns:
        The asks, and how many queries were left out.

    Raises:
        DataError: no query is left.
    """
    exemplars = gallery.exemplars
    place_of = {sign: place for place, sign in enumerate(exemplars.signs)}
    number = np.array([place_of.get(sign, -1) for sign in queries.sign.tolist()], dtype=np.int64)
    _, sign = np.unique(queries.sign, return_inverse=True)
    count = np.bincount(exemplars.sign_number[exemplars.sign_number >= 0])
    there = np.where(number >= 0, count[number] > (queries.row >= 0), False)
    new = _new(gallery, queries)
    left = len(exemplars.signs) - 1
    looked_at = min(LOOKED_AT, left)
    # any sign but the query's own, where the gallery has that
    step = np.random.default_rng(seed).integers(left, size=len(number))
    another = (number + 1 + step) % len(exemplars.signs)
    rounds = [(query, known) for known in (True, False) for query in np.flatnonzero(new).tolist()]
    rounds = [(query, known) for query, known in rounds if there[query] or not known]
    parts: list[Asks] = []
    for start in range(0, len(rounds), QUERIES_AT_ONCE):
        block = np.array([query for query, _ in rounds[start : start + QUERIES_AT_ONCE]])
        known = np.array([is_known for _, is_known in rounds[start : start + QUERIES_AT_ONCE]])
        without = np.where(known | (number[block] < 0), another[block], number[block])
        hidden = [
            _hidden(gallery, row, gone)
            for row, gone in zip(queries.row[block].tolist(), without.tolist(), strict=True)
        ]
        if second is None:
            found, scores = score_signs(gallery, queries.vectors[block], looked_at, scoring, hidden)
        else:
            found, scores = second.score_signs(queries.asking(block), looked_at, hidden)
        right = (found == number[block][:, None]) & known[:, None]
        place = np.where(right.any(axis=1), right.argmax(axis=1), -1)
        values = evidence(scoring.kind, scores.astype(np.float64))
        parts.append(Asks(values, place, known, sign[block], left > looked_at))
        if (start // QUERIES_AT_ONCE) % SAID_EVERY == SAID_EVERY - 1:
            say(f"{start + len(block):,} of {len(rounds):,} asked")
    if not parts:
        raise DataError(
            f"the gallery has the same recording as every one of the {len(queries):,} queries, "
            "which says nothing about strangers; give --queries of other recordings"
        )
    return _joined(parts), int((~new).sum())


def _new(gallery: Gallery, queries: Queries) -> np.ndarray:
    """Which queries have no copy of themselves in the gallery."""
    vectors = queries.vectors if queries.as_kept is None else queries.as_kept
    new = np.ones(len(queries), dtype=bool)
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        block = slice(start, start + QUERIES_AT_ONCE)
        hits = gallery.search(vectors[block], min(2, len(gallery)))
        others = np.where(hits.rows == queries.row[block][:, None], -np.inf, hits.scores)
        new[block] = others.max(axis=1) < SAME_RECORDING
    return new


def _hidden(gallery: Gallery, row: int, sign: int) -> Int64[np.ndarray, "row"]:
    """A query's own row, if it has one, and all of a sign."""
    own = np.array([row] if row >= 0 else [], dtype=np.int64)
    return np.union1d(own, gallery.exemplars.of_signs(np.array([sign])))


def _joined(parts: list[Asks]) -> Asks:
    return Asks(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.known for part in parts]),
        np.concatenate([part.sign for part in parts]),
        parts[0].more_signs,
    )
