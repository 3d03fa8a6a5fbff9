from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from raysign.config import ExtractConfig
from raysign.extract import Landmarks, extract_clip
from raysign.manifest import Outcome, VideoClip


def video(path: str, **fields: Any) -> VideoClip:
    return VideoClip("c1", path, **fields)


def test_a_clip_and_its_outcome(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(8))
    labels = {"sign": "book", "signer": "7", "split": "val", "language": "ase", "dataset": "mine"}
    found = extract_clip(video(path, **labels), made.Seer(), ExtractConfig())
    assert found.outcome == Outcome(
        clip_id="c1",
        path=path,
        outcome="ok",
        sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        decoded_frames=8,
        fps=25.0,
        body=1.0,
        left_hand=1.0,
        right_hand=0.0,
        **labels,
    )
    clip = found.clip
    assert clip is not None
    assert (clip.clip_id, clip.layout, clip.fps) == ("c1", "holistic75", 25.0)
    assert (clip.width, clip.height) == (64, 64)
    assert {name: getattr(clip, name) for name in labels} == labels
    assert clip.xyz.shape == (8, 75, 3)
    assert np.isnan(clip.xyz[:, 54:]).all()
    assert not np.isnan(clip.xyz[:, :54]).any()
    assert clip.confidence is not None
    assert (clip.confidence[:, 54:] == 0).all()
    assert (np.diff(clip.xyz[:, 0, 0]) > 0).all(), "the pictures grow brighter"
    assert found.landmark_frames == 8
    assert 0 < found.landmark_seconds < found.seconds


def test_the_width_is_that_at_which_the_video_is_shown(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(16, 11)
        for rgb in made.nobody(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        out.mux(stream.encode())
    for rotation, width in ((0, 93), (90, 44)):
        clip = extract_clip(video(str(path)), made.Seer(), ExtractConfig(rotation=rotation)).clip
        assert clip is not None
        assert (clip.width, clip.height) == (width, 64)


def test_the_landmarker_forgets_the_video_before(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(3))
    seer = made.Seer()
    for _ in range(2):
        extract_clip(video(path), seer, ExtractConfig())
    assert seer.log == ["reset", *["look"] * 3] * 2


def test_a_frame_that_stays_is_looked_at_once(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(5))
    found = extract_clip(video(path), made.Seer(), ExtractConfig(fps=50))
    assert found.clip is not None
    assert found.landmark_frames == 5
    assert len(found.clip.xyz) == 10
    assert np.array_equal(found.clip.xyz[::2], found.clip.xyz[1::2], equal_nan=True)
    assert (found.outcome.decoded_frames, found.outcome.fps) == (5, 50.0)


def test_slow_motion_is_looked_at_as_often_as_any_other_film(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(24), fps=240.0)
    found = extract_clip(video(path), made.Seer(), ExtractConfig(most_fps=60))
    assert found.clip is not None
    assert (len(found.clip.xyz), found.clip.fps, found.landmark_frames) == (6, 60.0, 6)


def test_spans(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(20))
    whole = extract_clip(video(path), made.Seer(), ExtractConfig()).clip
    assert whole is not None
    for span in ({"start_frame": 5, "end_frame": 9}, {"start_s": 0.2, "end_s": 0.36}):
        found = extract_clip(video(path, **span), made.Seer(), ExtractConfig())
        assert found.clip is not None
        assert np.array_equal(found.clip.xyz, whole.xyz[5:9], equal_nan=True)
        assert found.outcome.decoded_frames == 4


def test_what_does_not_fit_into_a_store_is_not_detected(made: Any, tmp_path: Path) -> None:
    class Wild(made.Seer):  # type: ignore[misc, name-defined]
        def landmarks(self, rgb: Any) -> Landmarks:
            found = super().landmarks(rgb)
            found.xyz[3, 2], found.xyz[4, 0] = 1e6, np.inf
            return found

    path = made.film(tmp_path / "a.mp4", made.nobody(3))
    clip = extract_clip(video(path), Wild(), ExtractConfig()).clip
    assert clip is not None
    assert np.isnan(clip.xyz[:, 3:5]).all()
    assert np.isfinite(clip.xyz[:, [0, 1, 2, *range(5, 54)]]).all()


def test_too_short(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(1))
    found = extract_clip(video(path), made.Seer(), ExtractConfig())
    assert found.clip is None
    assert found.outcome.outcome == "skipped"
    assert found.outcome.reason == "has 1 frame, fewer than min_frames=2"
    assert extract_clip(video(path), made.Seer(), ExtractConfig(min_frames=1)).clip is not None


def test_a_clip_that_lasts_too_long_is_not_looked_at(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(20))
    seer, config = made.Seer(), ExtractConfig(max_s=0.5)
    found = extract_clip(video(path), seer, config)
    assert (found.clip, found.outcome.outcome) == (None, "skipped")
    assert found.outcome.reason == "lasts 0.8 s, longer than max_s=0.5"
    assert (found.outcome.decoded_frames, seer.log) == (None, [])
    assert extract_clip(video(path, end_s=0.4), seer, config).clip is not None


def test_a_few_pictures_that_stand_for_too_many_frames(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"  # which says how many frames it has, so that nobody counts seconds
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", 25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for picture, time_ms in zip(made.nobody(12), [*range(0, 88, 8), 30_000], strict=True):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    for limit in ({"max_frames": 1_000}, {"max_s": 20}):
        found = extract_clip(video(str(path)), made.Seer(), ExtractConfig(**limit))
        assert (found.clip, found.why) == (None, "too_long")
        assert "with its gaps" in found.outcome.reason


@pytest.mark.parametrize(
    ("limit", "why", "reason"),
    [
        ({"max_frames": 19}, "too_long", "has 20 frames to decode, more than max_frames=19"),
        (
            {"max_pixels": 4095},
            "too_large",
            "has 4,096 pixels a picture, more than max_pixels=4095",
        ),
    ],
)
def test_a_clip_beyond_a_limit_is_not_looked_at(
    made: Any, tmp_path: Path, limit: dict[str, int], why: str, reason: str
) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(20))
    seer = made.Seer()
    found = extract_clip(video(path), seer, ExtractConfig.model_validate(limit))
    assert (found.clip, found.outcome.outcome, found.why) == (None, "skipped", why)
    assert (found.outcome.reason, seer.log) == (reason, [])
    enough = ExtractConfig.model_validate({name: most + 1 for name, most in limit.items()})
    fine = extract_clip(video(path), seer, enough)
    assert fine.clip is not None
    assert fine.why == ""


@pytest.mark.parametrize("rate", [{"fps": 5}, {"most_fps": 5}])
def test_frames_that_the_clip_leaves_out_are_decoded_and_count(
    made: Any, tmp_path: Path, rate: dict[str, int]
) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(20))
    config = ExtractConfig.model_validate({**rate, "max_frames": 19})
    found = extract_clip(video(path), made.Seer(), config)
    assert found.outcome.reason == "has 20 frames to decode, more than max_frames=19"
    found = extract_clip(video(path), made.Seer(), config.model_copy(update={"max_frames": 20}))
    assert found.clip is not None
    assert len(found.clip.xyz) == 4


def test_frames_that_a_rate_repeats_count_too(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(5))
    found = extract_clip(video(path), made.Seer(), ExtractConfig(fps=50, max_frames=9))
    reason = "has 10 frames with its gaps and repeats, more than max_frames=9"
    assert (found.clip, found.outcome.reason) == (None, reason)


def test_why_there_is_no_clip_in_one_word(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(4))
    (tmp_path / "b.mp4").write_text("no video")
    words = [
        extract_clip(video(path), made.Seer(), ExtractConfig(max_s=0.01)).why,
        extract_clip(video(path), made.Seer(), ExtractConfig(min_frames=9)).why,
        extract_clip(video(path), made.Seer(np.nan, np.nan), ExtractConfig()).why,
        extract_clip(video(str(tmp_path / "b.mp4")), made.Seer(), ExtractConfig()).why,
    ]
    assert words == ["too_long", "too_short", "", "unreadable"]


def test_nobody_there(made: Any, tmp_path: Path) -> None:
    class Blind(made.Seer):  # type: ignore[misc, name-defined]
        def landmarks(self, rgb: Any) -> Landmarks:
            return Landmarks(np.full((75, 3), np.nan, np.float32), np.zeros(75, np.float32))

    path = made.film(tmp_path / "a.mp4", made.nobody(4))
    found = extract_clip(video(path), Blind(), ExtractConfig())
    assert found.clip is None
    assert found.outcome.outcome == "skipped"
    assert found.outcome.reason == "shows nobody in any of its 4 frames"
    assert found.why == "nobody"
    assert (found.outcome.body, found.outcome.decoded_frames) == (0.0, 4)


def test_a_file_that_is_no_video(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("<html>Not found</html>")
    outcome = extract_clip(video(str(path)), made.Seer(), ExtractConfig()).outcome
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    reason = "not a video: it is an HTML page"
    assert outcome == Outcome("c1", str(path), "failed", reason, sha256=sha256)


def test_a_missing_file(made: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "a.mp4")
    labels = {"sign": "book", "signer": "7", "split": "test", "language": "ase", "dataset": "mine"}
    outcome = extract_clip(video(path, **labels), made.Seer(), ExtractConfig()).outcome
    assert outcome == Outcome("c1", path, "failed", "no such file", **labels)


def test_truncated_videos_are_failed_before_they_cost_anything_or_kept(
    made: Any, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 64, 64, 3), np.uint8)
    path = Path(made.film(tmp_path / "a.mp4", list(noise)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    found = extract_clip(video(str(path)), made.Seer(), ExtractConfig())
    assert found.outcome.outcome == "failed"
    assert found.outcome.reason.startswith("ends after ")
    assert found.outcome.reason.endswith(" of 60 frames")
    assert found.landmark_frames == 0
    kept = extract_clip(video(str(path)), made.Seer(), ExtractConfig(keep_truncated=True))
    assert kept.outcome.outcome == "ok"
    assert kept.clip is not None
    assert 0 < len(kept.clip.xyz) < 50


def test_a_changed_file_gets_a_new_hash(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    hashes = []
    for count in (3, 4):
        made.film(path, made.nobody(count))
        os.utime(path, ns=(count, count))
        hashes.append(extract_clip(video(str(path)), made.Seer(), ExtractConfig()).outcome)
    assert hashes[0].sha256 != hashes[1].sha256
    assert [outcome.decoded_frames for outcome in hashes] == [3, 4]


def test_every_step_is_a_sign_of_life(made: Any, tmp_path: Path) -> None:
    path = made.film(tmp_path / "a.mp4", made.nobody(6))
    signs: list[None] = []
    extract_clip(video(path), made.Seer(), ExtractConfig(), lambda: signs.append(None))
    assert len(signs) == 1 + (6 + 1) + 6 + 6, "a block, packets, frames decoded, looked at"


def test_a_bug_is_not_taken_for_a_bad_video(made: Any, tmp_path: Path) -> None:
    class Broken(made.Seer):  # type: ignore[misc, name-defined]
        def landmarks(self, rgb: Any) -> Landmarks:
            raise ZeroDivisionError

    path = made.film(tmp_path / "a.mp4", made.nobody(3))
    with pytest.raises(ZeroDivisionError):
        extract_clip(video(path), Broken(), ExtractConfig())
