"""Which sign is it? Asked with takes, with landmarks, or with a video."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request

from raysign.clip import Clip
from raysign.serve.api.given import Given
from raysign.serve.api.takes import VIDEO_BODY, landmarks_of
from raysign.serve.ask.asking import Question, ask
from raysign.serve.ask.given import check_span, clip_from, part_of
from raysign.serve.dictionary import Service
from raysign.serve.problems import Refused
from raysign.serve.takes.made import check
from raysign.serve.words import MOST_SIGNS, Answer, SearchLandmarks, SearchTakes

router = APIRouter(prefix="/search", tags=["search"])
USUAL_SIGNS = SearchTakes.model_fields["count"].default
Moment = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]


@router.post("")
async def with_takes(asked: SearchTakes, request: Request, service: Given) -> Answer:
    """Ask with recordings or uploads; several recordings of one sign ask together."""
    kept = [service.takes.get(part.id) for part in asked.takes]
    if len(set(asked.takes)) < len(kept):
        raise Refused(422, "twice", "The same recording asks twice; record again for a second one.")
    clips = [part_of(one.clip, part) for one, part in zip(kept, asked.takes, strict=True)]
    new = [one.take.landmarks_ms for one in kept if not one.asked]
    question = Question(
        clips,
        [part.id for part in asked.takes],
        asked.count,
        asked.filter,
        [clip for clip, one in zip(clips, kept, strict=True) if asked.keep and not one.kept],
        waited_ms=new[-1] if new else None,
    )
    answer = await _asked(request, service, question)
    for one in kept:
        one.asked = True
        one.kept = one.kept or answer.kept
    kept_all = asked.keep and all(one.kept for one in kept)
    return answer.model_copy(update={"kept": kept_all})


@router.post("/landmarks")
async def with_landmarks(asked: SearchLandmarks, request: Request, service: Given) -> Answer:
    """Ask with landmarks, for programs that look at videos themselves."""

    def clips() -> list[Clip]:
        longest_s = service.settings.longest_video_s
        return [clip_from(clip, number, longest_s) for number, clip in enumerate(asked.clips, 1)]

    found = await asyncio.get_running_loop().run_in_executor(service.threads, clips)
    question = Question(found, [""] * len(found), asked.count, asked.filter)
    return await _asked(request, service, question)


@router.post("/video", openapi_extra=VIDEO_BODY)
async def with_video(
    request: Request,
    service: Given,
    count: Annotated[int, Query(ge=1, le=MOST_SIGNS)] = USUAL_SIGNS,
    start_s: Moment = None,
    end_s: Moment = None,
) -> Answer:
    """Ask with a video, or its part between two moments; nothing of it is kept."""
    check_span(start_s, end_s)
    clip, waited_ms = await landmarks_of(request, service, start_s, end_s)
    check(clip)
    return await _asked(request, service, Question([clip], [""], count, waited_ms=waited_ms))


async def _asked(request: Request, service: Service, question: Question) -> Answer:
    """The answer, counted."""
    metrics = request.app.state.metrics
    try:
        answer = await ask(service, question)
    except Refused:
        metrics.searched("refused", {})
        raise
    metrics.searched("none_of_these" if answer.unknown else "found", answer.stages_ms)
    return answer
