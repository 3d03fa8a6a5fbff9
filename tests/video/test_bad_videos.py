from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from raysign.errors import VideoError
from raysign.video import WHOLE, Span, open_video


def reason(path: Path | str, span: Span = WHOLE) -> str:
    """Why it cannot be read to its end."""
    with pytest.raises(VideoError) as raised, open_video(path, span) as frames:
        for _ in frames:
            pass
    assert "\n" not in str(raised.value)
    assert str(path) not in str(raised.value), "a reason must not depend on where a copy lies"
    return str(raised.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty (0 bytes)"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><title>404</title>", "not a video: it is an HTML page"),
        (b"<HTML><body>Sign in", "not a video: it is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
        ("Nicht gefunden: Gebärde ".encode() * 40, "not a video: it is text"),
        (b"PK\x03\x04\x14\x00", "not a video: it is a zip archive"),
        (bytes(range(256)), "not a video that FFmpeg can read"),
    ],
)
def test_what_is_no_video(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert why in reason(path)


@pytest.mark.parametrize(
    "playlist",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {other}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    ],
)
def test_a_list_of_other_files_is_no_video(films: Any, tmp_path: Path, playlist: str) -> None:
    """Who may send one need not be allowed to read them."""
    films.film(tmp_path / "other.mp4", 5)
    path = tmp_path / "a.mp4"
    path.write_text(playlist.format(other="other.mp4"))
    assert reason(path) == "not a video: it is text"


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    Image.new("RGB", (64, 48)).save(path, "PNG")
    assert reason(path) == "not a video that FFmpeg can read"


def test_larger_pictures_than_may_be_are_not_decoded(bomb: Any, films: Any, tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.mp4", (640, 480), 2000, 1000)
    assert path.stat().st_size < 50_000
    with open_video(path, max_pixels=640 * 480) as frames:
        assert (frames.pixels, frames.count, frames.length_s) == (640 * 480, 2000, 2.0)
        assert next(iter(frames)).rgb.shape == (480, 640, 3)
    with (
        open_video(path, max_pixels=640 * 480 - 1) as frames,
        pytest.raises(VideoError, match="no frame of it can be decoded"),
    ):
        next(iter(frames))
    films.film(tmp_path / "b.mp4", 10)
    with open_video(tmp_path / "b.mp4", Span(start_s=0.1, end_s=0.3)) as frames:
        assert frames.count == 5


def test_a_missing_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "a.mp4") == "no such file"
    assert reason("nul\0.mp4") == "no such file"


def test_a_directory_and_a_pipe(tmp_path: Path) -> None:
    assert reason(tmp_path) == "it is a directory"
    os.mkfifo(tmp_path / "pipe.mp4")
    assert reason(tmp_path / "pipe.mp4") == "it is not a regular file"


def test_a_file_that_may_not_be_read(
    films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films.film(tmp_path / "a.mp4", 5)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("raysign.video.opening.open", refuse, raising=False)
    assert reason(path) == "permission denied"


@pytest.mark.parametrize("name", ["concat:a.mp4|b.mp4", "http:", "data:text"])
def test_a_name_that_looks_like_a_protocol(
    films: Any, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films.film(tmp_path / "a.mp4", 3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with open_video(name) as frames:
        assert len(list(frames)) == 3
    assert path.exists()


def test_sound_only(films: Any, tmp_path: Path) -> None:
    assert reason(films.sound(tmp_path / "a.mp4")) == "not a video: it has sound but no picture"


def test_a_truncated_recording_without_its_index(films: Any, tmp_path: Path) -> None:
    path = films.cut_tail(films.film(tmp_path / "a.mp4", 100), 0.5)
    assert "index (moov) is missing" in reason(path)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_truncated_download(films: Any, tmp_path: Path, codec: str) -> None:
    """MPEG-4's decoder does not even complain."""
    whole = films.film(tmp_path / "a.mp4", 600, codec=codec, container={"movflags": "faststart"})
    path = films.cut_tail(whole, 0.7)
    got, of = map(
        int, reason(path).removeprefix("ends after ").removesuffix(" frames").split(" of ")
    )
    assert 60 < got < 540
    assert of == 600
    with open_video(path, keep_truncated=True) as frames:
        kept = [films.number(frame.rgb) for frame in frames]
    assert got - 5 <= len(kept) <= got
    assert kept[:-1] == list(range(len(kept) - 1)), "the last may be half a frame"


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.avi"])
def test_truncated_where_the_header_gives_a_duration_or_a_count(
    films: Any, tmp_path: Path, name: str
) -> None:
    codec = {"a.avi": "mpeg4", "a.webm": films.VP8}.get(name, films.H264)
    path = films.cut_tail(films.film(tmp_path / name, 300, codec=codec), 0.5)
    # Cut between frames that refer to each other, what is left may have a hole before its end.
    assert reason(path).endswith((" of 300 frames", " of 12.0 seconds"))


def test_truncated_with_a_variable_rate(films: Any, tmp_path: Path) -> None:
    times_ms = [40 * (n + n // 3) for n in range(300)]
    path = films.cut_tail(films.film(tmp_path / "a.mkv", 300, times_ms=times_ms), 0.5)
    assert reason(path).endswith(" of 16.0 seconds")


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.asf"])
def test_a_picture_that_begins_after_the_sound_is_whole(
    films: Any, tmp_path: Path, name: str
) -> None:
    """Their durations count from time 0."""
    codec = {"a.webm": films.VP8, "a.asf": "mpeg4"}.get(name, films.H264)
    times_ms = [1000 + 40 * n for n in range(50)]
    path = films.film(tmp_path / name, 50, codec=codec, times_ms=times_ms)
    with open_video(path) as frames:
        assert [films.number(frame.rgb) for frame in frames] == list(range(50))
    if name != "a.asf":  # of which FFmpeg does not tell the duration once its tail is gone
        assert reason(films.cut_tail(path, 0.5)).endswith((" of 50 frames", " of 2.0 seconds"))


@pytest.mark.parametrize("codec", ["mpeg4", "h264"])
def test_frames_that_a_recorder_dropped_are_not_missed(
    films: Any, tmp_path: Path, codec: str
) -> None:
    """AVI's header counts them: their chunks are there, and empty."""
    dropped = {*range(3, 300, 5), *range(100, 110)}
    kept = [n for n in range(300) if n not in dropped]
    codec = films.H264 if codec == "h264" else codec
    options = {"bf": "0"}
    path = films.film(tmp_path / "a.avi", 300, codec=codec, dropped=dropped, options=options)
    with open_video(path) as frames:
        shown = [films.number(frame.rgb) for frame in frames]
    assert (shown, frames.count) == (kept, len(kept))
    assert reason(films.cut_tail(path, 0.5)).startswith("ends after ")


def test_a_span_in_front_of_the_cut_is_whole(films: Any, tmp_path: Path) -> None:
    whole = films.film(tmp_path / "a.mp4", 600, container={"movflags": "faststart"})
    path = films.cut_tail(whole, 0.7)
    with open_video(path, Span(100, 150)) as frames:
        assert [films.number(frame.rgb) for frame in frames] == list(range(100, 150))
    with open_video(path, Span(start_s=4.0, end_s=6.0)) as frames:
        assert len(list(frames)) == 50
    assert reason(path, Span(500, 550)) == "ends after 0 of 50 frames of its span"
    assert reason(path, Span(start_s=20, end_s=22)) == "ends after 0.0 of 2.0 seconds of its span"


def test_a_few_missing_frames_at_the_end_are_no_matter(films: Any, tmp_path: Path) -> None:
    whole = films.film(tmp_path / "a.mp4", 200, container={"movflags": "faststart"})
    with open_video(films.cut_tail(whole, 0.97)) as frames:
        assert 180 <= len(list(frames)) < 200


def test_a_decoder_that_stops_early_without_an_error(
    films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = films.film(tmp_path / "a.mp4", 60)
    with open_video(path) as frames:
        decode = frames._container.decode

        class Container:
            @staticmethod
            def decode(stream: Any) -> Any:
                for index, picture in enumerate(decode(stream)):
                    if index == 20:
                        return
                    yield picture

        frames._container = Container()  # type: ignore[assignment]
        with pytest.raises(VideoError, match=r"^ends after 20 of 60 frames$"):
            list(frames)


def test_a_damaged_stream(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 60, codec=films.H264)
    with av.open(str(path)) as film:
        places = [(p.pos, p.size) for p in film.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    for place, size in places[10:]:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    assert reason(path).startswith("is damaged: ends after ")
    with open_video(path, keep_truncated=True) as frames:
        assert 0 < len(list(frames)) <= 10


def test_nothing_can_be_decoded(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 30)
    with av.open(str(path)) as film:
        places = [(p.pos, p.size) for p in film.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    for place, size in places:
        content[place : place + size] = b"\xff" * size
    path.write_bytes(content)
    assert reason(path) == "no frame of it can be decoded"
    with pytest.raises(VideoError), open_video(path, keep_truncated=True) as frames:
        list(frames)


def test_timestamps_that_leap(films: Any, tmp_path: Path) -> None:
    times_ms = [0, 40, 80, 90_000_000, 90_000_040]
    path = films.film(tmp_path / "a.mkv", 5, times_ms=times_ms)
    assert reason(path) == "its timestamps are damaged: they leap by 90000 s at 0.1 s"


def test_many_leaps_that_are_each_within_bounds(films: Any, tmp_path: Path) -> None:
    times_ms = np.cumsum([0] + [40, 40, 590_000] * 9).tolist()
    path = films.film(tmp_path / "a.mkv", len(times_ms), times_ms=times_ms)
    assert reason(path) == "its timestamps are damaged: 6 frames would last 1180 s"


def test_two_recordings_end_to_end_with_the_same_clock(films: Any, tmp_path: Path) -> None:
    once = films.film(tmp_path / "a.ts", 20)
    path = tmp_path / "twice.ts"
    path.write_bytes(once.read_bytes() * 2)
    assert reason(path) == "its timestamps are damaged: 20 of 40 repeat or go back"
    with open_video(path, keep_truncated=True) as frames:
        shown = sum(frame.repeats for frame in frames)
    assert frames.fps == 25, "a gap of no time is no rate"
    assert shown == 20


def test_a_clock_that_is_set_back_between_two_others(films: Any, tmp_path: Path) -> None:
    """Hardly a timestamp is there twice."""
    for name, shift in (("a.ts", 0), ("b.ts", 13)):
        times_ms = [40 * n + shift * (n > 0) for n in range(20)]
        films.film(tmp_path / name, 20, times_ms=times_ms, options={"bf": "0"})
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    assert reason(path) == "its timestamps are damaged: 19 of 40 repeat or go back"


def test_a_picture_that_changes_its_size(films: Any, tmp_path: Path) -> None:
    small = films.film(tmp_path / "a.h264", 40, size=(64, 48), codec=films.H264)
    large = films.film(tmp_path / "b.h264", 20, size=(128, 96), codec=films.H264)
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    assert reason(path) == "the picture changes its size from 64×48 to 128×96 after 40 frames"
    with open_video(path, Span(end_frame=40)) as frames:
        assert {frame.rgb.shape for frame in frames} == {(48, 64, 3)}
