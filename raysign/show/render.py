"""A clip as a file that can be looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from numpy.typing import NDArray
from PIL import Image

from raysign.clip import USUAL_FPS, Clip
from raysign.config import ExtractConfig
from raysign.draw import DARK, LIGHT, captioned, draw_frame, draw_strip, spread, view_of
from raysign.errors import DataError
from raysign.show.footage import Footage, Picture
from raysign.show.gif import write_gif
from raysign.skeleton import layout_named
from raysign.video import write_mp4
from raysign.whole import whole_file

SUFFIXES = (".gif", ".mp4", ".png")
SIZE_PX = 360
STRIP_FRAMES = 6


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
    extracted: ExtractConfig | None = None,
    start_s: float | None = None,
    slow: float = 1.0,
    size_px: int | None = None,
    dark: bool = False,
) -> Shown:
    """Write a clip as ``.gif``, ``.mp4`` or, six frames side by side, ``.png``.

    The strip has the sign (the id where that is not known) above, and under each frame its second,
    or its number where the rate is not known. Over a video nothing is drawn where the video itself
    is black from first to last, as beside a letterboxed picture.

    Args:
        clip: What to show.
        out: The file; its ending says what it becomes. It appears whole or not at all.
        video: Draw over the frames of this video, the one that the clip was extracted from.
        extracted: With which crop and rotation that was; None: with none but the video's own. See
            ``extraction_of``.
        start_s: Where in the video the clip begins, for a video that goes on.
        slow: How many times as slow as it was signed.
        size_px: Height of the picture, without a strip's words; by default 360, or the video's own.
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
    if video is None and start_s is not None:
        raise DataError("--start says where a clip begins in its video: give --video too")
    if video is None:
        fps = (clip.fps or USUAL_FPS) / slow
        if path.suffix.lower() == ".png":
            picture = _strip(clip, size_px or SIZE_PX, dark)
            return _write(path, clip, lambda: iter([picture]), fps)
        return _write(path, clip, lambda: _skeletons(clip, size_px or SIZE_PX, dark), fps)

    footage = Footage(clip, video, extracted or ExtractConfig(), start_s)
    fps = footage.fps() / slow
    if path.suffix.lower() == ".png":
        came = footage.bars().frames
        chosen = spread(clip.xyz[:came], layout_named(clip.layout), STRIP_FRAMES)
        strip = np.concatenate(list(_over(footage, size_px, dark, set(chosen.tolist()))), axis=1)
        picture = _worded(clip, strip, chosen, dark)
        return _write(path, clip, lambda: iter([picture]), fps)
    return _write(path, clip, lambda: _over(footage, size_px, dark), fps)


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
    layout = layout_named(clip.layout)
    strip = draw_strip(
        clip.xyz,
        layout,
        STRIP_FRAMES,
        size_px,
        aspect=clip.aspect,
        inks=DARK if dark else LIGHT,
    )
    return _worded(clip, strip, spread(clip.xyz, layout, STRIP_FRAMES), dark)


def _worded(
    clip: Clip, strip: Picture, chosen: NDArray[np.int64], dark: bool
) -> UInt8[NDArray[np.uint8], "tall wide rgb=3"]:
    fps = clip.fps
    under = [f"{frame / fps:.2f} s" if fps else f"frame {frame}" for frame in chosen.tolist()]
    return captioned(strip, clip.sign or clip.clip_id, under, DARK if dark else LIGHT)


def _skeletons(clip: Clip, size_px: int, dark: bool) -> Iterator[Picture]:
    layout, aspect = layout_named(clip.layout), clip.aspect
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


def _over(
    footage: Footage, size_px: int | None, dark: bool, chosen: Collection[int] | None = None
) -> Iterator[Picture]:
    """The clip's frames, or those chosen, each on the picture that it was seen in."""
    clip = footage.clip
    layout = layout_named(clip.layout)
    bars = footage.bars()
    # The pictures first: at their end they say whether the video fits.
    for index, (picture, xyz) in enumerate(zip(footage.pictures(), clip.xyz, strict=False)):
        if chosen is None or index in chosen:
            over = picture if size_px is None else _resized(picture, size_px)
            drawn = draw_frame(xyz, layout, over=over, inks=DARK if dark else LIGHT)
            yield bars.kept(over, drawn)


def _resized(picture: Picture, size_px: int) -> UInt8[NDArray[np.uint8], "tall wide rgb=3"]:
    height, width = picture.shape[:2]
    size = (max(1, round(width * size_px / height)), size_px)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
