"""Extraction in this process's own child, one clip after the other: no Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from raysign.extract import Extractor
from raysign.pipeline.reach import extract

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from raysign.config import ExtractConfig
    from raysign.extract import Extracted
    from raysign.manifest import VideoClip


def in_process(
    rows: Iterable[tuple[int, VideoClip]], config: ExtractConfig
) -> Iterator[tuple[int, Extracted]]:
    """What comes out of each row, in their order."""
    with Extractor(config) as extractor:
        for number, row in rows:
            yield number, extract(extractor, row)
