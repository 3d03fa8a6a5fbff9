"""A query's recordings and what was found for them, ready to be shown side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from raysign.clip import USUAL_FPS, Clip
from raysign.draw import player
from raysign.gallery import Gallery
from raysign.search.alignment import Beside, signing, stand_beside
from raysign.search.answer import FoundSign
from raysign.search.query import for_layout
from raysign.skeleton import layout_named


@dataclass(frozen=True, eq=False)
class Staged:
    """Clips less their rest, each with how it goes with the first recording."""

    takes: tuple[Clip, ...]
    """The recordings,"""
    others: tuple[Beside, ...]
    """the second one and those after it, beside the first,"""
    signs: tuple[Beside | None, ...]
    """and the nearest clip of each sign; None where the gallery keeps no landmarks of it."""


def staged(query_clips: Sequence[Clip], signs: Sequence[FoundSign], gallery: Gallery) -> Staged:
    """Align what was found, and the other recordings, with the first recording.

    Args:
        query_clips: recordings of one sign, one at least, each of a frame or more.
        signs: of an answer in the gallery.
        gallery: that was searched.

    Raises:
        LayoutError: a recording without the joints of the gallery's model.
    """
    takes = [signing(for_layout(clip, gallery.card.model.layout)) for clip in query_clips]
    clips = [gallery.clip(found.row) for found in signs]
    beside = stand_beside(takes[0], [*takes[1:], *(signing(clip) for clip in clips if clip)])
    others, matches = beside[: len(takes) - 1], iter(beside[len(takes) - 1 :])
    return Staged(
        takes=tuple(takes),
        others=tuple(others),
        signs=tuple(next(matches) if clip else None for clip in clips),
    )


def film_of(clip: Clip) -> player.Film:
    """A clip for the player."""
    return player.Film.of(
        clip.xyz, layout_named(clip.layout), aspect=clip.aspect, fps=clip.fps or USUAL_FPS
    )
