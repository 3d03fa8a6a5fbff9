"""A camera's pictures are looked at in their order, whichever request comes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from raysign.extract import Seen
from raysign.serve.takes import recording as room
from raysign.serve.takes.recording import Recording

if TYPE_CHECKING:
    import pytest


class Eye:
    """Sees nobody in any picture, and remembers the pictures."""

    def __init__(self) -> None:
        self.looked_at: list[bytes] = []

    def look(self, jpeg: bytes) -> Seen:
        self.looked_at.append(jpeg)
        nothing = np.full((75, 3), np.nan, np.float16)
        return Seen(nothing, np.zeros(75, np.float16), 640, 480, 0.5, 0.0, 0.0)


@asynccontextmanager
async def begun() -> AsyncIterator[tuple[Recording, Eye]]:
    eye: Any = Eye()
    with ThreadPoolExecutor(1) as threads:
        yield Recording(eye, threads, longest_s=30, most_frames=1000), eye


async def sent(recording: Recording, order: list[int], pause_s: float = 0.02) -> list[list[float]]:
    """Two pictures in each request, sent in that order; the times that each was answered with."""
    asking = []
    for number in order:
        pictures, times_ms = [b"%d" % number] * 2, [80.0 * number, 80.0 * number + 40]
        asking.append(asyncio.create_task(recording.look(pictures, times_ms, number)))
        await asyncio.sleep(pause_s)
    return [[frame.time_ms for frame in live.frames] for live in await asyncio.gather(*asking)]


def test_a_request_that_overtakes_others_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "OVERTAKEN_S", 60)

    async def live() -> None:
        async with begun() as (recording, eye):
            times = await sent(recording, [2, 1, 0, 3])
            assert times == [[160, 200], [80, 120], [0, 40], [240, 280]]
            assert eye.looked_at == [b"0", b"0", b"1", b"1", b"2", b"2", b"3", b"3"]

    asyncio.run(live())


def test_one_that_never_comes_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "OVERTAKEN_S", 0.05)

    async def live() -> None:
        async with begun() as (recording, _):
            assert await sent(recording, [1, 2, 0], 0.3) == [[80, 120], [160, 200], []]

    asyncio.run(live())


def test_without_numbers_they_are_taken_as_they_come() -> None:
    async def live() -> None:
        async with begun() as (recording, _):
            later = await recording.look([b"1"], [40.0])
            assert [frame.time_ms for frame in later.frames] == [40]
            assert (await recording.look([b"0"], [0.0])).frames == ()

    asyncio.run(live())
