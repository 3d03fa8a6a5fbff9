"""One signer signs several signs in a row, as people do: when each begins and ends, and the whole.

Rests are at the ends only. Between two signs lies a transition, the longer the farther the hand has
to go and to turn; each sign's place is drawn towards its neighbours'. The other hand stays up where
it is needed again soon, and sinks where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from raysign.errors import DataError
from raysign.synthetic.acting import Targets, Token
from raysign.synthetic.coarticulation import Deed, through
from raysign.synthetic.performance import FPS, Performance, performed, resting
from raysign.synthetic.signers import Signer
from raysign.synthetic.signs import Sign

Array = NDArray[np.float64]

_SIGN_S, _STROKE_S, _TIME_SIGMA = 0.13, 0.13, 0.15
"""A sign takes so long, and so much for each stroke; less than alone (``performance``)."""
_LEAST_S, _S_PER_METRE, _S_PER_RAD = 0.06, 0.5, 0.04
"""A transition's length."""
_DRAWN = 0.12
"""Share of the way to its neighbours that a sign's place gives up."""
_SMALLER = 0.85
"""Movements are smaller than in a sign alone."""
_MOST_SLOWED = 1.6
"""A sentence that has more time than that rests in it."""
_RESTS = 0.3
"""The rests at the ends take so much of what they take in a sign alone."""
_RIGHT_AWAY_S = 0.3
"""A hand that could not rest as long stays up."""
_FOREVER_S = 1e6


@dataclass(frozen=True, eq=False)
class _Times:
    """In seconds: each sign's start and end, and when the hand leaves its rest and is back."""

    start: Array
    end: Array
    up: float
    back: float
    frames: int


def perform_all(
    signs: Sequence[Sign], signer: Signer, num_frames: int | None, rng: np.random.Generator
) -> tuple[Performance, tuple[tuple[int, int], ...]]:
    """The signs in a row, and the frames [first, end) in which each is the only one.

    ``num_frames`` is how long it shall be; None: as long as this signer takes.
    ``DataError`` where there is no sign, or fewer frames than signs.
    """
    if not signs:
        raise DataError("a sentence needs at least one gloss to be signed")
    if num_frames is not None and num_frames < len(signs):
        raise DataError(f"{len(signs)} glosses cannot be signed in {num_frames} frames")
    tokens = _neighbours(
        [_smaller(Token.draw(sign, signer, sign.movement.repeats, rng)) for sign in signs]
    )
    times = _times(tokens, signer, num_frames, rng)
    time_s = np.arange(times.frames) / FPS
    rests = [resting(signer, rng) for _ in range(2)]
    arms = [
        through(deeds, time_s, signer.ease, signer.lift)
        for deeds in (_signing(tokens, times, rests[0]), _other(tokens, times, rests[1], signer))
    ]
    (signing, up), (other, other_up) = arms
    whole = performed(signing, other, np.stack([up, other_up]), signer)
    return whole, _frames(times)


def _smaller(token: Token) -> Token:
    return replace(token, size=_SMALLER * token.size)


def _neighbours(tokens: Sequence[Token]) -> list[Token]:
    """Each drawn towards those beside it."""
    places = np.stack([token.place for token in tokens])
    beside = np.concatenate([places[:1], places, places[-1:]])
    drawn = places + _DRAWN * ((beside[:-2] + beside[2:]) / 2 - places)
    return [replace(token, place=place) for token, place in zip(tokens, drawn, strict=True)]


def _times(
    tokens: Sequence[Token], signer: Signer, num_frames: int | None, rng: np.random.Generator
) -> _Times:
    count = len(tokens)
    chance = np.exp(_TIME_SIGMA * rng.standard_normal(count))
    signs_s = chance * [_SIGN_S + _STROKE_S * token.repeats for token in tokens] / signer.tempo
    ends = [token.signing(np.array([0.0, 1.0])) for token in tokens]
    between_s = [_between_s(a, b) / signer.tempo for a, b in pairwise(ends)]
    before_s, after_s = _RESTS * signer.rest_s * rng.uniform(0.2, 1.4, 2)
    parts = np.array([before_s, signer.raise_s, *signs_s, *between_s, signer.lower_s, after_s])
    if num_frames is not None:
        parts = _fitted(parts, num_frames / FPS)
    steps = np.zeros(2 * count - 1)
    steps[::2], steps[1::2] = parts[2 : 2 + count], parts[2 + count : -2]
    marks = parts[0] + parts[1] + np.concatenate([[0.0], np.cumsum(steps)])
    frames = num_frames or max(count, round(parts.sum() * FPS))
    return _Times(marks[0::2], marks[1::2], parts[0], marks[-1] + parts[-2], frames)


def _fitted(parts: Array, wanted_s: float) -> Array:
    """The same in another time: rests go first and come first, then all is faster or slower."""
    rests = [0, -1]
    parts[rests] *= np.clip(1 - (parts.sum() - wanted_s) / parts[rests].sum(), 0.0, 1.0)
    parts *= min(wanted_s / parts.sum(), _MOST_SLOWED)
    parts[rests] += (wanted_s - parts.sum()) / 2
    return parts


def _between_s(before: Targets, after: Targets) -> float:
    """How long it takes from the end of one sign to the beginning of the next."""
    far = np.linalg.norm(after.palm[0] - before.palm[-1])
    turns = [
        np.arccos(np.clip(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))
        for a, b in (
            (before.distal[-1], after.distal[0]),
            (before.palmar[-1], after.palmar[0]),
        )
    ]
    return float(_LEAST_S + _S_PER_METRE * far + _S_PER_RAD * max(turns))


def _signing(tokens: Sequence[Token], times: _Times, rest: Targets) -> list[Deed]:
    deeds = [
        Deed(start, end, token.signing)
        for token, start, end in zip(tokens, times.start, times.end, strict=True)
    ]
    return [_rest(rest, -_FOREVER_S, times.up), *deeds, _rest(rest, times.back, _FOREVER_S)]


def _other(tokens: Sequence[Token], times: _Times, rest: Targets, signer: Signer) -> list[Deed]:
    """What the other hand does: it comes a little late, and rests where there is time for it."""
    raise_s, lower_s = times.start[0] - times.up, times.back - times.end[-1]
    late_s = min(signer.lag_s, 0.5 * lower_s)
    deeds = [_rest(rest, -_FOREVER_S, times.up)]
    for token, start, end in zip(tokens, times.start, times.end, strict=True):
        if token.sign.hands == "one":
            continue
        begins, before = start + late_s, deeds[-1]
        gap_s = begins - before.leave_s
        moves_s = min(gap_s, raise_s)
        if before.raised and gap_s > raise_s + lower_s + _RIGHT_AWAY_S:
            deeds.append(_rest(rest, before.leave_s + lower_s, begins - raise_s))
        elif before.raised:
            deeds.append(_holding(before, begins - moves_s))
        else:
            deeds[-1] = replace(before, leave_s=begins - moves_s)
        deeds.append(Deed(begins, end + late_s, token.other))
    if len(deeds) == 1:
        return [_rest(rest, -_FOREVER_S, _FOREVER_S)]
    return [*deeds, _rest(rest, deeds[-1].leave_s + lower_s, _FOREVER_S)]


def _frames(times: _Times) -> tuple[tuple[int, int], ...]:
    """Each sign's first frame, and the one after its last: at least one, and none of another's."""
    count, spans, free = len(times.start), [], 0
    marks = np.ceil(np.stack([times.start, times.end], axis=1) * FPS - 1e-6).astype(int).tolist()
    for place, (first, end) in enumerate(marks):
        left = times.frames - (count - place)  # the last frame that leaves one for each to come
        first = min(max(first, free), left)
        free = max(first + 1, min(end, left + 1))
        spans.append((first, free))
    return tuple(spans)


def _holding(deed: Deed, until_s: float) -> Deed:
    """The hand stays where it has come to."""
    return Deed(deed.leave_s, until_s, lambda phase: deed.targets(np.ones_like(phase)))


def _rest(rest: Targets, start_s: float, leave_s: float) -> Deed:
    return Deed(start_s, leave_s, lambda phase: rest, raised=0.0)
