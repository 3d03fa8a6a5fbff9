"""Videos, decoded and written. The only room that knows PyAV.

:func:`open_video` streams a video's frames, one at a time, turned and cropped, at a constant rate;
:func:`write_mp4` writes pictures as a video. Local files only: nothing here opens a URL.

The message of a ``VideoError`` from reading is the plain reason, without the path: it is kept in
outcomes, which must not depend on where a copy of the video lay.
"""

from raysign.video.content import sha256
from raysign.video.frames import Frame, Frames, open_video
from raysign.video.grid import in_time
from raysign.video.opening import codec_of, decoder_version, files_of
from raysign.video.span import WHOLE, Span
from raysign.video.writing import write_mp4

__all__ = [
    "WHOLE",
    "Frame",
    "Frames",
    "Span",
    "codec_of",
    "decoder_version",
    "files_of",
    "in_time",
    "open_video",
    "sha256",
    "write_mp4",
]
