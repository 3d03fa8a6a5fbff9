"""Where the clip comes from."""

from __future__ import annotations

import re
from pathlib import Path

from raysign.clip import Clip
from raysign.config import SyntheticConfig
from raysign.datasets.pose_files import SUFFIX, read_pose
from raysign.errors import DataError
from raysign.manifest import VideoClip
from raysign.sources import SYNTHETIC
from raysign.store import read_clip
from raysign.synthetic import World

_SYNTHETIC_ID = re.compile(r"syn(?P<language>[12])-(?P<sign>\d{6})-s(?P<signer>\d{2})")


def find_clip(source: str, clip_id: str | None = None) -> Clip:
    """The clip of that id in a store or in the ``synthetic`` world; or a ``.pose`` file.

    Raises:
        SealedSplitError: the clip is in the test split.
        DataError: there is no such clip, or an id too many or too few.
        StoreError, LayoutError: a store that cannot be used.
    """
    if source.endswith(SUFFIX) and not Path(source).is_dir():
        if clip_id is not None:
            raise DataError(f"{source!r} is one clip: leave {clip_id!r} out")
        return read_pose(VideoClip(clip_id=Path(source).stem, path=source))
    if clip_id is None:
        raise DataError(f"which clip of {source!r}? type raysign show {source} CLIP_ID")
    if source != SYNTHETIC:
        return read_clip(source, clip_id)
    if (name := _SYNTHETIC_ID.fullmatch(clip_id)) is None:
        raise DataError(
            f"the synthetic world has no clip {clip_id!r}; they are named as syn1-000007-s02 is"
        )
    world = World(SyntheticConfig(language=1 if name["language"] == "1" else 2))
    return world.clip(world.sign(int(name["sign"])), world.signer(int(name["signer"])))
