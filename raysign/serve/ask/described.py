"""A dictionary in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from raysign.draw import player
from raysign.search.page import name_of
from raysign.serve.made_up import NOTE
from raysign.serve.words import Dictionary, Limits, ModelWords, Skeleton
from raysign.skeleton import HOLISTIC75, layout_named

if TYPE_CHECKING:
    from raysign.serve.dictionary import Service
    from raysign.serve.opened import Opened

NEVER_MEASURED = (
    "how often this dictionary is right was never measured, so it says how near a sign is, and not "
    "how sure"
)
OUTGROWN = (
    "the percentages are rough: this dictionary has changed a lot since they were measured, and "
    "its owner can measure them again"
)


def described(service: Service, opened: Opened, owner: bool) -> Dictionary:
    """What whoever asks may know of it; ``owner``: whether they may change it."""
    settings, gallery = service.settings, opened.gallery
    card, bundle = gallery.card, opened.searcher.bundle
    notes = [*([NOTE] if service.synthetic else []), *notes_on(opened)]
    return Dictionary(
        name=gallery.folder.resolve().name,
        signs=card.counts.signs,
        clips=card.counts.clips,
        signers=card.counts.signers,
        calibrated=card.confidence is not None,
        keeps_landmarks=card.files.landmarks is not None,
        keeps_queries=service.queries.wanted,
        owner=owner,
        synthetic=service.synthetic,
        handshapes=opened.signs.handshapes(),
        locations=opened.signs.locations(),
        phonology_of=opened.signs.known,
        model=ModelWords(
            name=name_of(card.model.name),
            layout=card.model.layout,
            licence=str(bundle.card.get("licence") or ""),
            weights_sha256=card.model.weights_sha256,
        ),
        sources=tuple(map(name_of, card.sources)),
        limits=Limits(
            upload_bytes=settings.upload_bytes,
            picture_bytes=settings.picture_bytes,
            pixels=settings.pixels,
            seconds=settings.longest_video_s,
        ),
        skeleton=skeleton(),
        drawing=player.drawing(layout_named(card.model.layout)),
        inks=player.hand_colours(),
        notes=tuple(notes),
    )


def notes_on(opened: Opened) -> tuple[str, ...]:
    """What to bear in mind of every answer, for whoever asks."""
    card = opened.gallery.card
    if card.confidence is None:
        return (NEVER_MEASURED,)
    return (OUTGROWN,) if card.outgrown else ()


def skeleton() -> Skeleton:
    """How a camera's landmarks are drawn live: all joints but those of the legs have bones."""
    names = HOLISTIC75.joints

    def side(name: str) -> Literal["left", "right", "body"]:
        hand = name.partition("_hand_")[0]
        return "left" if hand == "left" else "right" if hand == "right" else "body"

    drawn = HOLISTIC75.only("signing").joints
    return Skeleton(
        joints=names,
        bones=tuple(
            bone for bone in HOLISTIC75.bones if all(names[joint] in drawn for joint in bone)
        ),
        sides=tuple(map(side, names)),
    )
