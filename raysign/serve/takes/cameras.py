"""Recordings of cameras, a few at once: each has a child process that looks at its pictures."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from raysign.errors import ExtractionError
from raysign.extract import LiveExtractor
from raysign.serve.problems import Refused
from raysign.serve.takes.kept import new_id
from raysign.serve.takes.recording import Recording
from raysign.serve.words import Live
from raysign.serve.words import Recording as Begun

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from raysign.clip import Clip
    from raysign.config import ExtractConfig
    from raysign.serve.settings import ServeSettings

LOG = logging.getLogger("raysign.serve")
SILENT_S = 20.0
"""A recording from which nothing comes for so long has ended: its place is given to another."""
TIDY_S = 2.0
"""Somebody who begins waits for so long for a place that is just being given back."""
RETRY_S = 5.0
"""After so long somebody who found no place should ask again."""
MOST_FPS = 60
"""Pictures a second that are looked at, of the longest recording."""
CAMERA = "camera"
"""The clip_id of its clips; a take's id never goes into a clip."""


class Cameras:
    """All recordings in progress; to be used from the event loop's thread, but for ``close``."""

    def __init__(
        self,
        settings: ServeSettings,
        config: ExtractConfig,
        threads: Executor,
        *,
        memory_bytes: int | None = None,
        child: str = "raysign.extract.live_child",
    ) -> None:
        """The children start at once, and are ready after a second or two."""
        self._settings, self._threads = settings, threads
        self.extractors = [
            LiveExtractor(config, memory_bytes=memory_bytes, child=child, wait=False)
            for _ in range(settings.cameras)
        ]
        self._free = list(self.extractors)
        self._running: dict[str, tuple[Recording, LiveExtractor]] = {}
        self._tidying = set[asyncio.Task[None]]()

    @property
    def running(self) -> int:
        """Recordings in progress."""
        return len(self._running)

    async def begin(self) -> Begun:
        """A new recording, once its first picture can be looked at.

        Raises:
            Refused: 503 ``busy``: all places are taken, or ``not_ready``.
        """
        if not self._free:
            for recording_id, (recording, _) in list(self._running.items()):
                if time.monotonic() - recording.used_s > SILENT_S or recording.over:
                    self.forget(recording_id)
            if self._tidying:  # a place that was given back is free in a moment
                await asyncio.wait(
                    self._tidying, timeout=TIDY_S, return_when=asyncio.FIRST_COMPLETED
                )
        if not self._free:
            raise Refused(
                503,
                "busy",
                "Everybody here is recording right now; please try again in a few seconds.",
                RETRY_S,
            )
        recording_id, longest_s = new_id(), self._settings.longest_recording_s
        extractor = self._free.pop(0)
        recording = Recording(
            extractor,
            self._threads,
            longest_s=longest_s,
            most_frames=round(longest_s * MOST_FPS),
        )
        self._running[recording_id] = recording, extractor
        try:
            await recording.ready()
        except BaseException:
            self.forget(recording_id)
            raise
        return Begun(id=recording_id, longest_s=longest_s)

    async def look(
        self,
        recording_id: str,
        jpegs: Sequence[bytes],
        times_ms: list[float],
        number: int | None = None,
    ) -> Live:
        """Pictures of a recording; see ``Recording.look``."""
        recording = self._recording(recording_id)
        try:
            return await recording.look(jpegs, times_ms, number)
        finally:
            if recording.ended:
                self.forget(recording_id)

    async def end(self, recording_id: str) -> tuple[Clip, float]:
        """The clip that a recording became, and how many ms somebody waited for it.

        Raises:
            Refused: it became none: 422, or 410 ``gone`` where there is no such recording.
        """
        ended_s = time.perf_counter()
        recording = self._recording(recording_id)
        try:
            clip = await recording.finish(CAMERA)
        finally:
            self.forget(recording_id)
        return clip, 1000 * recording.waited_s(ended_s)

    def forget(self, recording_id: str) -> None:
        """Give its place away, if there is such a recording."""
        recording, extractor = self._running.pop(recording_id, (None, None))
        if recording is None or extractor is None:
            return
        recording.ended = True
        tidying = asyncio.get_running_loop().create_task(self._make_free(recording, extractor))
        self._tidying.add(tidying)  # the loop itself holds it only weakly
        tidying.add_done_callback(self._tidying.discard)

    async def _make_free(self, recording: Recording, extractor: LiveExtractor) -> None:
        """Once nobody waits for a picture of it any more."""
        async with recording.turn:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(self._threads, extractor.reset)
            except ExtractionError as error:  # it has no child now: ``begin`` starts one
                LOG.warning("a camera's place has no child: %s", error)
            except RuntimeError:  # the server ends
                return
        self._free.append(extractor)

    def close(self) -> None:
        """End the children; whoever waits for one is told so."""
        for extractor in self.extractors:
            extractor.stop()

    def _recording(self, recording_id: str) -> Recording:
        if recording_id not in self._running:
            raise Refused(410, "gone", "That recording is gone; please record again.")
        return self._running[recording_id][0]
