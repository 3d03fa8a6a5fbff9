"""Protocols without chance: every query clip asks once, and every gallery clip is searched."""

from __future__ import annotations

from typing import Any

import numpy as np

from raysign.errors import SplitError
from raysign.evaluate.protocols.rounds import Rounds
from raysign.evaluate.protocols.tally import such_as
from raysign.evaluate.sides import Sides

CLIPS_HIT = "a gallery clip of the query's sign; cosine, clip level; never the query itself"


def every_clip(sides: Sides) -> Rounds:
    """Every query clip ranks every gallery clip but itself."""
    return _all(sides, {"hit": CLIPS_HIT})


def leave_one_out(sides: Sides) -> Rounds:
    """Each clip in turn is taken out of the gallery and asks what is left.

    Other than in ``every_clip`` each query has to be a gallery clip. Nothing but the query is held
    out: clips by its own signer, and from the same recording, stay in the gallery. A sign's only
    clip asks in vain; it is counted as unanswered.

    Raises:
        SplitError: a query is no clip of the gallery, or no sign has two clips.
    """
    outside = ~np.isin(sides.query_key, sides.gallery_key)
    if outside.any():
        raise SplitError(
            f"leave_one_out takes each query out of the gallery that it asks, and "
            f"{int(outside.sum()):,} of {len(outside):,} clips of {sides.queries!r} are not in "
            f"{sides.gallery!r}; give the same selection twice, or type --protocol clips"
        )
    signs, clips = np.unique(sides.gallery_sign, return_counts=True)
    if (clips < 2).all():
        raise SplitError(
            f"no sign of {sides.gallery!r} has a second clip that could be found; give a store "
            "with 2 clips a sign or more"
        )
    alone = np.intersect1d(signs[clips < 2], sides.query_sign)
    card = {
        "hit": "another clip of the query's sign; cosine, clip level; the query is taken out",
        "signs_with_one_clip": len(alone),
    }
    if len(alone):
        card["signs_with_one_clip_such_as"] = such_as(sides.signs[alone])
    return _all(sides, card)


def _all(sides: Sides, card: dict[str, Any]) -> Rounds:
    card |= {
        "query_clips": len(sides.asking),
        "gallery_clips": len(sides.searched),
        "signs": len(sides.signs),
    }
    every = (np.arange(len(sides.asking)),), (np.arange(len(sides.searched)),)
    return Rounds(*every, card)
