"""Uploaded videos are looked at by a few child processes: first come, first served."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from raysign.errors import ExtractionError
from raysign.extract import Extracted, Extractor
from raysign.manifest import VideoClip
from raysign.serve.problems import Refused
from raysign.serve.takes.threads import finished

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from raysign.clip import Clip
    from raysign.config import ExtractConfig
    from raysign.serve.settings import ServeSettings

WAITING_EACH = 4
"""Videos that may wait for each child."""
RETRY_S = 15.0
LOOKED_AT_FPS = 60.0
"""Frames a second that are looked at; slow motion has more, and nobody signs so fast."""
DECODED_FPS = 240
"""Frames a second, on average over the longest video, that are decoded for that: what slow motion
has."""
FILM = "film one person from the front, with head and both hands in the picture"


class Videos:
    """The children, and the queue before them; to be used from the event loop's thread, but for
    ``close``.
    """

    def __init__(
        self,
        settings: ServeSettings,
        config: ExtractConfig,
        threads: Executor,
        *,
        memory_bytes: int | None = None,
        child: str = "raysign.extract.child",
    ) -> None:
        """The children start at once, and are ready after a second or two."""
        self._settings, self._config, self._threads = settings, config, threads
        self.extractors = [
            Extractor(config, memory_bytes=memory_bytes, child=child, wait=False)
            for _ in range(settings.extractors)
        ]
        self._free = list(self.extractors)
        self._places = asyncio.Semaphore(len(self._free))
        self.in_line = 0
        """Videos that are looked at, or wait for it."""

    def check_line(self) -> None:
        """Before a video is received: nobody sends one in vain while the line is full.

        Raises:
            Refused: 503 ``busy``: too many wait already.
        """
        if self.in_line >= (1 + WAITING_EACH) * len(self.extractors):
            raise Refused(
                503, "busy", "Many people are sending videos; please try again soon.", RETRY_S
            )

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line, to be taken when a video is there: who sends slowly holds none.

        Raises:
            Refused: as ``check_line``.
        """
        self.check_line()
        self.in_line += 1
        try:
            yield
        finally:
            self.in_line -= 1

    async def look(self, path: Path, start_s: float | None, end_s: float | None) -> Clip:
        """The landmarks of a video that has its ``place``, or of its part between two moments.

        Raises:
            Refused: 422: it shows nothing that can ask; 503 ``not_ready``.
        """
        async with self._places:
            found = await self._looked_at(path, start_s, end_s)
        if found.clip is None:
            raise self._refused(found)
        return found.clip

    def close(self) -> None:
        """End the children; whoever waits for one is told so."""
        for extractor in self.extractors:
            extractor.stop()

    async def _looked_at(self, path: Path, start_s: float | None, end_s: float | None) -> Extracted:
        extractor = self._free.pop(0)
        video = VideoClip("upload", str(path), start_s=start_s, end_s=end_s)
        loop = asyncio.get_running_loop()
        try:
            return await finished(loop.run_in_executor(self._threads, self._look, extractor, video))
        except ExtractionError:
            raise Refused(
                503, "not_ready", "Videos cannot be looked at now; please try again.", RETRY_S
            ) from None
        finally:
            self._free.append(extractor)

    def _look(self, extractor: Extractor, video: VideoClip) -> Extracted:
        found = extractor.extract(video, within_s=self._settings.look_timeout_s)
        if found.why in ("slow", "crashed"):
            extractor.start()  # for the next one, meanwhile
        return found

    def _refused(self, found: Extracted) -> Refused:
        """What a person is told of a video that became no clip."""
        settings, reason = self._settings, found.outcome.reason
        match found.why:
            case "too_long":
                text = (
                    f"This video is too long: it may last {settings.longest_video_s:.0f} seconds. "
                    "Please cut out the part that shows the sign."
                )
            case "too_large":
                text = "This video's picture is too large: please send it in 4K or smaller."
            case "too_short":
                text = "This video has too few frames; please send one that shows a whole sign."
            case "nobody":
                text = f"Nobody was found in this video: {FILM}."
            case "slow":
                text = (
                    f"This video was not looked at within {settings.look_timeout_s:.0f} seconds; "
                    "please cut out the part that shows the sign."
                )
            case "crashed":
                text = "This video cannot be looked at: it stops the program that does."
            case _:
                text = f"This file cannot be used as a video: {plain_reason(reason)}."
        kind = {"unreadable": "not_a_video", "nobody": "no_person"}.get(found.why, found.why)
        return Refused(422, kind, text)


def plain_reason(reason: str) -> str:
    """A ``VideoError``'s, to stand after a colon."""
    return reason.removeprefix("not a video: ").rstrip(".?")
