"""Exemplars that come and go while the dictionary is searched."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from raysign.clip import Clips
from raysign.errors import DataError, GalleryChangedError
from raysign.gallery import Exemplars
from raysign.search.query import for_layout
from raysign.serve.problems import Refused
from raysign.serve.takes.threads import finished

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.gallery import Gallery
    from raysign.serve.desk import Desk
    from raysign.serve.opened import Opened

LOG = logging.getLogger("raysign.serve")
SOURCE = "recorded"
"""Where clips come from that were recorded here."""
ATTEMPTS = 3
PAUSE_S = 0.3
"""Between attempts at a change that another process stood in the way of."""
RETRY_S = 2.0


class Changes:
    """One change at a time, and searches meanwhile. To be used from the event loop's thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._thread = ThreadPoolExecutor(1, "raysign-change")
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Once a change that was begun is done."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    async def add(self, clip: Clip) -> None:
        """Make a recording an exemplar, on disk too.

        Args:
            clip: its landmarks, with an id of its own, its sign, and its signer if known.

        Raises:
            Refused: 409: there is a clip of that id (``taken``), somebody else changes the gallery
                (``changing``), or it cannot be written (``not_writable``).
        """

        def embedded(opened: Opened) -> tuple[np.ndarray, Exemplars]:
            if opened.has_id(clip.clip_id):
                raise Refused(
                    409, "taken", "There is a clip of that name already; please give another."
                )
            own = Clips.pack([for_layout(clip, opened.gallery.card.model.layout)])
            return opened.searcher.embedded(own), Exemplars.of(own, SOURCE)

        async def change() -> None:
            more = await self._desk.ask(embedded)
            await self._done(lambda opened: opened.gallery.change(add=more, sources=(SOURCE,)))

        await self._in_turn(change)

    async def remove(self, name: str) -> None:
        """Take an exemplar out, on disk too.

        Args:
            name: what it is called in the dictionary; see :meth:`Opened.name_of`.

        Raises:
            Refused: 404 ``no_clip``; 409 ``last_clip``; or as ``add``.
        """

        def without(opened: Opened) -> Gallery:
            row = opened.row_of(name)
            if row is None:
                raise Refused(404, "no_clip", "There is no such clip in this dictionary.")
            if len(opened.gallery) == 1:
                raise Refused(
                    409, "last_clip", "This is the only clip; a dictionary cannot be empty."
                )
            return opened.gallery.remove(np.arange(len(opened.gallery.exemplars)) == row)

        await self._in_turn(lambda: self._done(without))

    async def _in_turn(self, change: Callable[[], Awaitable[None]]) -> None:
        for _ in range(ATTEMPTS):
            try:
                async with self._turn:
                    return await change()
            except GalleryChangedError as error:  # another process changes it, or just did
                LOG.warning("a change has to wait: %s", error)
            except DataError as error:
                LOG.error("a change was not written: %s", error)
                raise Refused(
                    409, "not_writable", "The dictionary's folder cannot be written to."
                ) from None
            await asyncio.sleep(PAUSE_S)
        raise Refused(
            409,
            "changing",
            "Somebody else is changing this dictionary; please try again.",
            RETRY_S,
        )

    async def _done(self, change: Callable[[Opened], Gallery]) -> None:
        """All of it or nothing; whoever asks next sees it."""
        opened = await self._desk.ask(lambda opened: opened)
        loop = asyncio.get_running_loop()
        await finished(loop.run_in_executor(self._thread, change, opened))
        await self._desk.ask(lambda opened: opened)
