from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from raysign.errors import VideoError
from raysign.manifest import VIDEOS
from raysign.video import WHOLE, Span, open_video

CODECS = {
    **dict.fromkeys((".mpg", ".mpeg", ".m2v", ".vob", ".mxf"), "mpeg2video"),
    **dict.fromkeys((".wmv", ".asf"), "wmv2"),
    **dict.fromkeys((".hevc", ".265"), "libx265"),
    **{".webm": "libvpx", ".ivf": "libvpx", ".ogv": "libtheora", ".3gp": "mpeg4", ".avi": "mpeg4"},
    **{".dv": "dvvideo", ".mjpeg": "mjpeg", ".rm": "rv20", ".wtv": "mpeg2video"},
    **{".y4m": "rawvideo", ".flv": "flv"},
}
"""Other than H.264, by suffix."""


def numbers(films: Any, path: Path, span: Span = WHOLE, **options: Any) -> list[int]:
    """The numbers of the frames that come, each as often as it repeats."""
    with open_video(path, span, **options) as frames:
        return [films.number(frame.rgb) for frame in frames for _ in range(frame.repeats)]


def test_every_frame_comes_once_in_the_order_in_which_it_is_shown(
    films: Any, tmp_path: Path
) -> None:
    path = films.film(tmp_path / "a.mp4", 60, options={"bf": "3"})
    with open_video(path) as frames:
        shown = list(frames)
    assert [films.number(frame.rgb) for frame in shown] == list(range(60))
    assert [frame.repeats for frame in shown] == [1] * 60
    assert np.allclose([frame.time_s for frame in shown], np.arange(60) / 25, atol=1e-6)
    assert (frames.fps, frames.decoded) == (25.0, 60)


@pytest.mark.parametrize("name", ["a.mkv", "a.avi", "a.webm", "a.ts", "a.mov", "a.h264", "a.flv"])
def test_containers(films: Any, tmp_path: Path, name: str) -> None:
    """Clocks that count milliseconds, frames without times: the same rate, the same frames."""
    codec = {"a.avi": "mpeg4", "a.webm": films.VP8}.get(name, films.H264)
    path = films.film(tmp_path / name, 40, rate=30, codec=codec)
    with open_video(path) as frames:
        assert [films.number(frame.rgb) for frame in frames] == list(range(40))
    assert frames.fps == 30.0


@pytest.mark.parametrize("suffix", VIDEOS)
def test_what_is_taken_for_a_video_in_a_folder_can_be_opened(
    films: Any, tmp_path: Path, suffix: str
) -> None:
    codec, size = CODECS.get(suffix, films.H264), (80, 48)
    if suffix == ".dv":
        size = (720, 576)
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    try:
        path = films.film(tmp_path / f"a{suffix}", 12, codec=codec, size=size, pix_fmt=pix_fmt)
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"FFmpeg writes no {codec} into *{suffix} here: {error}")
    assert numbers(films, path) == list(range(12))


def test_frames_are_streamed(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 60)
    for fps in (None, 50.0):
        with open_video(path, fps=fps) as frames:
            next(iter(frames))
            assert frames.decoded <= 2


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("fps", [None, 50.0, 2.0])
def test_only_a_few_frames_are_in_memory(films: Any, tmp_path: Path, fps: float | None) -> None:
    """Those of the whole film would be 69 MB as FFmpeg decodes them, and 138 MB as RGB."""
    path = films.film(tmp_path / "a.mp4", 150, size=(640, 480), codec="mpeg4")
    before, used = resident_bytes(), []
    with open_video(path, fps=fps) as frames:
        for _ in frames:
            used.append(resident_bytes())
    assert frames.decoded == 150
    assert max(used) - before < 40e6


@pytest.mark.parametrize("sought", [False, True])
def test_spans_by_frame(
    films: Any, tmp_path: Path, sought: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sought:
        monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 0.0)
    for name in ("a.mp4", "a.mkv"):
        path = films.film(tmp_path / name, 60, options={"bf": "3", "x264-params": "open-gop=1"})
        for start in range(60):
            span = Span(start, start + 3)
            assert numbers(films, path, span) == list(range(start, min(start + 3, 60)))
        assert numbers(films, path, Span(start_frame=50)) == list(range(50, 60))
        assert numbers(films, path, Span(end_frame=4)) == list(range(4))


@pytest.mark.parametrize("sought", [False, True])
def test_spans_by_second(
    films: Any, tmp_path: Path, sought: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sought:
        monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 0.0)
    for name, codec in (("a.mp4", films.H264), ("a.webm", films.VP8)):
        path = films.film(tmp_path / name, 60, rate=30, codec=codec)
        assert numbers(films, path, Span(start_s=0.1, end_s=0.2)) == [3, 4, 5]
        assert numbers(films, path, Span(start_s=1 / 3, end_s=2 / 3)) == list(range(10, 20))
        assert numbers(films, path, Span(start_s=1.9, end_s=99)) == [57, 58, 59]


@pytest.mark.parametrize("sought", [False, True])
def test_every_packet_and_decoded_frame_is_a_sign_of_life(
    films: Any, tmp_path: Path, sought: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those in front of the span, and those that the grid leaves out."""
    if sought:
        monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 0.0)
    path = films.film(tmp_path / "a.mp4", 60, gop=30, options={"bf": "0", "sc_threshold": "0"})
    signs: list[None] = []
    shown = numbers(films, path, Span(40, 50), fps=5.0, alive=lambda: signs.append(None))
    assert shown == [40, 45]
    packets = 60 + 1  # and the mark of the end
    assert len(signs) == packets + (21 if sought else 51)


def test_a_late_span_is_sought(films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 1.0)
    path = films.film(tmp_path / "a.mp4", 200)
    looked_at: list[int] = []
    with open_video(path, Span(150, 152)) as frames:
        decode = frames._container.decode

        def counted(stream: Any) -> Any:
            for picture in decode(stream):
                looked_at.append(picture.pts)
                yield picture

        class Container:
            seek = staticmethod(frames._container.seek)
            decode = staticmethod(counted)

        frames._container = Container()  # type: ignore[assignment]
        assert [films.number(frame.rgb) for frame in frames] == [150, 151]
    assert len(looked_at) < 20


def test_how_long_it_lasts_is_known_before_a_frame_is_decoded(films: Any, tmp_path: Path) -> None:
    for name, options in (("a.mp4", {}), ("a.webm", {"codec": films.VP8})):
        path = films.film(tmp_path / name, 50, **options)
        for span, seconds in ((Span(), 2), (Span(10, 30), 0.8), (Span(start_s=1.5, end_s=9), 0.5)):
            with open_video(path, span) as frames:
                assert frames.length_s == pytest.approx(seconds, abs=0.05)
                assert frames.decoded == 0


def test_a_span_behind_the_end(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 50)
    for span in (Span(50, 60), Span(start_s=2.0)):
        with pytest.raises(VideoError, match=r"span begins at .* but the video has"):
            numbers(films, path, span)
    assert numbers(films, path, Span(45, 60)) == [45, 46, 47, 48, 49], "clipped to what there is"


def test_fewer_frames_a_second(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mp4", 50)
    assert numbers(films, path, fps=12.5) == list(range(0, 50, 2))
    assert numbers(films, path, Span(11, 21), fps=5.0) == [11, 16]


def test_too_many_frames_a_second_become_fewer_and_few_stay_as_they_are(
    films: Any, tmp_path: Path
) -> None:
    path = films.film(tmp_path / "a.mp4", 48, rate=240)
    assert numbers(films, path, most_fps=60.0) == list(range(0, 48, 4))
    assert numbers(films, path, most_fps=60.0, fps=120.0) == list(range(0, 48, 2))
    assert numbers(films, path, most_fps=240.0) == list(range(48))
    slow = films.film(tmp_path / "b.mp4", 10, rate=25)
    assert numbers(films, slow, most_fps=60.0) == list(range(10))


def test_more_frames_a_second_repeat_without_a_second_look(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.mkv", 20)
    with open_video(path, fps=50.0) as frames:
        shown = list(frames)
    assert [films.number(frame.rgb) for frame in shown] == list(range(20))
    assert [frame.repeats for frame in shown] == [2] * 20
    assert frames.fps == 50


def test_the_same_rate_asked_for_changes_nothing(films: Any, tmp_path: Path) -> None:
    path = films.film(tmp_path / "a.webm", 90, rate=30, codec=films.VP8)
    assert numbers(films, path, fps=30.0) == list(range(90))


def test_a_variable_rate_becomes_a_constant_one_by_time(films: Any, tmp_path: Path) -> None:
    """A phone that skipped frames: each stays on the screen until the next."""
    ticks = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    times_ms = [round(tick * 100 / 3) for tick in ticks]
    for name in ("a.mp4", "a.mkv"):
        path = films.film(tmp_path / name, len(ticks), times_ms=times_ms)
        with open_video(path) as frames:
            shown = list(frames)
        assert frames.fps == 30.0
        assert [films.number(frame.rgb) for frame in shown] == list(range(len(ticks)))
        assert [frame.repeats for frame in shown] == [*np.diff(ticks), 1]
        assert [round(frame.time_s * 1000) for frame in shown] == times_ms


def test_a_drifting_rate_is_variable(films: Any, tmp_path: Path) -> None:
    """Half of it at 25, half at 30 frames a second: no gap is odd, but the whole is."""
    times_ms = np.cumsum([0] + [40] * 50 + [33] * 50).tolist()
    path = films.film(tmp_path / "a.mkv", 101, times_ms=times_ms)
    with open_video(path) as frames:
        count = sum(frame.repeats for frame in frames)
    assert frames.fps in (25, 30)
    assert count == pytest.approx((times_ms[-1] + 33) / 1000 * frames.fps, abs=1)


def test_spans_of_a_variable_rate(films: Any, tmp_path: Path) -> None:
    times_ms = [0, 40, 80, 200, 240, 280, 480, 520, 560, 600]
    path = films.film(tmp_path / "a.mkv", 10, times_ms=times_ms)
    assert numbers(films, path, Span(2, 5)) == [2, 2, 2, 3, 4]
    assert numbers(films, path, Span(start_s=0.2, end_s=0.5)) == [3, 4, 5, 5, 5, 5, 5, 6]
    assert numbers(films, path, Span(start_s=0.28, end_s=0.47)) == [5] * 5
    with pytest.raises(VideoError, match="no frame begins in its span"):
        numbers(films, path, Span(start_s=0.3, end_s=0.4))


def test_frames_cut_away_by_an_edit_list_are_neither_shown_nor_missed(
    films: Any, tmp_path: Path
) -> None:
    import av

    source = films.film(tmp_path / "a.mp4", 100, rate=25, gop=50, options={"bf": "0"})
    trimmed = tmp_path / "trimmed.mp4"
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as film, av.open(str(trimmed), "w", container_options=options) as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(video=0):
            if packet.dts is not None and packet.pts is not None:
                shift = int(30 / 25 / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = stream
                out.mux(packet)
    assert numbers(films, trimmed) == list(range(30, 100))
