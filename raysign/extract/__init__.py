"""Videos become landmarks. The only room that knows MediaPipe.

:class:`Extractor` looks at videos in a process of its own, one at a time, so that a decoder that
crashes costs one clip; :func:`extract_clip` does it in this process. Either gives an
:class:`Extracted`: the clip, and the outcome that says how it went. :class:`LiveExtractor` looks at
a camera's pictures while they are taken, in a process of its own too; :func:`clip_of` makes their
clip. :func:`made_with` says everything that decides about landmarks, and :func:`fingerprint` names
it.

    with Extractor(ExtractConfig()) as extractor:
        for video in videos:
            extracted = extractor.extract(video)
"""

from raysign.extract.backend import chosen_backend, fingerprint, made_with, within_reach
from raysign.extract.clip import extract_clip
from raysign.extract.extractor import Extractor
from raysign.extract.landmarker import Landmarker, Landmarks, open_landmarker
from raysign.extract.live import LiveExtractor, clip_of
from raysign.extract.outcome import Extracted
from raysign.extract.seen import Seen

__all__ = [
    "Extracted",
    "Extractor",
    "Landmarker",
    "Landmarks",
    "LiveExtractor",
    "Seen",
    "chosen_backend",
    "clip_of",
    "extract_clip",
    "fingerprint",
    "made_with",
    "open_landmarker",
    "within_reach",
]
