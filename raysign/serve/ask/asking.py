"""One search, from clips to an answer with its films."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.clip import USUAL_FPS
from raysign.errors import DataError, LayoutError
from raysign.search.stages import Stages
from raysign.serve.ask.shown import shown
from raysign.serve.problems import Refused
from raysign.serve.takes.kept import new_id
from raysign.serve.words import Answer, Filter

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.search.answer import Answer as Said
    from raysign.serve.dictionary import Service
    from raysign.serve.opened import Opened

LOG = logging.getLogger("raysign.serve")
NO_FILTER = Filter()
LANDMARKS, WAIT = "landmarks", "wait"
"""The first stages: what a person waits for after the recording's end, and for those who asked
before.
"""
LEAST_WAIT_MS = 1.0
"""Of a wait that is told."""
LONGEST_S = 30.0
"""Of a recording that asks: films and their warping take time and memory by its length."""
ROUNDED_S = 0.5
"""A camera's last picture is shown for a moment after its recording's end."""


@dataclass(frozen=True, eq=False)
class Question:
    """What somebody asks."""

    clips: Sequence[Clip]
    """Recordings of one sign."""
    ids: Sequence[str]
    """Of their takes; '' of others."""
    count: int
    filter: Filter = NO_FILTER
    keep: Sequence[Clip] = ()
    """Those of them that the person agrees to be kept."""
    waited_ms: float | None = None
    """From the recording's end to its last landmark; None where nobody waited for it now."""


async def ask(service: Service, question: Question) -> Answer:
    """The answer, in the search thread's turn.

    Raises:
        Refused: 422: ``too_long``, or ``layout``: the dictionary is of other joints than the
            recording has.
    """
    longest_s = max(LONGEST_S, service.settings.longest_recording_s)
    if any(
        len(clip.xyz) / (clip.fps or USUAL_FPS) > longest_s + ROUNDED_S for clip in question.clips
    ):
        raise Refused(
            422,
            "too_long",
            f"Please choose the part that shows the sign: at most {longest_s:.0f} seconds can ask.",
        )
    loop, asked_s = asyncio.get_running_loop(), time.perf_counter()
    found = await service.desk.ask(lambda opened: _found(opened, question, asked_s))
    # Drawing needs no searcher, so that the next one's search need not wait for it.
    answer = await loop.run_in_executor(service.threads, _drawn, service, question, found)
    if not (question.keep and service.queries.wanted):
        return answer
    try:
        kept = await loop.run_in_executor(
            service.threads, service.queries.keep, question.keep, answer
        )
    except DataError as error:  # the answer is there all the same
        LOG.error("a query was not kept: %s", error)
        return answer
    return answer.model_copy(update={"kept": kept})


@dataclass(frozen=True, eq=False)
class _Found:
    """What the search thread found."""

    opened: Opened
    said: Said
    among: int | None
    """Signs that a filter left."""
    stages: Stages


def _found(opened: Opened, question: Question, asked_s: float) -> _Found:
    """``asked_s`` is when it was asked, by ``time.perf_counter``."""
    waited_ms = 1000 * (time.perf_counter() - asked_s)
    searcher, stages = opened.searcher, Stages()
    if question.waited_ms is not None:
        stages.ms[LANDMARKS] = question.waited_ms
    if waited_ms > LEAST_WAIT_MS:
        stages.ms[WAIT] = waited_ms
    signs = len(opened.gallery.exemplars.signs)
    among = opened.signs.fitting(question.filter) if signs else None
    try:
        said = searcher.answer(
            question.clips,
            min(question.count, signs or len(opened.gallery)),
            # Who signs with the other hand asks with the very same embedding, as far as it is known
            # which hand is which; where that is guessed, six in a hundred get another first sign.
            mirror=True,
            among=among,
            stages=stages,
        )
    except LayoutError:
        layout = opened.gallery.card.model.layout
        raise Refused(
            422, "layout", f"This dictionary is of layout {layout}, and can be asked with it alone."
        ) from None
    return _Found(opened, said, None if among is None else len(among), stages)


def _drawn(service: Service, question: Question, found: _Found) -> Answer:
    return shown(
        found.said,
        found.opened,
        question.clips,
        question.ids,
        answer_id=new_id(),
        filtered=found.among,
        films=service.films,
        has_video=service.own_videos.has,
        stages=found.stages,
    )
