"""Which of several people in the picture is the signer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RIVAL = 0.5
"""Who has less than this share of a frame's greatest confidence is not taken for the signer."""


def signer(frames: Sequence[NDArray[np.float64]]) -> list[int | None]:
    """The signer's index among the people of each frame, None where there is nobody.

    ``frames`` are [person joint (x, y, confidence)] each, 0 confidence = not detected. In three
    steps: in each frame the person with the greatest summed confidence; the median of their places,
    where a place is the mean of the joints; then in each frame, of the people with at least
    ``RIVAL`` of the greatest confidence, the one nearest to that median. So the signer is who is
    seen best and stays put, not a passer-by nor a fragment.
    """
    best = [people[_strength(people).argmax()] for people in frames if len(people)]
    places = [_place(person) for person in best if (person[:, 2] > 0).any()]
    home = np.median(places, axis=0) if places else np.zeros(2)
    return [_nearest(people, home) if len(people) else None for people in frames]


def _nearest(people: NDArray[np.float64], home: NDArray[np.float64]) -> int:
    strength = _strength(people)
    rivals = (strength >= RIVAL * strength.max()) & (strength > 0)
    distance = [
        float(np.linalg.norm(_place(person) - home)) if rival else np.inf
        for person, rival in zip(people, rivals, strict=True)
    ]
    return int(np.argmin(distance))


def _strength(people: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(people[..., 2].sum(axis=1))


def _place(person: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(person[person[:, 2] > 0, :2].mean(axis=0))
