"""How many signs stand before the one that is asked for, in galleries of many sizes at once.

Signs are ranked by the best cosine of their clips. A gallery of n signs holds the query's own sign
and n - 1 others: the first n - 1 of the gallery's others in an order that a draw decides, and when
these are used up, the first distractors in theirs. So a larger gallery contains the smaller, and
every query is asked at every size. As in ``raysign.ranking``, ties count against.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from raysign.evaluate.growth.distractors import Vectors
from raysign.evaluate.protocols import Rounds
from raysign.ranking.exact import score_block

MEMORY_BYTES = 64 << 20
"""Of one block of cosines; a few of its like are held at a time."""
PIECE_BYTES = 32 << 20
"""Of the float64 pieces that cosines are summed in."""


@dataclass(frozen=True, eq=False)
class Scale:
    """The sizes of the galleries, and the order in which signs come in, by draw."""

    sizes: Int64[np.ndarray, "size"]
    """In signs, ascending."""
    shots: tuple[int, ...]
    """Clips a sign, ascending; the last is what the rounds hold."""
    seed: int
    """Each order has a key of its own under it; 1 is that of the supports."""

    def gallery_order(self, draw: int, signs: int) -> Int64[np.ndarray, "sign"]:
        """Of each sign of the gallery its place."""
        return np.random.default_rng([self.seed, draw, 2]).permutation(signs)

    def distractor_order(self, draw: int, signs: int) -> Int64[np.ndarray, "sign"]:
        """Of each distractor its place."""
        return np.random.default_rng([self.seed, draw, 3]).permutation(signs)


Counts = list[Int64[np.ndarray, "_ shots size"]]
"""Of each draw, of each of its queries, the signs before its own."""


def count_better(
    queries: Float[Tensor, "asking dim"],
    gallery: Float[Tensor, "clip dim"],
    query_sign: Int64[np.ndarray, "asking"],
    gallery_sign: Int64[np.ndarray, "clip"],
    rounds: Rounds,
    distractors: Vectors,
    scale: Scale,
) -> Counts:
    """The signs that score at least as much as the query's own, by draw, query, shots and size.

    Args:
        queries: of all clips that may ask.
        gallery: of all clips that may be supports.
        query_sign: of each query.
        gallery_sign: of each gallery clip.
        rounds: as ``protocols.supported`` makes them, with as many shots as the scale's most.
        distractors: none, or signs that are in neither.
        scale: sizes, shots and orders.
    """
    shape = len(scale.shots), len(scale.sizes)
    counts = [np.zeros((len(asks), *shape), np.int64) for asks in rounds.queries]
    wanted = [np.empty((len(asks), shape[0]), np.float32) for asks in rounds.queries]
    signs = 0
    for draws in _alike(rounds):
        asks, supports = rounds.queries[draws[0]], rounds.galleries[draws[0]]
        columns = gallery[torch.from_numpy(supports)]
        glosses, sign = np.unique(gallery_sign[supports], return_inverse=True)
        signs = len(glosses)
        turn = np.tile(np.arange(scale.shots[-1]), signs)
        own = np.searchsorted(glosses, query_sign[asks])
        places = [scale.gallery_order(draw, signs) for draw in draws]
        for block in _blocks(len(asks), len(supports)):
            cosines = _cosines(queries[torch.from_numpy(asks[block])], columns)
            rows = np.arange(len(cosines))
            for nth, by_sign in enumerate(_by_sign(cosines, sign, turn, scale.shots)):
                best = by_sign[rows, own[block]]
                better = by_sign >= best[:, None]
                better[rows, own[block]] = False
                for draw, place in zip(draws, places, strict=True):
                    wanted[draw][block, nth] = best
                    found = _among_others(better, place, own[block], scale.sizes)
                    counts[draw][block, nth] = found
    if len(distractors.sign):
        _add_distractors(counts, wanted, queries, rounds, distractors, scale, signs)
    return counts


def _alike(rounds: Rounds) -> list[list[int]]:
    """Draws with the same queries and the same gallery, as all are where there is no choice."""
    draws: dict[bytes, list[int]] = {}
    for draw, (asks, supports) in enumerate(zip(rounds.queries, rounds.galleries, strict=True)):
        draws.setdefault(asks.tobytes() + b"/" + supports.tobytes(), []).append(draw)
    return list(draws.values())


def _add_distractors(
    counts: Counts,
    wanted: Sequence[Float32[np.ndarray, "_ shots"]],
    queries: Float[Tensor, "asking dim"],
    rounds: Rounds,
    distractors: Vectors,
    scale: Scale,
    gallery_signs: int,
) -> None:
    """Every cosine is taken once, for all draws that its query is in."""
    total = int(distractors.sign[-1]) + 1
    orders = [scale.distractor_order(draw, total) for draw in range(len(counts))]
    larger = np.flatnonzero(scale.sizes > gallery_signs)
    more = scale.sizes[larger] - gallery_signs
    everyone = np.unique(rounds.asked)
    for some in _blocks(len(distractors.sign), 0, whole=distractors.sign):
        sign, turn = distractors.sign[some], distractors.turn[some]
        columns, first = distractors.clips[some], int(sign[0])
        here = np.arange(first, int(sign[-1]) + 1)
        for block in _blocks(len(everyone), len(sign)):
            clips = everyone[block]
            cosines = _cosines(queries[torch.from_numpy(clips)], columns)
            by_shots = list(_by_sign(cosines, sign - first, turn, scale.shots))
            for draw, asks in enumerate(rounds.queries):
                in_block = np.flatnonzero(np.isin(asks, clips))
                row = np.searchsorted(clips, asks[in_block])
                comes_in = (orders[draw][here][:, None] < more).astype(np.float32)
                for nth, by_sign in enumerate(by_shots):
                    better = by_sign[row] >= wanted[draw][in_block, nth, None]
                    into = in_block[:, None], nth, larger[None]
                    counts[draw][into] += _summed(better, comes_in)


def _among_others(
    better: Bool[np.ndarray, "query sign"],
    place: Int64[np.ndarray, "sign"],
    own: Int64[np.ndarray, "query"],
    sizes: Int64[np.ndarray, "size"],
) -> Int64[np.ndarray, "query size"]:
    """How many of the better signs are among the first n - 1 others, for each size n."""
    most = np.minimum(sizes, len(place))
    count = _summed(better, (place[:, None] < most - 1).astype(np.float32))
    # Where the own sign is among the first n - 1, the nth has its place among the others.
    nth = np.argsort(place)[most - 1]
    moves_up = place[own][:, None] < most - 1
    return np.add(count, better[:, nth] & moves_up)


def _summed(
    better: Bool[np.ndarray, "query sign"], comes_in: Float32[np.ndarray, "sign size"]
) -> Int64[np.ndarray, "query size"]:
    """Float32 counts exactly up to 2²⁴."""
    return np.asarray(np.rint(better.astype(np.float32) @ comes_in), dtype=np.int64)


def _cosines(
    queries: Float[Tensor, "query dim"], clips: Float[Tensor, "clip dim"]
) -> Float32[np.ndarray, "query clip"]:
    scores = torch.empty(len(queries), len(clips))
    score_block(queries, clips, scores, PIECE_BYTES)
    return scores.numpy()


def _by_sign(
    cosines: Float32[np.ndarray, "query clip"],
    sign: Int64[np.ndarray, "clip"],
    turn: Int64[np.ndarray, "clip"],
    shots: tuple[int, ...],
) -> Iterator[Float32[np.ndarray, "query sign"]]:
    """The best cosine of each sign's first clips, for each number of shots; clips sign by sign."""
    for each in shots:
        kept = turn < each
        first = np.flatnonzero(turn[kept] == 0)
        yield np.maximum.reduceat(cosines[:, kept], first, axis=1)


def _blocks(
    rows: int, columns: int, whole: Int64[np.ndarray, "row"] | None = None
) -> Iterator[slice]:
    """Slices of rows of which ``MEMORY_BYTES`` hold the cosines; a sign's stay together."""
    step = max(1, MEMORY_BYTES // (4 * max(columns, 2_048)))
    start = 0
    while start < rows:
        stop = min(start + step, rows)
        if whole is not None and stop < rows:
            stop = int(np.searchsorted(whole, whole[stop - 1], side="right"))
        yield slice(start, stop)
        start = stop
