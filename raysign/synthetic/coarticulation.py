"""One arm through a sentence: from each thing it does into the next, without a rest between.

Place, direction, facing and handshape of what was pass into those of what comes while both still
move: the movement has begun before the hand has quite arrived, and ends after it has left. The
handshape is there early. Fingers turn the shortest way; the palm turns about them, as a forearm
does. All of it is told for a right arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from raysign.synthetic.acting import Targets
from raysign.synthetic.anatomy import cross, length, unit
from raysign.synthetic.performance import FORWARD, FORWARD_DISTAL, SHAPED_EARLY, smooth

Array = NDArray[np.float64]

_OVERLAP = 0.3
"""Share of a transition in which what comes already moves, and what was still does."""
_FAR = 0.4
"""From so many metres on, the hand goes through the space before the trunk."""


@dataclass(frozen=True, eq=False)
class Deed:
    """What an arm does from ``start_s`` to ``leave_s``: nothing else is mixed in.

    ``targets`` says what it is asked for when a share of it is done; ``raised`` is 1 where the
    hand signs and 0 where it rests.
    """

    start_s: float
    leave_s: float
    targets: Callable[[Float[Array, " frame"]], Targets]
    raised: float = 1.0


def through(
    deeds: Sequence[Deed], time_s: Float[Array, " frame"], ease: float, lift: float
) -> tuple[Targets, Float[Array, " frame"]]:
    """What the arm is asked for at each moment, and how far the hand is raised, 0 to 1.

    ``deeds`` are in order and do not overlap; the time between two is the transition. Before the
    first and after the last the arm stays. ``ease`` is how gently a movement begins and ends,
    0 to 1; ``lift`` in metres is how much lower the hand goes on its way.
    """
    frames = len(time_s)
    here, there = _Asked.nothing(frames), _Asked.nothing(frames)
    share = np.zeros(frames)
    transitions: list[slice] = []
    for place, deed in enumerate(deeds):
        left_s = deeds[place - 1].leave_s if place else deed.start_s
        next_s = deeds[place + 1].start_s if place + 1 < len(deeds) else deed.leave_s
        low, middle, high = np.searchsorted(time_s, [left_s, deed.start_s, next_s]).tolist()
        if not place:
            low = middle = 0
        if place + 1 == len(deeds):
            high = frames
        phase = _phase(deed, left_s, next_s, time_s[low:high], ease)
        targets = deed.targets(phase)
        there.put(slice(low, middle), targets, slice(0, middle - low), deed.raised)
        here.put(slice(middle, high), targets, slice(middle - low, None), deed.raised)
        if middle > low:
            share[low:middle] = smooth(
                (time_s[low:middle] - left_s) / max(deed.start_s - left_s, 1e-9)
            )
            transitions.append(slice(low, middle))
    for between in transitions:
        _pass_over(here, there, share[between], between, lift)
    return here.targets, here.raised


@dataclass(frozen=True, eq=False)
class _Asked:
    """Targets, frame by frame, and how far the hand is raised."""

    targets: Targets
    raised: Array

    @classmethod
    def nothing(cls, frames: int) -> _Asked:
        shapes = ((frames, 3), (frames, 3), (frames, 3), (frames, 13))
        return cls(Targets(*(np.empty(shape) for shape in shapes)), np.zeros(frames))

    def put(self, where: slice, targets: Targets, which: slice, raised: float) -> None:
        for name in ("palm", "distal", "palmar", "flexion"):
            values = getattr(targets, name)
            getattr(self.targets, name)[where] = values[which] if values.ndim == 2 else values
        self.raised[where] = raised


def _phase(
    deed: Deed, left_s: float, next_s: float, time_s: Float[Array, " frame"], ease: float
) -> Float[Array, " frame"]:
    begins = deed.start_s - _OVERLAP * (deed.start_s - left_s)
    ends = deed.leave_s + _OVERLAP * (next_s - deed.leave_s)
    phase = np.clip((time_s - begins) / max(ends - begins, 1e-9), 0.0, 1.0)
    eased: Array = phase - ease * np.sin(2 * np.pi * phase) / (2 * np.pi)
    return eased


def _pass_over(
    here: _Asked, there: _Asked, share: Float[Array, " frame"], where: slice, lift: float
) -> None:
    """Write into ``here``, in those frames, the way from it to ``there``."""
    one, other, some = here.targets, there.targets, share[:, None]
    way = other.palm[where] - one.palm[where]
    arch = 4 * some * (1 - some) * np.minimum(1.0, length(way) / _FAR)
    distal, palmar = _turned(
        unit(one.distal[where]),
        one.palmar[where],
        unit(other.distal[where]),
        other.palmar[where],
        some,
        arch,
    )
    one.palm[where] += some * way + arch * np.array([0.0, lift, FORWARD])
    one.distal[where], one.palmar[where] = distal, palmar
    early = np.minimum(1.0, SHAPED_EARLY * some)
    one.flexion[where] += early * (other.flexion[where] - one.flexion[where])
    here.raised[where] += share * (there.raised[where] - here.raised[where])


def _turned(
    distal: Float[Array, "frame axis=3"],
    palmar: Float[Array, "frame axis=3"],
    next_distal: Float[Array, "frame axis=3"],
    next_palmar: Float[Array, "frame axis=3"],
    share: Float[Array, "frame one=1"],
    arch: Float[Array, "frame one=1"],
) -> tuple[Float[Array, "frame axis=3"], Float[Array, "frame axis=3"]]:
    """A share of the way from one hand's directions to the next's."""
    apart = 1 - (distal * next_distal).sum(1, keepdims=True)
    along = unit(distal + share * (next_distal - distal) + arch * apart * FORWARD_DISTAL)
    across = unit(palmar - (palmar * distal).sum(1, keepdims=True) * distal)
    wanted = unit(next_palmar - (next_palmar * next_distal).sum(1, keepdims=True) * next_distal)
    carried = _carried(across, distal, next_distal)
    roll = np.arctan2(
        (cross(carried, wanted) * next_distal).sum(1), (carried * wanted).sum(1)
    )  # of the forearm; it must not change its way round from one frame to the next
    turn = share * np.unwrap(roll)[:, None]
    facing = _carried(across, distal, along)
    return along, np.cos(turn) * facing + np.sin(turn) * cross(along, facing)


def _carried(
    vectors: Float[Array, "frame axis=3"],
    before: Float[Array, "frame axis=3"],
    after: Float[Array, "frame axis=3"],
) -> Float[Array, "frame axis=3"]:
    """The vectors, turned as little as takes ``before`` to ``after`` (unit vectors)."""
    axis = cross(before, after)
    once = cross(axis, vectors)
    cosine = (before * after).sum(1, keepdims=True)
    turned: Array = vectors + once + cross(axis, once) / np.maximum(1 + cosine, 1e-3)
    return unit(turned)
