"""What is searched: the dictionary, its signs, their clips."""

import asyncio
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse

from raysign.clip import USUAL_FPS
from raysign.gallery import Exemplar
from raysign.search.alignment import signing
from raysign.search.page import name_of
from raysign.serve.api.given import ClipId, Given
from raysign.serve.ask.described import described
from raysign.serve.guard import is_owner
from raysign.serve.opened import Opened
from raysign.serve.owner.own_videos import MEDIA_TYPES
from raysign.serve.owner.quality import share_seen
from raysign.serve.problems import Refused
from raysign.serve.words import ClipEntry, Clips, Dictionary, Film, Signs

router = APIRouter(tags=["dictionary"])
MOST_LISTED = 500


@router.get("/dictionary")
async def dictionary(request: Request, service: Given) -> Dictionary:
    """See what is searched, how it is drawn, and what is refused."""
    return await service.desk.ask(lambda opened: described(service, opened, is_owner(request)))


@router.get("/signs")
async def signs(
    service: Given,
    find: Annotated[str, Query(max_length=200)] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
) -> Signs:
    """List signs in order of the alphabet; ``find``: those whose word holds it."""

    def listed(opened: Opened) -> Signs:
        wanted = find.strip().casefold()
        found = [entry for entry in opened.entries if wanted in entry.sign.casefold()]
        return Signs(total=len(found), signs=tuple(found[offset : offset + limit]))

    return await service.desk.ask(listed)


@router.get("/clips")
async def clips(service: Given, sign: Annotated[str, Query(max_length=1000)]) -> Clips:
    """List a sign's exemplars."""

    def listed(opened: Opened) -> Clips:
        rows = opened.rows_of(sign)[:MOST_LISTED]
        if not len(rows):
            raise Refused(404, "no_sign", "There is no such sign in this dictionary.")
        exemplars = opened.gallery.exemplars.at(rows)
        has = service.own_videos.has
        return Clips(
            clips=tuple(
                clip_entry(opened, row, one, video=has(opened.name_of(row)))
                for row, one in zip(rows.tolist(), exemplars, strict=True)
            )
        )

    service.own_videos.refresh()
    return await service.desk.ask(listed)


@router.get("/film")
async def film(service: Given, clip_id: ClipId) -> Film:
    """See an exemplar move, as a skeleton."""
    opened = service.desk.opened

    def drawn() -> Film:
        row = row_of(opened, clip_id)
        clip = opened.gallery.clip(row)
        if clip is None:
            raise Refused(404, "no_film", "This dictionary keeps no landmarks of that clip.")
        return service.films.film(opened, row, signing(clip))

    # A list of a sign's clips asks for all of their films: searches need not wait for them.
    return await asyncio.get_running_loop().run_in_executor(service.threads, drawn)


@router.get("/video", response_class=FileResponse)
async def video(service: Given, clip_id: ClipId) -> FileResponse:
    """See an exemplar's own video, where the owner shows them."""

    def found(opened: Opened) -> Path | None:
        row_of(opened, clip_id)
        return service.own_videos.of(clip_id)

    service.own_videos.refresh()
    path = await service.desk.ask(found)
    if path is None:
        raise Refused(404, "no_video", "There is no video of that clip.")
    kind = MEDIA_TYPES.get(path.suffix.lower(), "application/octet-stream")
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})


def row_of(opened: Opened, clip_id: str) -> int:
    """Where a clip stands; ``Refused`` where there is none."""
    row = opened.row_of(clip_id)
    if row is None:
        raise Refused(404, "no_clip", "There is no such clip in this dictionary.")
    return row


def clip_entry(opened: Opened, row: int, exemplar: Exemplar, *, video: bool) -> ClipEntry:
    """An exemplar as it is listed."""
    clip = opened.gallery.clip(row)
    return ClipEntry(
        clip_id=opened.name_of(row),
        sign=exemplar.sign,
        signer=exemplar.signer,
        source=name_of(exemplar.source),
        seconds=None if clip is None else len(clip.xyz) / (clip.fps or USUAL_FPS),
        hands_seen=None if clip is None else share_seen(clip),
        video=video,
    )
