"""Serve no dictionary at all: python server_process.py SETTINGS_AS_JSON.

What the frame does is the same for every dictionary, so this one knows nothing: its routes read
what they are sent, and break in every way that the frame has to bear. Prints its address once it
answers.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

from raysign.errors import GalleryError, VideoError
from raysign.serve.app import create_app
from raysign.serve.guard import is_owner, owner
from raysign.serve.problems import Refused
from raysign.serve.settings import ServeSettings
from raysign.serve.words import Health, SearchTakes

SECRET = "/srv/private/gallery"
router, broken = APIRouter(), APIRouter(prefix="/breaks")


class Nothing:
    """A dictionary without signs."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings

    def health(self) -> Health:
        return Health(version="0", signs=0, clips=0)

    def figures(self) -> dict[str, float]:
        return {"raysign_live_cameras": 3}

    def close(self) -> None:
        print("closed", flush=True)


@router.post("/api/v1/videos", status_code=201)
async def upload(request: Request) -> dict[str, int | str]:
    """How much came, and from whom."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"bytes": size, "name": request.headers.get("x-file-name", "")}


@router.post("/api/v1/recordings/{id}/frames")
async def frames(id: str, request: Request) -> dict[str, int]:
    form = await request.form()
    return {"files": len(form.getlist("frames"))}


@router.post("/api/v1/search")
async def search(asked: SearchTakes) -> dict[str, int]:
    return {"takes": len(asked.takes)}


@broken.get("/{how}")
async def breaks(how: str) -> StreamingResponse:
    """Go wrong."""

    async def halves() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError(SECRET)

    if how == "hangs":
        await asyncio.sleep(600)
    if how == "late":
        return StreamingResponse(halves())
    raise {
        "bug": RuntimeError(SECRET),
        "gallery": GalleryError(SECRET),
        "video": VideoError(SECRET),
        "refused": Refused(503, "busy", "All places are\ntaken.", 1.2),
    }[how]


@router.get("/api/v1/role")
async def role(request: Request) -> dict[str, bool]:
    return {"owner": is_owner(request)}


@router.get("/api/v1/process")
async def process() -> dict[str, int]:
    return {"process": os.getpid()}


@router.delete("/api/v1/clips", dependencies=[Depends(owner)])
async def remove() -> dict[str, bool]:
    return {"removed": True}


nested = APIRouter(prefix="/api/v1")
nested.include_router(broken)


def make_app(settings: ServeSettings) -> FastAPI:
    return create_app(Nothing(settings), [router, nested])


if __name__ == "__main__":
    settings = ServeSettings.model_validate_json(sys.argv[1])
    if settings.replicas:
        from server_process import make_app  # by its name: routes cannot be sent to another process

        from raysign.serve.cluster import serve_replicas as serve
    else:
        from raysign.serve.run import serve
    try:
        serve(settings, lambda url: print(url, flush=True), make_app)
    except KeyboardInterrupt:
        sys.exit(130)
