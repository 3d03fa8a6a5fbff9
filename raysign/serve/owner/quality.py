"""How good a dictionary's exemplars are: how many, by whom, how well seen, and taken for what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int, Int64

from raysign.clip import Clip
from raysign.gallery import Gallery, GalleryConfidence
from raysign.search.look import Look
from raysign.serve.words import Confusion

MANY = 10
"""Clips a sign from which on they are not told apart."""
SHARES = 10
"""Bars of a histogram of shares."""
MOST_ASKED = 10_000
"""Clips that ask all others; of more, so many are drawn."""
MOST_LOOKED_AT = 5_000
"""Clips whose landmarks are read; of more, so many are drawn."""
MOST_CONFUSIONS = 50
BLOCK = 512
"""Clips that ask at once."""


@dataclass(frozen=True, eq=False)
class Asked:
    """Clips that asked all others of their gallery."""

    clip: Int64[np.ndarray, "asked"]
    """Which they are,"""
    nearest: Int64[np.ndarray, "asked"]
    """and the nearest other clip of another signer; where their sign has none, of any."""
    own: Bool[np.ndarray, "asked"]
    """Whether their nearest other clip, whoever signs it, is of their sign."""


def clips_a_sign(clips: Int[np.ndarray, "sign"]) -> dict[str, int]:
    """How many signs have so many clips: ``1``, ``2``, …, ``10+``."""
    count = np.bincount(np.minimum(clips, MANY), minlength=MANY + 1)
    names = [str(number) for number in range(1, MANY)] + [f"{MANY}+"]
    return dict(zip(names, count[1:].tolist(), strict=True))


def hands_seen(gallery: Gallery, seed: int = 0) -> tuple[int, ...]:
    """How many clips show a hand in 0–10 %, …, 90–100 % of the frames between the first and last.

    () where no landmarks are kept.
    """
    landmarks = gallery.exemplars.landmarks
    if landmarks is None:
        return ()
    rows = np.flatnonzero(gallery.exemplars.alive & (landmarks.rows["frames"] > 0))
    if len(rows) > MOST_LOOKED_AT:
        rows = np.random.default_rng(seed).choice(rows, MOST_LOOKED_AT, replace=False)
    clips = (gallery.clip(row) for row in rows.tolist())
    shares = [share_seen(clip) for clip in clips if clip is not None]
    bars = np.histogram(shares, bins=SHARES, range=(0, 1))[0]
    return tuple(bars.tolist()) if shares else ()


def share_seen(clip: Clip) -> float:
    """The share, 0–1, of a clip's frames between the first and the last hand that show one."""
    return Look.at(clip).hands_seen


def ask_each(
    vectors: Float32[np.ndarray, "clip dim"],
    sign: Int[np.ndarray, "clip"],
    signer: Int[np.ndarray, "clip"],
    *,
    seed: int = 0,
) -> Asked:
    """Each clip that has a sign, and whose sign has another, asks all others.

    Args:
        vectors: unit embeddings.
        sign: of each clip a number; -1 for none, which are not looked at.
        signer: likewise; -1 for one who is not known, and may be anybody.
        seed: of those drawn where they are many.
    """
    there = np.flatnonzero(sign >= 0)
    vectors, sign, signer = vectors[there], sign[there], signer[there]
    several = np.bincount(sign)[sign] > 1 if len(sign) else np.zeros(0, dtype=bool)
    asking = np.flatnonzero(several)
    if len(asking) > MOST_ASKED:
        asking = np.sort(np.random.default_rng(seed).choice(asking, MOST_ASKED, replace=False))
    nearest = np.empty(len(asking), dtype=np.int64)
    own = np.empty(len(asking), dtype=bool)
    for start in range(0, len(asking), BLOCK):
        block = asking[start : start + BLOCK]
        cosine = vectors[block] @ vectors.T
        cosine[np.arange(len(block)), block] = -np.inf
        own[start : start + BLOCK] = sign[cosine.argmax(axis=1)] == sign[block]
        same = (signer[block][:, None] == signer) & (signer[block] >= 0)[:, None]
        theirs = sign[block][:, None] == sign
        others = (theirs & ~same).any(axis=1)  # someone else signs it too
        cosine[same & others[:, None]] = -np.inf
        nearest[start : start + BLOCK] = cosine.argmax(axis=1)
    return Asked(there[asking], there[nearest] if len(asking) else nearest, own)


def measured(confidence: GalleryConfidence) -> str:
    """How the dictionary answered when it was calibrated, and whom."""
    on = confidence.fitted_on
    who = f"{on.known_asks:,} recordings that are not in it" if on.queries else "its own exemplars"
    return f"Asked with {who}: {confidence.words()}."


def confusions(
    asked: Asked, sign: Int[np.ndarray, "clip"], names: tuple[str, ...]
) -> tuple[Confusion, ...]:
    """Pairs of signs of which one is taken for the other, the most frequent first."""
    mine, other = sign[asked.clip], sign[asked.nearest]
    of = Counter(mine.tolist())
    wrong = mine != other
    times = Counter(zip(mine[wrong].tolist(), other[wrong].tolist(), strict=True))
    ranked = sorted(times.items(), key=lambda pair: (-pair[1], -pair[1] / of[pair[0][0]], pair[0]))
    return tuple(
        Confusion(sign=names[one], other=names[two], times=count, of=of[one])
        for (one, two), count in ranked[:MOST_CONFUSIONS]
    )
