"""Where the clip comes from."""

from __future__ import annotations

from shlex import quote

from raysign import sources
from raysign.clip import Clip
from raysign.config import ExtractConfig, resolve
from raysign.errors import DataError
from raysign.sources import clip_ids, is_pose_file, parse_selection
from raysign.store import extracted_with

SHOWN_IDS = 5
EXAMPLE = "clip.gif"


def find_clip(source: str, clip_id: str | None = None) -> Clip:
    """The clip that is to be shown; see :func:`raysign.sources.find_clip`."""
    return sources.find_clip(
        source, clip_id, again=lambda store: f"type raysign show {store} {clip_id}"
    )


def ask(source: str, clip_id: str | None, out: str | None) -> str:
    """``out``; ``DataError`` where it or the clip is not named, with a command that names both."""
    show = f"raysign show {quote(source)}"
    if clip_id is not None or is_pose_file(source):
        if out is None:
            clip = "" if clip_id is None else f" {quote(clip_id)}"
            raise DataError(f"say where to: type {show}{clip} --out {EXAMPLE}, or .mp4, or .png")
        return out
    ids = clip_ids(source)
    some = ", ".join(ids[:SHOWN_IDS]) + (", …" if len(ids) > SHOWN_IDS else "")
    raise DataError(
        f"which clip of {source!r}? It has {some} (`raysign data ids {quote(source)}` lists all): "
        f"type {show} {quote(ids[0])} --out {quote(out or EXAMPLE)}"
    )


def extraction_of(source: str) -> ExtractConfig | None:
    """The crop and rotation that the clips of a store were extracted with, all else by default.

    None where no extraction made them. ``StoreError`` where what it left is damaged.
    """
    if is_pose_file(source):
        return None
    settings = extracted_with(parse_selection(source)[0])
    if settings is None:
        return None
    return resolve(ExtractConfig, {name: settings[name] for name in ("crop", "rotation")})
