"""Opening a video file, or saying plainly why it cannot be one."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from raysign.errors import VideoError
from raysign.video.sequence import is_sequence, sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

DECODE_ERRORS = (av.FFmpegError, OSError)
"""What PyAV raises on a damaged file."""

CONTAINERS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "ogg"),
    *("h264", "hevc", "m4v", "av1", "obu", "ivf", "vc1", "mjpeg", "dv", "mxf", "wtv", "rm", "nut"),
    *("gif", "apng", "yuv4mpegpipe"),
)
"""FFmpeg's names of what may be opened: files that hold their pictures themselves. A playlist
(``hls``, ``concat``, ``dash``) names other files, which whoever sends it need not be allowed to
read."""
MARKS = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the video with `git lfs pull`"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<?xml", "XML"),
    (b"%pdf", "a PDF"),
    (b"pk\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
)
"""How files begin that are often saved under a video's name, in lower case."""


def decoder_version() -> str:
    """FFmpeg's libraries that decide about pixels and their times, as text."""
    libraries = av.library_versions
    return " ".join(
        f"{name} {'.'.join(map(str, libraries[name]))}"
        for name in ("libavformat", "libavcodec", "libswscale")
    )


@contextmanager
def opened(
    path: str | Path, *, max_pixels: int | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The open file and its first video stream.

    FFmpeg decodes no picture of more than ``max_pixels``: memory is safe from a header that lies.

    Raises:
        VideoError: the reason that it is not a video that can be read.
    """
    check_file(path)
    try:
        if is_sequence(path):
            pictures = sequence(path)
            first = {"start_number": str(pictures.first)}
            container = av.open(pictures.pattern, mode="r", format="image2", options=first)
        else:
            # `file:` keeps FFmpeg from taking a name such as concat:a|b for a protocol.
            container = av.open(
                f"file:{os.fspath(path)}",
                mode="r",
                metadata_errors="replace",
                options={
                    "format_whitelist": ",".join(CONTAINERS),
                    "protocol_whitelist": "file",
                },
            )
    except DECODE_ERRORS:
        raise VideoError(what_it_is(files_of(path)[0])) from None
    with container:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic  # a song's cover
        ]
        if not streams:
            sound = (
                "it has sound but no picture" if container.streams.audio else "it has no picture"
            )
            raise VideoError(f"not a video: {sound}")
        if streams[0].codec_context is None:
            raise VideoError("its codec is unknown to FFmpeg")
        # With several threads, how much of a damaged file comes out is a matter of luck.
        streams[0].codec_context.thread_count = 1
        if max_pixels is not None:
            streams[0].codec_context.options = {"max_pixels": str(max_pixels)}
        yield container, streams[0]


def codec_of(path: str | Path) -> str:
    """FFmpeg's name of what a video is encoded with, such as ``h264``.

    ``VideoError`` where it is not a video that can be read.
    """
    with opened(path) as (_, stream):
        return str(stream.codec_context.codec.name)


def check_file(path: str | Path) -> os.stat_result:
    """The file's status; ``VideoError`` where there is no readable file with something in it.

    Of a sequence of pictures, the first one's.
    """
    path = files_of(path)[0]
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise VideoError("it is a directory")
        if not stat.S_ISREG(status.st_mode):
            raise VideoError("it is not a regular file")
        with open(path, "rb"):
            pass
    except FileNotFoundError:
        raise VideoError("no such file") from None
    except PermissionError:
        raise VideoError("permission denied") from None
    except OSError as error:
        raise VideoError(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL in the path
        raise VideoError("no such file") from None
    if status.st_size == 0:
        raise VideoError("it is empty (0 bytes)")
    return status


def files_of(path: str | Path) -> tuple[Path, ...]:
    """The file, or the pictures of a sequence; ``VideoError`` where the sequence is not whole."""
    return sequence(path).pictures if is_sequence(path) else (Path(path),)


def what_it_is(path: str | Path) -> str:
    """Why FFmpeg could not open a file, guessed from its first bytes."""
    with open(path, "rb") as file:
        head = file.read(512)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, name in MARKS:
        if start.startswith(mark):
            return f"not a video: it is {name}"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return "its index (moov) is missing or damaged: was the recording or download cut off?"
    if head[:4] in (b"\x1a\x45\xdf\xa3", b"RIFF"):
        return "its header is damaged: was the download cut off?"
    if _is_text(head):
        return "not a video: it is text"
    return "not a video that FFmpeg can read"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # not merely a character cut in two
            return False
        text = head[: error.start].decode()
    return all(character.isprintable() or character.isspace() for character in text)
