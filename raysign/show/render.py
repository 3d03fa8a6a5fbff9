"""A clip as a file that can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image

from raysign.clip import Clip
from raysign.draw import DARK, LIGHT, draw_frame, draw_strip, spread, view_of
from raysign.errors import DataError, VideoError
from raysign.show.gif import write_gif
from raysign.skeleton import layout_named
from raysign.video import Span, open_video, write_mp4
from raysign.whole import whole_file

Picture = UInt8[NDArray[np.uint8], "height width rgb=3"]

SUFFIXES = (".gif", ".mp4", ".png")
USUAL_FPS = 25.0
"""Where neither clip nor video tells."""
SIZE_PX = 360
STRIP_FRAMES = 6
AS_LONG = 0.9
"""A video with fewer frames than this share of the clip's, or the other way round, is another's."""


@dataclass(frozen=True)
class Shown:
    """What was written."""

    path: str
    clip_id: str
    sign: str
    frames: int
    fps: float
    """Frames of the clip in a second of the animation."""


def render(
    clip: Clip,
    out: str | Path,
    *,
    video: str | Path | None = None,
    start_s: float | None = None,
    slow: float = 1.0,
    size_px: int | None = None,
    dark: bool = False,
) -> Shown:
    """Write a clip as ``.gif``, ``.mp4`` or, six frames side by side, ``.png``.

    Args:
        clip: What to show.
        out: The file; its ending says what it becomes. It appears whole or not at all.
        video: Draw over the frames of this video, the one that the clip was extracted from.
        start_s: Where in the video the clip begins, for a video that goes on.
        slow: How many times as slow as it was signed.
        size_px: Height; by default 360, or the video's own.
        dark: Light lines on a dark ground.

    Raises:
        DataError: another ending, a clip without frames, a video that does not fit, a file that
            cannot be written.
        VideoError: a video that cannot be read or written.
    """
    path = Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(f"--out must end in {', '.join(SUFFIXES)}, got {str(out)!r}")
    if not len(clip.xyz):
        raise DataError(f"clip {clip.clip_id!r} has no frames to show")
    if video is None:
        fps = (clip.fps or USUAL_FPS) / slow
        if path.suffix.lower() == ".png":
            picture = _strip(clip, size_px or SIZE_PX, dark)
            return _write(path, clip, lambda: iter([picture]), fps)
        return _write(path, clip, lambda: _skeletons(clip, size_px or SIZE_PX, dark), fps)

    def over() -> Iterator[Picture]:
        with _video(clip, video, start_s) as (frames, _):
            yield from _over(clip, frames, str(video), start_s, size_px, dark)

    with _video(clip, video, start_s) as (_, rate):
        fps = rate / slow
    if path.suffix.lower() == ".png":
        chosen = set(spread(clip.xyz, layout_named(clip.layout), STRIP_FRAMES).tolist())
        strip = np.concatenate([p for i, p in enumerate(over()) if i in chosen], axis=1)
        return _write(path, clip, lambda: iter([strip]), fps)
    return _write(path, clip, over, fps)


def _write(path: Path, clip: Clip, pictures: Callable[[], Iterator[Picture]], fps: float) -> Shown:
    """``pictures`` begins anew each time it is called."""
    kind = path.suffix.lower()
    if kind == ".mp4":
        write_mp4(path, pictures(), fps)
    elif kind == ".gif":
        write_gif(path, pictures, len(clip.xyz), fps)
    else:
        picture = next(pictures())
        with whole_file(path) as draft:
            Image.fromarray(picture).save(draft, format="PNG", optimize=True)
    return Shown(str(path), clip.clip_id, clip.sign, len(clip.xyz), fps)


def _strip(clip: Clip, size_px: int, dark: bool) -> Picture:
    return draw_strip(
        clip.xyz,
        layout_named(clip.layout),
        STRIP_FRAMES,
        size_px,
        aspect=_aspect(clip),
        inks=DARK if dark else LIGHT,
    )


def _skeletons(clip: Clip, size_px: int, dark: bool) -> Iterator[Picture]:
    layout, aspect = layout_named(clip.layout), _aspect(clip)
    view = view_of(clip.xyz, layout, aspect=aspect)
    for index, xyz in enumerate(clip.xyz):
        yield draw_frame(
            xyz,
            layout,
            size_px,
            aspect=aspect,
            view=view,
            before=clip.xyz[: index + 1],
            inks=DARK if dark else LIGHT,
        )


def _aspect(clip: Clip) -> float:
    return clip.width / clip.height if clip.width and clip.height else 1.0


@contextmanager
def _video(
    clip: Clip, video: str | Path, start_s: float | None
) -> Iterator[tuple[Iterator[Picture], float]]:
    """The video's pictures at the clip's own rate, and that rate."""
    span = Span(start_s=start_s) if start_s else Span()
    try:
        with open_video(video, span, fps=clip.fps, keep_truncated=True) as frames:
            repeated = (f.rgb for f in frames for _ in range(f.repeats))
            yield repeated, frames.fps
    except VideoError as error:
        raise VideoError(f"{str(video)!r}: {error}") from None


def _over(
    clip: Clip,
    frames: Iterator[Picture],
    video: str,
    start_s: float | None,
    size_px: int | None,
    dark: bool,
) -> Iterator[Picture]:
    """Each of the clip's frames on the picture that it was seen in."""
    layout = layout_named(clip.layout)
    shown = 0
    for picture, xyz in zip(frames, clip.xyz, strict=False):
        shown += 1
        over = picture if size_px is None else _resized(picture, size_px)
        yield draw_frame(xyz, layout, over=over, inks=DARK if dark else LIGHT)
    if shown < AS_LONG * len(clip.xyz):
        raise DataError(
            f"{video!r} has {shown} frames for the {len(clip.xyz)} of clip {clip.clip_id!r}: give "
            "the video that it was extracted from"
        )
    if start_s is None and shown < AS_LONG * (shown + sum(1 for _ in frames)):
        raise DataError(
            f"{video!r} is longer than the {len(clip.xyz)} frames of clip {clip.clip_id!r}: give "
            "the video that it was extracted from, or say with --start where the clip begins in it"
        )


def _resized(picture: Picture, size_px: int) -> UInt8[NDArray[np.uint8], "tall wide rgb=3"]:
    height, width = picture.shape[:2]
    size = (max(1, round(width * size_px / height)), size_px)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
