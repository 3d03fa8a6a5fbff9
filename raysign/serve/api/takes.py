"""Uploaded videos, and what is kept of them and of recordings."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, Request

from raysign.clip import Clip
from raysign.serve.api.given import Given
from raysign.serve.dictionary import Service
from raysign.serve.takes.uploads import shown_name
from raysign.serve.words import Take

router = APIRouter(tags=["takes"])
VIDEO_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("video/*", "application/octet-stream")
        },
    }
}
"""Read as it streams in, so that FastAPI does not know of it."""


async def landmarks_of(
    request: Request,
    service: Service,
    start_s: float | None = None,
    end_s: float | None = None,
) -> tuple[Clip, float]:
    """Of the video that a request's body is, or of a part of it; and in how many ms, once it came.

    Raises:
        Refused: see :class:`~raysign.serve.takes.Uploads` and :class:`~raysign.serve.takes.Videos`.
    """
    service.videos.check_line()
    size = request.headers.get("content-length", "")
    body, length = request.stream(), int(size) if size.isdecimal() else None
    async with service.uploads.received(body, length) as path:
        began_s = time.perf_counter()
        with service.videos.place():
            clip = await service.videos.look(path, start_s, end_s)
    return clip, 1000 * (time.perf_counter() - began_s)


@router.post("/videos", status_code=201, openapi_extra=VIDEO_BODY)
async def upload(
    request: Request,
    service: Given,
    x_file_name: Annotated[
        str, Header(description="The file's name, percent-encoded; it is only shown.")
    ] = "",
) -> Take:
    """Send a video; it is looked at and deleted, and its landmarks become a take."""
    clip, landmarks_ms = await landmarks_of(request, service)
    return await service.keep(clip, "file", shown_name(x_file_name), landmarks_ms)


@router.get("/takes/{take_id}")
async def take(take_id: str, service: Given) -> Take:
    """See what is kept of a recording."""
    return service.takes.get(take_id).take


@router.delete("/takes/{take_id}", status_code=204)
async def forget(take_id: str, service: Given) -> None:
    """Forget a take at once."""
    service.takes.forget(take_id)
