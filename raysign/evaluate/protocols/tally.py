"""Counting clips by sign and signer, and taking the first few of each sign."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64


def first_of_each(
    sign: Int64[np.ndarray, "clip"], turn: np.ndarray, count: int
) -> Int64[np.ndarray, "taken"]:
    """The places of the ``count`` clips of each sign whose turn comes first, sign by sign."""
    order = np.lexsort((turn, sign))
    ordered = sign[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return np.compress(place < count, order)


def how_often(
    of: Int64[np.ndarray, "clip"], wanted: Int64[np.ndarray, "query"]
) -> Int64[np.ndarray, "query"]:
    """How often each wanted number occurs."""
    ordered = np.sort(of)
    below, through = (np.searchsorted(ordered, wanted, side=side) for side in ("left", "right"))
    return np.subtract(through, below)


def pairs(
    sign_a: np.ndarray, name_a: np.ndarray, sign_b: np.ndarray, name_b: np.ndarray
) -> tuple[Int64[np.ndarray, "a"], Int64[np.ndarray, "b"]]:
    """A number for each pair of sign and name, the same on both sides."""
    both = np.stack([np.concatenate([sign_a, sign_b]), np.concatenate([name_a, name_b])])
    number = np.unique(both, axis=1, return_inverse=True)[1].reshape(-1)
    return number[: len(sign_a)], number[len(sign_a) :]


def such_as(names: np.ndarray, shown: int = 3) -> str:
    """``book, chair, drink, …``."""
    listed = ", ".join(map(str, names[:shown]))
    return f"{listed}, …" if len(names) > shown else listed
