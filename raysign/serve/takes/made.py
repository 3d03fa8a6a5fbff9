"""A clip becomes a take, or it is said why it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from raysign.clip import USUAL_FPS
from raysign.errors import DataError, LayoutError
from raysign.search.feedback import remarks_on
from raysign.search.look import Look
from raysign.search.query import check_query, for_layout
from raysign.search.staging import film_of
from raysign.serve.problems import Refused
from raysign.serve.takes.activity import activity_of
from raysign.serve.takes.kept import Kept, new_id
from raysign.serve.words import Film, Remark, Take

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.search.answer import Remark as Said

Kind = Literal["camera", "file"]
NO_PERSON = "Nobody was found in this recording: film one person from the front, in good light, "
NO_PERSON += "with head and both hands in the picture."
NO_HANDS = "No hand was found in this recording, and signs are told by the hands: film in good "
NO_HANDS += "light, with both hands in the picture."
ONE_FRAME = "This recording is a single picture, and a sign is a movement: give a video that shows "
ONE_FRAME += "it from its beginning to its end."


def take_of(
    clip: Clip,
    *,
    kind: Kind,
    name: str,
    landmarks_ms: float,
    expires_s: float,
    layout: str | None = None,
) -> Kept:
    """The take of a recording.

    Args:
        clip: its landmarks.
        kind: where it comes from.
        name: the file's, as it was given.
        landmarks_ms: from the recording's end to its last landmark.
        expires_s: until it is forgotten, if nobody asks with it.
        layout: that it is drawn in; None = its own.

    Raises:
        Refused: nothing can be asked with it.
    """
    check(clip)
    look, fps = Look.at(clip), clip.fps or USUAL_FPS
    signing = look.signing
    take = Take(
        id=new_id(),
        kind=kind,
        name=name,
        seconds=len(clip.xyz) / fps,
        fps=fps,
        frames=len(clip.xyz),
        width=clip.width or 1,
        height=clip.height or 1,
        film=Film(**film_of(_drawn(clip, layout)).as_json()),
        activity=activity_of(clip),
        signing=(signing.start / fps, signing.stop / fps),
        remarks=tuple(map(remark_of, remarks_on(look))),
        landmarks_ms=landmarks_ms,
        expires_s=expires_s,
    )
    return Kept(take, clip)


def _drawn(clip: Clip, layout: str | None) -> Clip:
    """In a layout, where the clip has its joints."""
    try:
        return clip if layout is None else for_layout(clip, layout)
    except LayoutError:
        return clip


def check(clip: Clip) -> None:
    """``Refused`` where a clip cannot ask anything: in a person's words, where there are some."""
    look = Look.at(clip)
    if len(clip.xyz) < 2:
        raise Refused(422, "too_short", ONE_FRAME)
    if not look.hand.any():
        somebody = look.body_seen
        raise Refused(422, *(("no_hands", NO_HANDS) if somebody else ("no_person", NO_PERSON)))
    try:
        check_query(clip)
    except DataError as error:
        raise Refused(422, "not_usable", f"Nothing can be asked with this: {error}.") from None


def remark_of(said: Said) -> Remark:
    """As the API says it."""
    return Remark(kind=said.kind, text=said.text, level=said.level, take=said.take)
