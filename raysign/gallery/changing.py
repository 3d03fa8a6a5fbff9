"""Clips that come and go: the index is altered where that will do, and built anew where not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float32

from raysign.config import GalleryConfig
from raysign.gallery.building import LEAST_CLIPS, build_index, choose_kind, tune_again
from raysign.gallery.card import GalleryCard
from raysign.gallery.exemplars import Exemplars
from raysign.gallery.kinds import Cells
from raysign.gallery.saving import Parts
from raysign.gallery.tune import Tuned

MOST_REMOVED = 0.1
"""Share of rows without a clip above which the index is built anew."""
OF_THE_INDEX = ("vectors", "links", "build_effort", "cells")
"""Settings that an index has from its first clip on."""

Say = Callable[[str], None]
More = tuple[Float32[np.ndarray, "clip dim"], Exemplars]


def built(
    vectors: Float32[np.ndarray, "clip dim"], exemplars: Exemplars, config: GalleryConfig, say: Say
) -> tuple[Parts, Tuned]:
    """From the beginning; see ``build_index``."""
    done = build_index(vectors, exemplars.sign_number, config, say)
    return Parts(done.index, exemplars.select(done.order)), done.tuned


def changed(
    parts: Parts,
    card: GalleryCard,
    gone: Bool[np.ndarray, "row"],
    more: More | None,
    config: GalleryConfig,
    say: Say,
) -> tuple[Parts, Tuned]:
    """The same gallery without the rows of a mask, and with more; ``parts`` may be used up."""
    alive = parts.exemplars.alive & ~gone
    clips = int(alive.sum()) + (len(more[1]) if more else 0)
    if not _needs_building(card, clips, 1 - float(alive.mean()), config):
        altered = _altered(parts, card.index, gone, more, config)
        if altered is not None:
            return altered
        say(f"{card.index.kind} does not reach its recall any more")
    least = LEAST_CLIPS.get(config.kind, 0)
    if clips < least:  # it was asked for when there were more, and may be again
        say(f"{config.kind} needs {least:,} clips or more, and {clips:,} are left: exact for now")
        config = config.model_copy(update={"kind": "auto"})
    rows = parts.index.vectors.at(np.flatnonzero(alive))
    exemplars = parts.exemplars.select(alive)
    if more is not None:
        rows = np.concatenate([rows, more[0]])
        exemplars = Exemplars.join([exemplars, more[1]])
    return built(rows, exemplars, config, say)


def _needs_building(card: GalleryCard, clips: int, removed: float, config: GalleryConfig) -> bool:
    """Flat always: it costs nothing, and leaves no gaps."""
    kind = card.index.kind
    few = max(LEAST_CLIPS.get(kind, 0), LEAST_CLIPS.get(config.kind, 0))
    if kind == "flat" or clips < few or choose_kind(clips, config)[0] != kind:
        return True
    if any(getattr(config, name) != getattr(card.config, name) for name in OF_THE_INDEX):
        return True
    return removed > MOST_REMOVED


def _altered(
    parts: Parts,
    tuned: Tuned,
    gone: Bool[np.ndarray, "row"],
    more: More | None,
    config: GalleryConfig,
) -> tuple[Parts, Tuned] | None:
    """None where it then lacks recall."""
    index, exemplars = parts.index, parts.exemplars
    if gone.any():
        rows = np.flatnonzero(gone)
        if isinstance(index, Cells):
            index.forget(rows)
        index.vectors.clear(rows)
        exemplars = exemplars.without(gone)
    if more is not None:
        index.add(more[0])
        exemplars = Exemplars.join([exemplars, more[1]])
    again = tune_again(index, exemplars.alive, exemplars.sign_number, tuned, config)
    return None if again is None else (Parts(index, exemplars), again)
