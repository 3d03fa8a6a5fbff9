"""The API's routes, answered at once."""

import asyncio
import io
import json
from dataclasses import replace
from typing import Annotated
from urllib.parse import unquote

import made_up
import numpy as np
from fastapi import APIRouter, Depends, Form, Request, UploadFile
from fastapi.responses import Response
from PIL import Image
from state import Fake

from raysign.draw import player
from raysign.serve.guard import is_owner, owner
from raysign.serve.problems import Refused
from raysign.serve.words import (
    Answer,
    ClipEntry,
    Clips,
    Dictionary,
    Film,
    Limits,
    Live,
    LiveFrame,
    MapPoint,
    ModelWords,
    NewClip,
    Quality,
    Recording,
    Remark,
    SearchTakes,
    SignMap,
    Signs,
    Skeleton,
    Take,
)
from raysign.skeleton import HOLISTIC75


def given(request: Request) -> Fake:
    """The fake behind a request."""
    service: Fake = request.app.state.service
    service.sessions.add(request.headers.get("x-session-id", ""))
    return service


Given = Annotated[Fake, Depends(given)]
api = APIRouter(prefix="/api/v1")
owned = [Depends(owner)]


@api.get("/dictionary")
def dictionary(fake: Given, request: Request) -> Dictionary:
    mood, settings = fake.mood, fake.settings
    sides = {"left_hand": "left", "right_hand": "right"}
    return Dictionary(
        name="wlasl100",
        signs=len(fake.signs()),
        clips=len(fake.clips),
        signers=9,
        calibrated=mood.calibrated,
        keeps_landmarks=mood.films,
        keeps_queries=mood.keeps_queries,
        owner=mood.owner and is_owner(request),
        synthetic=mood.synthetic,
        handshapes=made_up.SHAPES if mood.phonology else (),
        locations=made_up.PLACES if mood.phonology else (),
        phonology_of=len(fake.signs()) - 3 if mood.phonology else 0,
        model=ModelWords(
            name="holistic75", layout="holistic75", licence="C-UDA", weights_sha256="0" * 64
        ),
        sources=("wlasl100:train",),
        limits=Limits(
            upload_bytes=settings.upload_bytes,
            picture_bytes=settings.picture_bytes,
            pixels=settings.pixels,
            seconds=settings.longest_video_s,
        ),
        skeleton=Skeleton(
            joints=HOLISTIC75.joints,
            bones=HOLISTIC75.bones,
            sides=tuple(
                next((side for part, side in sides.items() if name.startswith(part)), "body")
                for name in HOLISTIC75.joints
            ),
        ),
        drawing=player.drawing(HOLISTIC75),
        inks=player.hand_colours(),
        notes=("Its signs were recorded by 9 signers of American Sign Language.",),
    )


@api.post("/recordings", status_code=201)
def begin(fake: Given) -> Recording:
    if fake.mood.busy:
        raise Refused(503, "busy", "All places for cameras are taken; please try again soon.", 5)
    name = fake.name()
    fake.pictures[name] = []
    return Recording(id=name, longest_s=fake.settings.longest_recording_s)


@api.post("/recordings/{name}/frames")
async def look(
    fake: Given,
    name: str,
    frames: list[UploadFile],
    times_ms: Annotated[str, Form()],
    number: Annotated[int, Form()],
) -> Live:
    times = json.loads(times_ms)
    assert len(times) == len(frames)
    fake.pictures[name] += times
    fake.requests.append(number)
    for picture in frames:
        fake.sizes.append(Image.open(io.BytesIO(await picture.read())).size)
        await asyncio.sleep(fake.mood.picture_s)
    xyz = made_up.landmarks(made_up.SIGNED, 1)
    seen = (xyz[int(time / 1000 * made_up.FPS) % len(xyz), :, :2].tolist() for time in times)
    return Live(
        frames=tuple(
            LiveFrame(
                time_ms=time,
                points=tuple(None if np.isnan(x + y) else (x, y) for x, y in points),
            )
            for time, points in zip(times, seen, strict=True)
        ),
        hints=tuple(Remark(kind=kind, text=f"({kind})", level="hint") for kind in fake.mood.hints),
        behind=0,
    )


@api.post("/recordings/{name}/end")
def end(fake: Given, name: str) -> Take:
    if not fake.pictures[name]:
        raise Refused(422, "empty", "No picture came; please record again.")
    return keep(fake, "camera", "")


def keep(fake: Fake, kind: str, file: str, seconds: float = 0.0) -> Take:
    take = made_up.take(fake.name(), kind, file, seconds=seconds, remarks=fake.mood.remarks)
    fake.takes[take.id] = take
    return take


@api.delete("/recordings/{name}", status_code=204)
def call_off(fake: Given, name: str) -> None:
    fake.pictures.pop(name, None)


@api.post("/videos", status_code=201)
async def video(fake: Given, request: Request) -> Take:
    async for _ in request.stream():
        pass
    await asyncio.sleep(fake.mood.video_s)
    if fake.mood.refused:
        raise Refused(422, "not_a_video", fake.mood.refused)
    return keep(fake, "file", unquote(request.headers["x-file-name"]), fake.mood.seconds)


@api.delete("/takes/{name}", status_code=204)
def forget(fake: Given, name: str) -> None:
    fake.takes.pop(name, None)


@api.post("/search")
async def search(fake: Given, question: SearchTakes) -> Answer:
    mood, wanted = fake.mood, question.filter
    fake.searches.append(question)
    await asyncio.sleep(mood.search_s)
    if mood.gone or any(part.id not in fake.takes for part in question.takes):
        raise Refused(410, "gone", "That recording is gone; please record again.")
    left = [
        word
        for word in sorted(fake.signs(), key=lambda word: (word != made_up.SIGNED, word))
        if (made := made_up.phonology(word))
        and made.handshape in (wanted.handshape or made_up.SHAPES)
        and made.location in (wanted.location or made_up.PLACES)
        and made.hands in (wanted.hands or ("one", "two"))
    ]
    none = 0.83 if mood.unknown else 0.04
    shares = (1 - none) * np.array([0.96, 0.02, 0.01, *[0.0001] * 100])
    found = tuple(
        made_up.found(
            word,
            place,
            float(shares[place]) if mood.calibrated else None,
            fake.clips_of(word),
            films=mood.films,
            video=mood.videos and place < 2,
        )
        for place, word in enumerate(left[: question.count])
    )
    verdict = "No sign was found"
    if found and not mood.calibrated:
        verdict = f"Nearest: {found[0].sign}"
    elif found:
        verdict = f"{found[0].words.capitalize()}: {found[0].sign}"
        verdict = "Probably not in this dictionary" if mood.unknown else verdict
    return Answer(
        id="a1",
        verdict=verdict,
        signs=found,
        none_of_these=none if mood.calibrated else None,
        unknown=mood.unknown,
        remarks=tuple(
            made_up.REMARKS[kind].model_copy(update={"take": 1 + place})
            for place in range(len(question.takes))
            for kind in mood.remarks
        ),
        notes=mood.notes,
        asked=tuple(made_up.asked(part.id, n) for n, part in enumerate(question.takes)),
        stages_ms={"landmarks": 180.0, "prepare": 4.2, "embed": 21.0, "search": 9.1},
        total_ms=214.3,
        of_signs=len(left),
        kept=question.keep and mood.keeps_queries,
    )


@api.get("/signs")
def signs(fake: Given, find: str = "", offset: int = 0, limit: int = 50) -> Signs:
    named = [word for word in fake.signs() if find.lower() in word.lower()]
    shown = named[offset : offset + limit]
    return Signs(
        total=len(named), signs=tuple(made_up.entry(word, fake.clips_of(word)) for word in shown)
    )


@api.get("/clips")
def clips(fake: Given, sign: str) -> Clips:
    return Clips(
        clips=tuple(
            made_up.clip(clip_id, word, str(1 + n), video=fake.mood.videos)
            for n, (clip_id, word) in enumerate(fake.clips.items())
            if word == sign
        )
    )


@api.get("/film")
def film(fake: Given, clip_id: str) -> Film:
    if clip_id not in fake.clips:
        raise Refused(404, "not_found", "There is no such clip.")
    return made_up.film(fake.clips[clip_id], 2 + len(clip_id) % 3)


@api.get("/video")
def video_of(fake: Given, clip_id: str) -> Response:
    if not fake.mood.codec:
        raise Refused(404, "not_found", "There is no video of this clip.")
    return Response(made_up.video(fake.mood.codec), media_type="video/mp4")


@api.post("/clips", status_code=201, dependencies=owned)
def add(fake: Given, new: NewClip) -> ClipEntry:
    clip_id = new.clip_id or f"{new.sign}-{fake.name()}"
    if clip_id in fake.clips:
        raise Refused(409, "taken", "There is a clip of that name already.")
    fake.clips[clip_id] = new.sign
    if fake.mood.lost:
        fake.mood = replace(fake.mood, lost=False)
        raise Refused(503, "busy", "The answer got lost.")
    return made_up.clip(clip_id, new.sign, new.signer)


@api.delete("/clips", status_code=204, dependencies=owned)
def remove(fake: Given, clip_id: str) -> None:
    del fake.clips[clip_id]


@api.get("/map")
def sign_map(fake: Given) -> SignMap:
    rng = np.random.default_rng(0)
    signs = fake.signs()
    places = rng.normal(size=(len(signs), 2)) + rng.integers(-2, 3, (len(signs), 2))
    points = (
        MapPoint(sign=word, x=float(x), y=float(y), clips=fake.clips_of(word))
        for word, (x, y) in zip(signs, places, strict=True)
    )
    return SignMap(points=tuple(points), how="t-SNE of the mean embedding of each sign.")


@api.get("/quality")
def quality(fake: Given) -> Quality:
    return made_up.QUALITY
