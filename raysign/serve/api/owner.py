"""What the owner alone may do, and what a dictionary looks like to them."""

import secrets
from dataclasses import replace

from fastapi import APIRouter, Depends

from raysign.gallery import Exemplar
from raysign.serve.api.dictionary import clip_entry
from raysign.serve.api.given import ClipId, Given
from raysign.serve.ask.given import part_of
from raysign.serve.guard import owner
from raysign.serve.opened import Opened
from raysign.serve.owner.changes import SOURCE
from raysign.serve.problems import Refused
from raysign.serve.words import ClipEntry, NewClip, Quality, SignMap

router = APIRouter(tags=["owner"])
OWNER = [Depends(owner)]
ID_BYTES = 6


@router.post("/clips", status_code=201, dependencies=OWNER)
async def add(new: NewClip, service: Given) -> ClipEntry:
    """Make a take, or a part of it, an exemplar of a sign."""
    sign, signer = named(new.sign), named(new.signer)
    clip_id = named(new.clip_id) or f"{SOURCE}-{secrets.token_hex(ID_BYTES)}"
    if not sign:
        raise Refused(422, "no_name", "A clip needs the word of its sign.")
    kept = service.takes.get(new.take.id)
    clip = part_of(kept.clip, new.take)
    clip = replace(clip, clip_id=clip_id, sign=sign, signer=signer, confidence=None)
    await service.changes.add(clip)

    def entry(opened: Opened) -> ClipEntry:
        row = opened.row_of(clip_id)
        if row is None:  # removed again by somebody else
            raise Refused(409, "changing", "Somebody else changed this dictionary meanwhile.")
        exemplar = Exemplar(clip_id, sign, signer, "", SOURCE)
        return clip_entry(opened, row, exemplar, video=service.own_videos.has(clip_id))

    return await service.desk.ask(entry)


@router.delete("/clips", status_code=204, dependencies=OWNER)
async def remove(clip_id: ClipId, service: Given) -> None:
    """Take an exemplar out of the dictionary."""
    await service.changes.remove(clip_id)


@router.get("/map")
async def sign_map(service: Given) -> SignMap:
    """See which signs look alike."""
    return await service.views.map()


@router.get("/quality")
async def quality(service: Given) -> Quality:
    """See how good the exemplars are, and which signs are taken for each other."""
    return await service.views.quality()


def named(text: str) -> str:
    """A name as it is kept: one line, without what cannot be shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
