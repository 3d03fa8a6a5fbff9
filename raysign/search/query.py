"""What may ask: a video, a ``.pose`` file, or a clip of a store, as landmarks; and what may not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Self

import numpy as np

from raysign.clip import Clip
from raysign.config import ExtractConfig, LookConfig, SyntheticConfig
from raysign.errors import DataError, LayoutError, SplitError, VideoError
from raysign.extract import Extractor, within_reach
from raysign.manifest import VideoClip, is_uri
from raysign.skeleton import HANDS42, HOLISTIC75, layout_named
from raysign.sources import SYNTHETIC, find_clip, is_pose_file, parse_selection
from raysign.video.opening import check_file

LONGEST_QUERY_S = 120.0
"""A query shows one sign, of seconds; two minutes have room for whoever began to film too early."""
LONGEST_S = 600.0
"""Of a video with many signs: fifteen thousand frames to find landmarks in, and minutes to wait."""
UNKNOWN_FPS = 25.0
"""For that limit, where a clip does not know its own rate."""
PART = "give the part that shows the sign, as --start SECONDS --end SECONDS"
FARTHEST = (10.0, 10.0, float(np.finfo(np.float16).max))
"""Pictures that x and y may lie away from the top left corner; z need only be a float16. MediaPipe
guesses hips below the picture: of WLASL100's y the highest is 2.3. Pixels are beyond."""
FILM = "film one signer from the front, with head and both hands in the picture"


class Reader:
    """Turns what a person names into clips; the process that looks at videos starts once.

    With ``with``, or ``close`` at the end. To be used from one thread.
    """

    def __init__(
        self, extract: ExtractConfig | None = None, *, longest_s: float = LONGEST_QUERY_S
    ) -> None:
        """``extract``: how to look at videos. ``longest_s``: of a video, or of its part."""
        config = extract or ExtractConfig()
        self._longest_s = longest_s
        self._config = config.model_copy(update={"min_frames": 1, "max_s": longest_s})
        self._extractor: Extractor | None = None

    def look_as(self, look: LookConfig | None) -> None:
        """Look at videos as those of a gallery were, as far as this machine can; None = as
        ``extract`` says.
        """
        alike = {} if look is None else within_reach(look).model_dump()
        changed = self._config.model_copy(update=alike)
        if changed != self._config:
            self.close()
            self._config = changed

    def expect(self, sources: Sequence[str], clip_id: str | None = None) -> None:
        """Refuse at once what cannot be read; for videos, let the process start meanwhile.

        Raises:
            DataError: a URL, a store without ``clip_id``, or a name that is not UTF-8.
            VideoError: no such file, or an empty one.
        """
        for source in sources:
            _check_name(source)
        videos = [source for source in sources if is_video(source, clip_id)]
        for source in videos:
            try:
                check_file(source)
            except VideoError as error:
                raise VideoError(f"query {source!r}: {error}") from None
        if videos:
            self._started()

    def read(
        self,
        source: str,
        clip_id: str | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        synthetic: SyntheticConfig | None = None,
        again: Callable[[str], str] | None = None,
        called: str = "query",
    ) -> Clip:
        """The landmarks of one query, or of its part between two moments.

        Args:
            source: a video file, a ``.pose`` file, or a store (``STORE:split``, ``synthetic``).
            clip_id: in the store; else None.
            start_s: in seconds from its first frame; None = there.
            end_s: likewise; None = its end.
            synthetic: which world ``synthetic`` is.
            again: what to type where the clip is in another split, for the store alone (default:
                with ``--clip``).
            called: what it is, for people: a query shows one sign, a video may show many.

        Raises:
            VideoError: the video cannot be decoded.
            ExtractionError: MediaPipe, or something that it needs, is not there.
            DataError: it shows nobody, or lasts longer than ``longest_s``; there is no such clip,
                see :func:`raysign.sources.find_clip`; nothing lies between the moments.
        """
        if start_s is not None and end_s is not None and end_s <= start_s:
            raise DataError(f"--end must be after --start, got --start {start_s} --end {end_s}")
        if is_video(source, clip_id):
            return self._of_video(source, start_s, end_s, called)
        clip = find_clip(
            source,
            clip_id,
            synthetic=synthetic,
            again=again or (lambda store: f"give {store} --clip {quote(clip_id or '')}"),
        )
        return _part(clip, start_s, end_s)

    def close(self) -> None:
        """End the process, if one was started."""
        if self._extractor is not None:
            self._extractor.close()
            self._extractor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _started(self) -> Extractor:
        if self._extractor is None:
            self._extractor = Extractor(self._config, wait=False)
        return self._extractor

    def _of_video(self, path: str, start_s: float | None, end_s: float | None, called: str) -> Clip:
        video = VideoClip(Path(path).stem or path, path, start_s=start_s, end_s=end_s)
        found = self._started().extract(video)
        outcome = found.outcome
        if outcome.outcome == "failed":
            raise VideoError(f"{called} {path!r}: {outcome.reason}")
        if found.clip is None:
            if outcome.decoded_frames is None:  # not even looked at
                raise _too_long(path, called, self._longest_s)
            part = f", or {PART}" if called == "query" else ""
            raise DataError(f"{called} {path!r} {outcome.reason}: {FILM}{part}")
        return found.clip


def is_video(source: str, clip_id: str | None = None) -> bool:
    """Whether a query is a video to look at; else it is a ``.pose`` file, or in a store.

    ``DataError`` for a URL, and for a store where no clip of it is named.
    """
    if clip_id is not None or is_pose_file(source):
        return False
    if is_uri(source):
        raise DataError(
            f"query {source!r} is not on this machine: copy the video here and give its path, or, "
            "if it is a store, --clip ID"
        )
    if not Path(source).is_dir() and Path(source).exists():
        return True
    try:
        store, _ = parse_selection(source)
    except SplitError:
        return True
    if store == SYNTHETIC or Path(store).is_dir():
        raise DataError(
            f"which clip of {source!r}? Give --clip ID; `raysign data ids {quote(source)}` lists "
            "them"
        )
    return True


def check_query(clip: Clip) -> None:
    """``DataError`` where a clip's landmarks cannot ask anything."""
    name, frames = repr(clip.clip_id), len(clip.xyz)
    unknown = np.isnan(clip.xyz[..., :2])
    seen = ~unknown.any(axis=-1)
    if frames < 2:
        raise DataError(
            f"query {name} has {frames} frame{'s' * (frames != 1)}, and a sign is a movement: give "
            "a video that shows it from its beginning to its end"
        )
    if frames > LONGEST_QUERY_S * (clip.fps or UNKNOWN_FPS):
        raise _too_long(clip.clip_id)
    _check_places(clip)
    if (half := (unknown.any(axis=-1) != unknown.all(axis=-1)).any(axis=1)).any():
        axis = "xy"[int(unknown[half].sum(axis=(0, 1)).argmax())]
        raise DataError(
            f"query {name}: landmarks lack {axis} in {half.sum()} of its {frames} frames, and a "
            "joint has x and y, or is missing; look at the video again"
        )
    if not seen.any():
        raise DataError(f"query {name} shows nobody in any of its {frames} frames: {FILM}")
    hands = [part for part in layout_named(clip.layout).parts if part.endswith("_hand")]
    if not any(seen[:, layout_named(clip.layout).parts[hand]].any() for hand in hands):
        raise DataError(
            f"query {name}: no hand was found in any of its {frames} frames, and signs are told by "
            f"the hands: {FILM}"
        )


def for_layout(clip: Clip, name: str) -> Clip:
    """The clip as a model of another layout reads it.

    A model of ``hands42`` reads the hands of ``holistic75``: the same 21 joints each, found by the
    same hand model. In ``hands42`` they stand in no order, and preparing gives them their sides;
    Holistic's own are not used, so that a query is treated as the gallery's clips were. That its
    hands are found in other frames costs something: 165 val clips that stand in WLASL100 and in
    WLASL2000's hands find their sign among 1,998 with R@1 .38 instead of .48, R@10 .85 instead of
    .88.

    ``LayoutError`` where the model reads what the clip does not have.
    """
    if clip.layout == name:
        return clip
    if (clip.layout, name) != (HOLISTIC75.name, HANDS42.name):
        raise LayoutError(
            f"the gallery's model reads layout {name!r}, query {clip.clip_id!r} has "
            f"{clip.layout!r}; give a clip of its layout, or a gallery of the query's"
        )
    joints = [HOLISTIC75.joint(joint) for joint in HANDS42.joints]
    confidence = None if clip.confidence is None else clip.confidence[:, joints]
    return replace(clip, xyz=clip.xyz[:, joints], confidence=confidence, layout=name)


def _part(clip: Clip, start_s: float | None, end_s: float | None) -> Clip:
    """The frames that begin at one moment or later, and before the other."""
    if start_s is None and end_s is None:
        return clip
    if not clip.fps:
        raise DataError(
            f"clip {clip.clip_id!r} does not say how many frames a second it has: leave --start "
            "and --end out"
        )
    part = between(clip, start_s, end_s)
    if not len(part.xyz):
        length_s = len(clip.xyz) / clip.fps
        raise DataError(
            f"nothing of clip {clip.clip_id!r} lies there: it lasts {length_s:.1f} s, "
            f"got --start {start_s or 0:g}" + (f" --end {end_s:g}" if end_s is not None else "")
        )
    return part


def between(clip: Clip, start_s: float | None, end_s: float | None) -> Clip:
    """The frames that begin at one moment or later, and before the other; maybe none.

    None is the clip's own beginning or end. Its rate must be known.
    """
    if clip.fps is None:
        raise ValueError(f"of clip {clip.clip_id!r} no moment is known")
    times = np.arange(len(clip.xyz)) / clip.fps
    inside = times + 1e-6 >= (start_s or 0.0)
    if end_s is not None:
        inside &= times + 1e-6 < end_s
    confidence = None if clip.confidence is None else clip.confidence[inside]
    return replace(clip, xyz=clip.xyz[inside], confidence=confidence)


def _check_name(source: str) -> None:
    """Ids go into tables and pages, and these are UTF-8."""
    try:
        source.encode()
    except UnicodeEncodeError:
        raise DataError(f"query {source!r}: its name is not UTF-8; rename the file") from None


def _check_places(clip: Clip) -> None:
    """``DataError`` where a landmark is infinite, or where no camera saw it."""
    with np.errstate(invalid="ignore"):
        beyond = np.abs(clip.xyz.astype(np.float32)) > np.asarray(FARTHEST)  # of NaN False
    if not beyond.any():
        return
    frame, joint, axis = (int(place) for place in np.argwhere(beyond)[0])
    raise DataError(
        f"query {clip.clip_id!r}: {layout_named(clip.layout).joints[joint]} in frame {frame} has "
        f"{'xyz'[axis]} = {float(clip.xyz[frame, joint, axis]):g}, and a place is in units of the "
        "picture's width and height: give landmarks in these, not pixels"
    )


def _too_long(name: str, called: str = "query", longest_s: float = LONGEST_QUERY_S) -> DataError:
    limit = f"{called} {name!r} lasts longer than {longest_s / 60:g} minutes, the limit"
    if called != "query":
        return DataError(f"{limit}; cut it into parts")
    return DataError(f"{limit} of a query, which shows one sign: {PART}")
