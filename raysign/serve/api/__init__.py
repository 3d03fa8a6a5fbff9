"""The API's routes, but for health and metrics."""

from fastapi import APIRouter

from raysign.serve.api.dictionary import router as dictionary
from raysign.serve.api.owner import router as owner
from raysign.serve.api.recordings import router as recordings
from raysign.serve.api.search import router as search
from raysign.serve.api.takes import router as takes

PREFIX = "/api/v1"


def routers() -> list[APIRouter]:
    """All of them, under ``/api/v1``."""
    gathered = APIRouter(prefix=PREFIX)
    for part in (dictionary, recordings, takes, search, owner):
        gathered.include_router(part)
    return [gathered]
