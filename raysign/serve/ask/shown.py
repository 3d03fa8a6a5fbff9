"""An answer as the API gives it: ranked signs with their films, beside the recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from raysign.clip import USUAL_FPS, Clip
from raysign.search.alignment import begins_s
from raysign.search.answer import in_words
from raysign.search.page import verdict
from raysign.search.staging import film_of, staged
from raysign.serve.ask.described import notes_on
from raysign.serve.takes.made import remark_of
from raysign.serve.words import Answer, Asked, Film, Found, Share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raysign.search.alignment import Beside
    from raysign.search.answer import Answer as Said
    from raysign.search.answer import FoundSign
    from raysign.search.stages import Stages
    from raysign.serve.ask.films import Films
    from raysign.serve.opened import Opened

DIGITS = 2
"""Of a frame beside another."""
LOOK, PREPARE = "look", "prepare"
"""Stages of a search; to look at what there is is a part of preparing it."""


def shown(
    said: Said,
    opened: Opened,
    clips: Sequence[Clip],
    ids: Sequence[str],
    *,
    answer_id: str,
    filtered: int | None,
    films: Films,
    has_video: Callable[[str], bool],
    stages: Stages,
) -> Answer:
    """What a person gets.

    Args:
        said: by the search.
        opened: what was searched.
        clips: that asked.
        ids: of their takes, '' of others.
        answer_id: of the answer.
        filtered: signs that a filter left; None = there was none.
        films: of the dictionary's clips.
        has_video: whether the owner has the video of a clip.
        stages: the times so far; gets that of ``draw``.
    """
    gallery = opened.searcher.gallery
    with stages.timed("draw"):
        stage = staged(clips, said.signs, gallery)
        signs = tuple(
            _found(found, beside, opened, films, has_video)
            for found, beside in zip(said.signs, stage.signs, strict=True)
        )
        warps = [None, *(_warp(other) for other in stage.others)]
        asked = tuple(
            Asked(id=take_id, film=_film(clip), warp=warp, seconds=_seconds(clip))
            for take_id, clip, warp in zip(ids, stage.takes, warps, strict=True)
        )
    ms = _stages_ms(stages.ms)
    every = len(gallery.exemplars.signs)
    notes = (*said.notes, *notes_on(opened))
    if filtered is not None:
        notes += (
            f"chosen among {filtered:,} of {every:,} signs by how they are made; the percentages "
            "are still those among all signs",
        )
    return Answer(
        id=answer_id,
        verdict=verdict(said),
        signs=signs,
        none_of_these=_share(said.none_of_these),
        unknown=said.unknown,
        remarks=tuple(map(remark_of, said.remarks)),
        notes=notes,
        asked=asked,
        stages_ms=ms,
        total_ms=round(sum(ms.values()), 3),
        of_signs=every if filtered is None else filtered,
        kept=False,
    )


def _found(
    found: FoundSign,
    beside: Beside | None,
    opened: Opened,
    films: Films,
    has_video: Callable[[str], bool],
) -> Found:
    sure = _share(found.confidence)
    name = opened.name_of(found.row)
    video = has_video(name)
    clip = opened.gallery.clip(found.row) if video and beside else None
    return Found(
        sign=found.sign,
        confidence=sure,
        words="" if sure is None else in_words(sure),
        score=found.score,
        cosine=found.cosine,
        clips=found.clips,
        clip_id=name,
        signer=found.best.signer,
        phonology=opened.phonology_of(found.sign),
        film=None
        if beside is None
        else films.film(opened, found.row, beside.clip, mirrored=beside.mirrored),
        warp=None if beside is None else _warp(beside),
        mirrored=beside is not None and beside.mirrored,
        distance=None if beside is None else beside.distance,
        video=video,
        film_from_s=None if clip is None else begins_s(clip),
    )


def _film(clip: Clip) -> Film:
    return Film(**film_of(clip).as_json())


def _warp(beside: Beside) -> tuple[float, ...]:
    return tuple(np.round(beside.frame, DIGITS).tolist())


def _share(probability: float | None) -> Share | None:
    """Rounding may carry a sum of probabilities over the edge."""
    return None if probability is None else min(max(probability, 0.0), 1.0)


def _seconds(clip: Clip) -> float:
    return len(clip.xyz) / (clip.fps or USUAL_FPS)


def _stages_ms(ms: Mapping[str, float]) -> dict[str, float]:
    """In their order, without ``look``."""
    told: dict[str, float] = {}
    for name, value in ms.items():
        name = PREPARE if name == LOOK else name
        told[name] = round(told.get(name, 0.0) + value, 3)
    return told
