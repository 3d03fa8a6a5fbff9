"""One video of a manifest becomes one clip, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float16

from raysign.clip import Clip
from raysign.config.extract import ExtractConfig
from raysign.errors import VideoError
from raysign.extract.landmarker import BODY, LEFT_HAND, RIGHT_HAND, Landmarker, Landmarks
from raysign.extract.outcome import Extracted, Why
from raysign.manifest import Outcome, VideoClip
from raysign.skeleton import HOLISTIC75
from raysign.video import Frames, Span, open_video, sha256

LARGEST = float(np.finfo(np.float16).max)
"""What a store's numbers can hold."""


def extract_clip(
    video: VideoClip,
    landmarker: Landmarker,
    config: ExtractConfig,
    alive: Callable[[], None] = lambda: None,
    hashed: Callable[[str], None] = lambda digest: None,
) -> Extracted:
    """Look at a local video, or its span, and say how that went.

    Landmarks are rounded to float16, as stores keep them; a joint that is not finite in it counts
    as not detected. The clip's ``width`` is that at which the video is to be shown: where pixels
    are not square, the decoded width times their aspect, rounded.

    ``alive`` is called at every step forwards: a piece of the file read, a frame decoded or looked
    at. ``hashed`` gets the file's sha256 before anything is decoded.

    The outcome is ``skipped`` where the clip is beyond ``max_s``, ``max_frames`` or ``max_pixels``,
    has fewer than ``min_frames`` frames or shows nobody, ``failed`` where the video cannot be
    decoded; any other error is a bug, and is raised.
    """
    started = time.perf_counter()
    watch = _Watch(landmarker, alive)
    outcome = Outcome(video.clip_id, video.path, "ok", **video.labels)
    clip: Clip | None = None
    why: Why = "unreadable"
    try:
        outcome = replace(outcome, sha256=sha256(video.path, alive))
        hashed(outcome.sha256)
        clip, outcome, why = _looked_at(video, watch, config, outcome)
    except VideoError as error:
        outcome = replace(
            outcome, outcome="failed", reason=str(error), decoded_frames=watch.decoded_frames
        )
    return Extracted(
        clip,
        outcome,
        seconds=time.perf_counter() - started,
        landmark_seconds=watch.seconds,
        landmark_frames=watch.frames,
        why=why,
    )


class _Watch:
    """A landmarker and what it has cost; it says that it is alive."""

    def __init__(self, landmarker: Landmarker, alive: Callable[[], None]) -> None:
        self._landmarker, self.alive = landmarker, alive
        self.seconds, self.frames = 0.0, 0
        self.decoded_frames: int | None = None

    def reset(self) -> None:
        started = time.perf_counter()
        self._landmarker.reset()
        self.seconds += time.perf_counter() - started

    def landmarks(self, rgb: Any) -> Landmarks:
        started = time.perf_counter()
        found = self._landmarker.landmarks(rgb)
        self.seconds += time.perf_counter() - started
        self.frames += 1
        self.alive()
        return found


def _looked_at(
    video: VideoClip, watch: _Watch, config: ExtractConfig, outcome: Outcome
) -> tuple[Clip | None, Outcome, Why]:
    span = Span(video.start_frame, video.end_frame, video.start_s, video.end_s)
    xyz: list[Float16[np.ndarray, "75 3"]] = []
    confidence: list[Float16[np.ndarray, "75"]] = []
    repeats: list[int] = []
    height = width = 0
    with open_video(
        video.path,
        span,
        fps=config.fps,
        most_fps=config.most_fps,
        crop=config.crop,
        rotation=config.rotation,
        keep_truncated=config.keep_truncated,
        alive=watch.alive,
        max_pixels=config.max_pixels,
    ) as frames:
        why, reason = _beyond(frames, config)
        if why:
            return None, replace(outcome, outcome="skipped", reason=reason), why
        watch.reset()
        try:
            for frame in frames:
                height, decoded_width, _ = frame.rgb.shape
                width = max(1, round(decoded_width * frame.pixel_aspect))
                found = watch.landmarks(frame.rgb)
                # Rounded at once: a long video's landmarks are in memory till its end.
                xyz.append(rounded(found.xyz))
                confidence.append(found.confidence.astype(np.float16))
                repeats.append(frame.repeats)
        finally:
            watch.decoded_frames = frames.decoded
        fps = frames.fps
    if reason := _filled_beyond(sum(repeats), fps, config):
        return None, replace(outcome, outcome="skipped", reason=reason), "too_long"
    whole = np.repeat(np.stack(xyz), repeats, axis=0)
    detected = ~np.isnan(whole[:, :, 0])
    outcome = replace(
        outcome,
        decoded_frames=watch.decoded_frames,
        fps=fps,
        body=_share(detected[:, BODY]),
        left_hand=_share(detected[:, LEFT_HAND]),
        right_hand=_share(detected[:, RIGHT_HAND]),
    )
    if len(whole) < config.min_frames:
        frames_there = f"{len(whole)} frame{'s' * (len(whole) != 1)}"
        reason = f"has {frames_there}, fewer than min_frames={config.min_frames}"
        return None, replace(outcome, outcome="skipped", reason=reason), "too_short"
    if not detected.any():
        reason = f"shows nobody in any of its {len(whole)} frames"
        return None, replace(outcome, outcome="skipped", reason=reason), "nobody"
    clip = Clip(
        clip_id=video.clip_id,
        xyz=whole,
        layout=HOLISTIC75.name,
        sign=video.sign,
        signer=video.signer,
        split=video.split,
        language=video.language,
        dataset=video.dataset,
        fps=fps,
        width=width,
        height=height,
        confidence=np.repeat(np.stack(confidence), repeats, axis=0),
    )
    return clip, outcome, ""


def _beyond(frames: Frames, config: ExtractConfig) -> tuple[Why, str]:
    """Which limit a video is beyond, as its file says before a frame is decoded; '' = none."""
    if config.max_pixels is not None and frames.pixels > config.max_pixels:
        return "too_large", (
            f"has {frames.pixels:,} pixels a picture, more than max_pixels={config.max_pixels}"
        )
    if config.max_s is not None and frames.length_s > config.max_s:
        return "too_long", f"lasts {frames.length_s:.1f} s, longer than max_s={config.max_s:g}"
    if config.max_frames is not None and frames.count > config.max_frames:
        return "too_long", (
            f"has {frames.count:,} frames to decode, more than max_frames={config.max_frames}"
        )
    return "", ""


def _filled_beyond(count: int, fps: float, config: ExtractConfig) -> str:
    """Which limit a clip is beyond whose few frames stand for many; '' = none."""
    if config.max_s is not None and (count - 1) / fps > config.max_s:
        return f"lasts {count / fps:.1f} s with its gaps, longer than max_s={config.max_s:g}"
    if config.max_frames is not None and count > config.max_frames:
        return (
            f"has {count:,} frames with its gaps and repeats, more than "
            f"max_frames={config.max_frames}"
        )
    return ""


def rounded(xyz: np.ndarray) -> Float16[np.ndarray, "75 3"]:
    """Float16, with a joint that does not fit into it as not detected."""
    fits = (np.abs(xyz) <= LARGEST).all(axis=1, keepdims=True)
    return np.where(fits, xyz, np.nan).astype(np.float16)


def _share(detected: np.ndarray) -> float:
    """The share of frames, [frame joint], in which any joint of a part was detected."""
    return float(detected.any(axis=1).mean())
