"""Where the clip comes from."""

from __future__ import annotations

import re
from pathlib import Path

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.datasets.pose_files import SUFFIX, read_pose
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.sources import SYNTHETIC, parse_selection
from raysign.store import read_clip
from raysign.synthetic import World

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
    if source.endswith(SUFFIX) and not Path(source).is_dir():
        if clip_id is not None:
            raise DataError(f"{source!r} is one clip: leave {clip_id!r} out")
        return read_pose(VideoClip(clip_id=Path(source).stem, path=source))
    if clip_id is None:
        raise DataError(f"which clip of {source!r}? type raysign show {source} CLIP_ID")
    store, split = parse_selection(source)
    clip = _synthetic(clip_id) if store == SYNTHETIC else read_clip(store, clip_id)
    if split not in (None, clip.split):
        raise DataError(
            f"clip {clip_id!r} of {store!r} is in {clip.split or 'no split'}, not in {split}; "
            f"type raysign show {store} {clip_id}"
        )
    return clip


def _synthetic(clip_id: str) -> Clip:
    if (name := _SYNTHETIC_ID.fullmatch(clip_id)) is None:
        raise DataError(
            f"the synthetic world has no clip {clip_id!r}; they are named as syn1-000007-s02 is"
        )
    world = World(SyntheticConfig(language=1 if name["language"] == "1" else 2))
    return world.clip(world.sign(int(name["sign"])), world.signer(int(name["signer"])))
