"""Late spans: sought in containers whose frames keep their times after a seek, else decoded to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest

from raysign.video import Span, open_video

COUNT = 120
FILMS = (
    ("a.mp4", "h264"),
    ("a.mov", "mpeg4"),
    ("a.mkv", "h264"),
    ("a.mkv", "mpeg2video"),
    ("a.webm", "libvpx"),
    ("a.flv", "h264"),
    ("a.wmv", "wmv2"),
    ("a.asf", "h264"),
    ("a.avi", "mpeg4"),
    ("a.avi", "h264"),
    ("a.ts", "h264"),
    ("a.ts", "mpeg2video"),
    ("a.ts", "mpeg4"),
    ("a.mpg", "mpeg1video"),
    ("a.vob", "mpeg2video"),
    ("a.nut", "mpeg4"),
    ("a.h264", "h264"),
)


@pytest.mark.parametrize(("name", "codec"), FILMS)
def test_a_late_span_has_the_frames_that_it_says(
    films: Any, tmp_path: Path, name: str, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 0.0)
    codec = films.H264 if codec == "h264" else codec
    options = {} if codec in ("libvpx", "wmv2") else {"bf": "2"}
    try:
        path = films.film(tmp_path / name, COUNT, codec=codec, gop=30, options=options)
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"FFmpeg writes no {codec} into {name} here: {error}")
    for start in range(1, COUNT, 7):
        expected = list(range(start, min(start + 3, COUNT)))
        # Rounded, a clock may be too coarse to tell where a frame begins.
        begins_s = (start - 0.1) / 25
        for span in (Span(start, start + 3), Span(start_s=begins_s, end_s=begins_s + 0.12)):
            with open_video(path, span) as frames:
                assert [films.number(frame.rgb) for frame in frames] == expected, span


def test_a_seek_that_lands_where_nothing_is_decoded_goes_further_back(
    films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysign.video.frames.SEEK_BEYOND_S", 1.0)
    path = films.film(tmp_path / "a.mp4", COUNT)
    sought: list[int] = []
    with open_video(path, Span(100, 103)) as frames:
        container = frames._container

        class Container:
            @staticmethod
            def seek(time: int, stream: Any) -> None:
                sought.append(time)
                container.seek(time, stream=stream)

            @staticmethod
            def decode(stream: Any) -> Any:
                return container.decode(stream) if len(sought) > 2 else iter(())

        frames._container = Container()  # type: ignore[assignment]
        assert [films.number(frame.rgb) for frame in frames] == [100, 101, 102]
    assert sought == sorted(sought, reverse=True)
    assert len(sought) == 3
