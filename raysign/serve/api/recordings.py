"""A camera's recording: begun, fed with pictures, ended."""

import json
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from raysign.serve.api.given import Given
from raysign.serve.problems import Refused
from raysign.serve.words import Live, Recording, Take

router = APIRouter(prefix="/recordings", tags=["recordings"])


@router.post("", status_code=201)
async def begin(service: Given) -> Recording:
    """Begin a recording; there is a place for a few at once."""
    return await service.cameras.begin()


@router.post("/{recording_id}/frames")
async def frames(
    recording_id: str,
    service: Given,
    frames: Annotated[list[UploadFile], File(description="JPEG pictures, in their order.")],
    times_ms: Annotated[
        str, Form(description="JSON list of numbers: milliseconds since the recording's start.")
    ],
    number: Annotated[
        int | None,
        Form(
            ge=0,
            description="Of this request among the recording's, from 0: one that overtakes another "
            "waits for it. If not given, requests are taken as they come.",
        ),
    ] = None,
) -> Live:
    """Send pictures, and learn what they show. They are looked at and forgotten."""
    times, limits = _times(times_ms), service.settings
    if len(frames) > limits.pictures:
        raise Refused(
            422, "too_many", f"Send at most {limits.pictures} pictures at once, got {len(frames)}."
        )
    jpegs = [await picture.read(limits.picture_bytes + 1) for picture in frames]
    if any(len(jpeg) > limits.picture_bytes for jpeg in jpegs):
        raise Refused(
            413, "too_large", f"A picture may have {limits.picture_bytes / 1e6:.0f} MB at most."
        )
    return await service.cameras.look(recording_id, jpegs, times, number)


@router.post("/{recording_id}/end")
async def end(recording_id: str, service: Given) -> Take:
    """End a recording: it becomes a take, once its last picture is looked at."""
    clip, landmarks_ms = await service.cameras.end(recording_id)
    return await service.keep(clip, "camera", "", landmarks_ms)


@router.delete("/{recording_id}", status_code=204)
async def forget(recording_id: str, service: Given) -> None:
    """Forget a recording."""
    service.cameras.forget(recording_id)


def _times(text: str) -> list[float]:
    try:
        times = json.loads(text)
        if isinstance(times, list) and all(type(time) in (int, float) for time in times):
            return [float(time) for time in times]
    except (ValueError, OverflowError, RecursionError):  # not JSON, too large, too deep
        pass
    raise Refused(422, "not_understood", "times_ms must be a JSON list of numbers.")
