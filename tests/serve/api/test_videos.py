"""Uploaded videos: looked at, deleted, and refused in words where they can ask nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from raysign.serve.memory import resident_bytes
from raysign.serve.takes import videos as room
from raysign.video import write_mp4

SIGNS = 150


def film(path: Path, shades: list[int], fps: float = 25.0) -> bytes:
    write_mp4(path, [np.full((48, 64, 3), shade, np.uint8) for shade in shades], fps)
    return path.read_bytes()


def upload(client: Any, content: Any, name: str = "sign.mp4") -> Any:
    return client("POST", "/videos", content, {"content-type": "video/mp4", "x-file-name": name})


def left(client: Any) -> list[Path]:
    return list(client.service.uploads.folder.iterdir())


def test_a_video_becomes_a_take_and_is_gone(client: Any, tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4", [SIGNS] * 30)
    pieces = [content[:100], content[100:500], content[500:]]
    reply = upload(client, pieces, "..%2Fmy%20sign.mp4")
    assert reply.status == 201, reply.body
    take = reply.json()
    assert (take["kind"], take["name"], take["frames"]) == ("file", "my sign.mp4", 30)
    assert left(client) == []
    answer = client("POST", "/search", {"takes": [{"id": take["id"], "start_s": 0.2, "end_s": 1}]})
    assert answer.status == 200, answer.body
    assert answer.json()["asked"][0]["id"] == take["id"]


def test_slow_motion_is_no_longer_than_it_lasts(client: Any, tmp_path: Path) -> None:
    take = upload(client, film(tmp_path / "a.mp4", [SIGNS] * 960, fps=240.0)).json()
    assert (take["fps"], take["frames"], take["seconds"]) == (60, 240, 4)


def test_a_video_asks_and_nothing_is_kept(client: Any, tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4", [SIGNS] * 30)
    before = len(client.service.takes)
    reply = client("POST", "/search/video", content, count=4, start_s=0.2, end_s=1)
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert len(answer["signs"]) == 4
    assert answer["asked"][0]["id"] == ""
    told = [stage for stage in answer["stages_ms"] if stage != "wait"]
    assert told == ["landmarks", "prepare", "embed", "search", "draw"]
    assert (left(client), len(client.service.takes)) == ([], before)
    for span in ({"start_s": 1, "end_s": 1}, {"start_s": -1}, {"end_s": "nan"}, {"count": 0}):
        assert client("POST", "/search/video", content, **span).status == 422


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [
        pytest.param(b"just some words", "not_a_video", "it is text", id="text"),
        pytest.param(b"", "empty", "The file is empty", id="nothing"),
        pytest.param([2] * 20, "no_person", "Nobody was found", id="nobody"),
        pytest.param([20] * 20, "no_hands", "No hand was found", id="no hands"),
        pytest.param([SIGNS], "too_short", "a single picture", id="one frame"),
        pytest.param([SIGNS] * 200, "too_long", "it may last 5 seconds", id="too long"),
        pytest.param([255] * 20, "crashed", "stops the program", id="crash"),
    ],
)
def test_what_cannot_ask_is_refused_in_words(
    client: Any, tmp_path: Path, content: Any, kind: str, says: str
) -> None:
    good = film(tmp_path / "good.mp4", [SIGNS] * 20)
    reply = upload(
        client, content if isinstance(content, bytes) else film(tmp_path / "a.mp4", content)
    )
    assert reply.problem() == (422, kind)
    text = reply.json()["text"]
    assert says in text
    assert text.endswith(".")
    assert str(client.service.uploads.folder) not in text
    assert left(client) == []
    assert upload(client, good).status == 201, "and the server lives"


def test_a_video_that_was_cut_off(client: Any, tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4", list(range(100, 200)))
    for share in (0.3, 0.7):
        reply = upload(client, content[: int(share * len(content))])
        assert reply.problem() == (422, "not_a_video")


def test_a_video_on_which_the_decoder_hangs(opening: Any, tmp_path: Path) -> None:
    client = opening(look_timeout_s=2)
    began_s = time.monotonic()
    reply = upload(client, film(tmp_path / "a.mp4", [SIGNS, 245]))
    assert reply.problem() == (422, "slow")
    assert "was not looked at within 2 seconds" in reply.json()["text"]
    assert time.monotonic() - began_s < 60
    assert left(client) == []
    assert upload(client, film(tmp_path / "b.mp4", [SIGNS] * 20)).status == 201


def test_an_upload_larger_than_may_be(client: Any) -> None:
    for told in ({}, {"content-length": "0", "transfer-encoding": "chunked"}):
        reply = client(
            "POST", "/videos", [b"0" * 600_000] * 2, {"content-type": "video/mp4", **told}
        )
        assert reply.problem() == (413, "too_large")
    assert left(client) == []


def test_nothing_is_received_from_who_finds_no_place(
    opening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAITING_EACH", 0)
    client = opening()
    with client.service.videos.place():
        monkeypatch.setattr(client.service.uploads, "received", None)
        for path in ("/videos", "/search/video"):
            busy = client("POST", path, b"0" * 1_000, {"content-type": "video/mp4"})
            assert busy.problem() == (503, "busy")
    assert client.service.videos.in_line == 0


def test_who_sends_slowly_holds_nobody_up(
    opening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAITING_EACH", 0)
    client = opening()
    content = film(tmp_path / "a.mp4", [SIGNS] * 20)

    async def endless() -> AsyncIterator[bytes]:
        yield content[:100]
        await asyncio.sleep(3600)

    async def sends_on() -> None:
        async with client.service.uploads.received(endless()):
            pass

    async def both() -> Any:
        slow = [asyncio.create_task(sends_on()) for _ in range(3)]
        while len(left(client)) < len(slow):
            await asyncio.sleep(0.01)
        reply = await client.ask("POST", "/videos", content)
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        return reply

    assert client.run(both()).status == 201
    assert left(client) == []


@pytest.mark.skipif("libvpx-vp9" not in av.codecs_available, reason="FFmpeg without libvpx")
@pytest.mark.parametrize(
    ("size", "rate", "kind"),
    [
        pytest.param((7680, 4320), 1000, "too_large", id="8K", marks=pytest.mark.slow),
        pytest.param((4096, 2304), 1000, "too_large", id="over 4K"),
        pytest.param((1280, 720), 1000, "too_long", id="a thousand frames a second"),
        pytest.param((1280, 720), 25, "too_long", id="13 minutes"),
    ],
)
def test_a_tiny_file_of_twenty_thousand_frames(
    opening: Any, bomb: Any, tmp_path: Path, size: tuple[int, int], rate: int, kind: str
) -> None:
    client = opening(longest_video_s=60)
    content = bomb(tmp_path / "bomb.mp4", size, 20_000, rate).read_bytes()
    assert len(content) < 120_000
    upload(client, film(tmp_path / "a.mp4", [SIGNS] * 9))
    before = resident_bytes()[1]
    began_s = time.monotonic()
    assert upload(client, content).problem() == (422, kind)
    assert time.monotonic() - began_s < 20
    after = resident_bytes()[1]
    assert after - before < 250e6, "the container decodes one frame to find out what it holds"


def test_who_comes_first_is_looked_at_first_and_too_many_are_sent_away(
    opening: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WAITING_EACH", 2)
    client = opening()
    contents = [film(tmp_path / f"{n}.mp4", [SIGNS] * (20 + n)) for n in range(5)]
    look, room_of = client.service.videos._look, client.service.videos
    done: list[int] = []
    lengths: list[int] = []
    go = threading.Event()

    def slow(*given: Any) -> Any:
        go.wait(60)
        found = look(*given)
        lengths.append(len(found.clip.xyz))
        return found

    monkeypatch.setattr(room_of, "_look", slow)

    async def one(number: int) -> Any:
        reply = await client.ask("POST", "/videos", contents[number])
        done.append(number)
        return reply

    async def all_of_them() -> list[Any]:
        asking = []
        for number in range(5):
            asking.append(asyncio.create_task(one(number)))
            while room_of.in_line < min(number + 1, 3) and not done:
                await asyncio.sleep(0.01)
        while len(done) < 2:  # who is sent away is told so at once
            await asyncio.sleep(0.01)
        go.set()
        return list(await asyncio.gather(*asking))

    replies = client.run(all_of_them())
    assert [reply.status for reply in replies] == [201, 201, 201, 503, 503]
    assert replies[3].problem() == (503, "busy")
    assert int(replies[3].headers["retry-after"]) >= 1
    assert done[:2] == [3, 4]
    assert lengths == [20, 21, 22]
    assert room_of.in_line == 0
