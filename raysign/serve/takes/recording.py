"""One camera's recording while it goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING

from raysign.errors import DataError, ExtractionError, VideoError
from raysign.extract import Seen, clip_of
from raysign.serve.problems import Refused
from raysign.serve.takes.hints import hints_on
from raysign.serve.takes.threads import finished
from raysign.serve.words import Live, LiveFrame

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import numpy as np

    from raysign.clip import Clip
    from raysign.extract import LiveExtractor

MOST_WAITING = 64
"""Pictures that wait to be looked at; who sends more sends them faster than anybody can look."""
RETRY_S = 15.0
OVERTAKEN_S = 1.0
"""A request with pictures that overtook another waits for that one for so long; it may be lost."""
GRACE_S = 15.0
"""Longer than its longest may a recording go on by the clock: pictures come late."""
DIGITS = 4
"""Of a place in the picture, as it is drawn live."""


class Recording:
    """Pictures come in, and are looked at in their order; to be used from the event loop's thread.

    Of two requests that were sent at once one may overtake the other: it waits, where they are
    numbered. Pictures older than those looked at come too late all the same, and are left out.
    """

    def __init__(
        self, extractor: LiveExtractor, threads: Executor, *, longest_s: float, most_frames: int
    ) -> None:
        self._extractor, self._threads = extractor, threads
        self._longest_s, self._most_frames = longest_s, most_frames
        self._times_s: list[float] = []
        self._seen: list[Seen] = []
        self.turn = asyncio.Lock()
        """Of whoever uses the extractor; first come, first served."""
        self._waiting = 0
        self._next = 0
        """Number of the request whose pictures come next."""
        self._came = asyncio.Condition()
        self._arrived_s = self._done_s = 0.0
        self.used_s = time.monotonic()
        self._until_s = float("inf")
        self.ended = False

    @property
    def over(self) -> bool:
        """Whether it has gone on for so long that no more pictures are taken."""
        return time.monotonic() > self._until_s

    async def ready(self) -> None:
        """Wait until its first picture can be looked at.

        Raises:
            Refused: 503 ``not_ready``: it never can.
        """
        loop = asyncio.get_running_loop()
        async with self.turn:
            try:
                await finished(loop.run_in_executor(self._threads, self._extractor.begin))
            except ExtractionError:
                raise Refused(
                    503, "not_ready", "No camera can be looked at now; please try again.", RETRY_S
                ) from None
        self.used_s = time.monotonic()
        self._until_s = self.used_s + self._longest_s + GRACE_S

    async def look(
        self, jpegs: Sequence[bytes], times_ms: Sequence[float], number: int | None = None
    ) -> Live:
        """Look at pictures, and say what they show.

        Args:
            jpegs: the pictures.
            times_ms: when each was taken, rising, since the recording's start.
            number: of the request among the recording's, from 0; None = as they come.

        Raises:
            Refused: they cannot be looked at; of 422 ``bad_picture`` the recording goes on.
        """
        self._check(jpegs, times_ms)
        if self.over:
            raise self._too_long()
        self._arrived_s = time.perf_counter()
        self._waiting += len(jpegs)
        left = len(jpegs)
        frames: list[LiveFrame] = []
        try:
            async with self._in_order(number):
                for jpeg, time_ms in zip(jpegs, times_ms, strict=True):
                    if not self._too_late(time_ms):
                        frames.append(await self._looked_at(jpeg, time_ms))
                    self._waiting -= 1
                    left -= 1
        finally:
            self._waiting -= left
            self._done_s = time.perf_counter()
            if frames:  # what comes too late keeps nobody's place
                self.used_s = time.monotonic()
        return Live(frames=tuple(frames), hints=hints_on(self._seen), behind=self._waiting)

    @asynccontextmanager
    async def _in_order(self, number: int | None) -> AsyncIterator[None]:
        """With the extractor, after the requests with smaller numbers."""
        if number is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(OVERTAKEN_S), self._came:
                    await self._came.wait_for(lambda: self._next >= number)
        async with self.turn:
            if number is not None and number >= self._next:
                async with self._came:
                    self._next = number + 1
                    self._came.notify_all()
            yield

    def waited_s(self, ended_s: float) -> float:
        """From the arrival of the last pictures until now, without what the sender took his time.

        ``ended_s`` is when the recording was ended, by ``time.perf_counter``.
        """
        looking_s = self._done_s - self._arrived_s
        return looking_s + time.perf_counter() - max(ended_s, self._done_s)

    async def finish(self, clip_id: str) -> Clip:
        """The clip, once all pictures are looked at that came before.

        Raises:
            Refused: there is none.
        """
        async with self.turn:
            self.ended = True
        if not self._seen:
            raise Refused(422, "empty", "No picture came from the camera; please record again.")
        try:
            return clip_of(clip_id, self._times_s, self._seen, most_frames=self._most_frames + 1)
        except DataError:
            raise Refused(
                422,
                "not_usable",
                "The camera's pictures came too unevenly to tell how fast they were; please record "
                "again.",
            ) from None
        except VideoError:
            raise Refused(
                422,
                "changed",
                "The camera's picture changed its shape while it was recorded; please record again "
                "without turning the device.",
            ) from None

    def _check(self, jpegs: Sequence[bytes], times_ms: Sequence[float]) -> None:
        """``Refused`` where pictures do not fit the recording."""
        if len(jpegs) != len(times_ms) or not jpegs:
            raise Refused(
                422,
                "not_understood",
                f"Each picture needs its time: got {len(jpegs)} pictures and {len(times_ms)} "
                "times_ms.",
            )
        rising = all(0 <= a < b for a, b in pairwise(times_ms))
        if not (rising and times_ms[0] >= 0 and times_ms[-1] < float("inf")):
            raise Refused(
                422, "not_understood", "times_ms must be rising numbers of milliseconds from 0 on."
            )
        if self._waiting + len(jpegs) > MOST_WAITING:
            raise Refused(
                429, "too_fast", "Pictures come faster than they can be looked at; send fewer.", 1
            )

    def _too_late(self, time_ms: float) -> bool:
        """Of pictures that nobody looks at any more; ``Refused`` of one past the longest time."""
        if self.ended:
            raise Refused(410, "gone", "This recording has ended; please record again.")
        if self._times_s and time_ms / 1000 <= self._times_s[-1]:
            return True
        if time_ms / 1000 > self._longest_s or len(self._seen) >= self._most_frames:
            raise self._too_long()
        return False

    def _too_long(self) -> Refused:
        return Refused(422, "too_long", f"A recording lasts at most {self._longest_s:.0f} seconds.")

    async def _looked_at(self, jpeg: bytes, time_ms: float) -> LiveFrame:
        loop = asyncio.get_running_loop()
        try:
            seen = await finished(loop.run_in_executor(self._threads, self._extractor.look, jpeg))
        except VideoError:
            raise Refused(
                422, "bad_picture", "A picture of the camera cannot be read; it must be a JPEG."
            ) from None
        except ExtractionError:
            self.ended = True
            raise Refused(
                422,
                "recording_lost",
                "Looking at this recording failed, and it is lost; please record again.",
            ) from None
        self._times_s.append(time_ms / 1000)
        self._seen.append(seen)
        return LiveFrame(time_ms=time_ms, points=points_of(seen.xyz))


def points_of(xyz: np.ndarray) -> tuple[tuple[float, float] | None, ...]:
    """Places in the picture, [joint axis], for drawing; None where not seen."""
    return tuple(
        None if x != x or y != y else (round(x, DIGITS), round(y, DIGITS))
        for x, y in xyz[:, :2].astype(float).tolist()
    )
