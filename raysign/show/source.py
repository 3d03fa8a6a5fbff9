"""Where the clip comes from."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from shlex import quote

from raysign.clip import Clip
from raysign.config import ExtractConfig, SyntheticConfig, resolve
from raysign.datasets.pose_files import SUFFIX, UNKNOWN, read_pose
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.sources import SYNTHETIC, clip_ids, parse_selection
from raysign.store import read_clip
from raysign.store.about import read_about
from raysign.store.opening import locate
from raysign.synthetic import World

SHOWN_IDS = 5
EXAMPLE = "clip.gif"

_SYNTHETIC_ID = re.compile(r"syn(?P<language>[12])-(?P<sign>\d{6})-s(?P<signer>\d{2})")


def find_clip(source: str, clip_id: str | None = None) -> Clip:
    """The clip of that id in a store or in the ``synthetic`` world; or a ``.pose`` file.

    ``STORE:split`` is for a clip of that split.

    Raises:
        SealedSplitError: the clip is in the test split.
        SplitError: there is no such split.
        DataError: there is no such clip, it is in another split, or an id too many or too few.
        StoreError, LayoutError: a store that cannot be used.
    """
    if _is_file(source):
        if clip_id is not None:
            raise DataError(f"{source!r} is one clip: leave {clip_id!r} out")
        clip = read_pose(VideoClip(clip_id=Path(source).stem, path=source))
        known = (clip.width, clip.height) != (UNKNOWN, UNKNOWN)
        return clip if known else replace(clip, width=None, height=None)
    if clip_id is None:
        raise DataError(f"which clip of {source!r}? `raysign data ids {source}` lists them")
    store, split = parse_selection(source)
    clip = _synthetic(clip_id) if store == SYNTHETIC else read_clip(store, clip_id)
    if split not in (None, clip.split):
        raise DataError(
            f"clip {clip_id!r} of {store!r} is in {clip.split or 'no split'}, not in {split}; "
            f"type raysign show {store} {clip_id}"
        )
    return clip


def ask(source: str, clip_id: str | None, out: str | None) -> str:
    """``out``; ``DataError`` where it or the clip is not named, with a command that names both."""
    show = f"raysign show {quote(source)}"
    if clip_id is not None or _is_file(source):
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
    if _is_file(source):
        return None
    filesystem, folder = locate(parse_selection(source)[0])
    about = read_about(filesystem, folder.rstrip("/"))
    if about is None:
        return None
    settings = about["extractor"]["settings"]
    return resolve(ExtractConfig, {name: settings[name] for name in ("crop", "rotation")})


def _is_file(source: str) -> bool:
    return source.endswith(SUFFIX) and not Path(source).is_dir()


def _synthetic(clip_id: str) -> Clip:
    if (name := _SYNTHETIC_ID.fullmatch(clip_id)) is None:
        raise DataError(
            f"the synthetic world has no clip {clip_id!r}; they are named as syn1-000007-s02 is"
        )
    world = World(SyntheticConfig(language=1 if name["language"] == "1" else 2))
    return world.clip(world.sign(int(name["sign"])), world.signer(int(name["signer"])))
