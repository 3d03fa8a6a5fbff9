"""One search, from clips to an answer with its films."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysign.errors import DataError, LayoutError
from raysign.search.stages import Stages
from raysign.serve.ask.shown import shown
from raysign.serve.problems import Refused
from raysign.serve.takes.kept import new_id
from raysign.serve.words import Answer, Filter

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.serve.dictionary import Service
    from raysign.serve.opened import Opened

LOG = logging.getLogger("raysign.serve")
NO_FILTER = Filter()
LANDMARKS = "landmarks"
"""The first stage: what a person waits for after the recording's end."""


@dataclass(frozen=True, eq=False)
class Question:
    """What somebody asks."""

    clips: Sequence[Clip]
    """Recordings of one sign."""
    ids: Sequence[str]
    """Of their takes; '' of others."""
    count: int
    filter: Filter = NO_FILTER
    keep: bool = False
    """Whether the person agrees that it is kept."""
    waited_ms: float | None = None
    """From the recording's end to its last landmark; None where nobody waited for it now."""


async def ask(service: Service, question: Question) -> Answer:
    """The answer, in the search thread's turn.

    Raises:
        Refused: 422 ``layout``: the dictionary is of other joints than the recording has.
    """
    answer = await service.desk.ask(lambda opened: _answer(service, opened, question))
    if not (question.keep and service.queries.wanted):
        return answer
    loop, keep = asyncio.get_running_loop(), service.queries.keep
    try:
        await loop.run_in_executor(service.threads, keep, question.clips, answer)
    except DataError as error:  # the answer is there all the same
        LOG.error("a query was not kept: %s", error)
        return answer
    return answer.model_copy(update={"kept": True})


def _answer(service: Service, opened: Opened, question: Question) -> Answer:
    searcher, stages = opened.searcher, Stages()
    if question.waited_ms is not None:
        stages.ms[LANDMARKS] = question.waited_ms
    signs = len(opened.gallery.exemplars.signs)
    among = opened.signs.fitting(question.filter) if signs else None
    try:
        said = searcher.answer(
            question.clips,
            min(question.count, signs or len(opened.gallery)),
            # Who signs with the other hand asks with the very same embedding.
            mirror=True,
            among=among,
            stages=stages,
        )
    except LayoutError:
        layout = opened.gallery.card.model.layout
        raise Refused(
            422, "layout", f"This dictionary is of layout {layout}, and can be asked with it alone."
        ) from None
    return shown(
        said,
        opened,
        question.clips,
        question.ids,
        answer_id=new_id(),
        filtered=None if among is None else len(among),
        has_video=service.own_videos.has,
        stages=stages,
    )
