"""A manifest's path, wherever it is, in front of an extractor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from raysign.errors import StoreError
from raysign.extract import Extracted
from raysign.manifest import Outcome, is_uri
from raysign.store import local_copy

if TYPE_CHECKING:
    from raysign.extract import Extractor
    from raysign.manifest import VideoClip


def extract(extractor: Extractor, video: VideoClip) -> Extracted:
    """What comes out of a row whose path is local, or a URI of any Arrow filesystem."""
    if not is_uri(video.path):
        return extractor.extract(video)
    try:
        with local_copy(video.path, extractor.config.timeout_s) as path:
            found = extractor.extract(replace(video, path=path))
    except StoreError as error:
        outcome = Outcome(video.clip_id, video.path, "failed", str(error))
        return Extracted(None, outcome)
    return replace(found, outcome=replace(found.outcome, path=video.path))
