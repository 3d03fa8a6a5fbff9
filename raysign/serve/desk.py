"""The one thread that searches, and follows what becomes of the gallery on disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import torch

from raysign.errors import RaysignError
from raysign.gallery import Gallery
from raysign.search.searcher import Searcher
from raysign.serve.opened import Opened, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from raysign.serve.ask.phonology import HowMade

LOG = logging.getLogger("raysign.serve")
T = TypeVar("T")


class Desk:
    """Whoever asks is served one after another, with the gallery as it is now."""

    def __init__(self, folder: Path, model: str | None, known: HowMade | None) -> None:
        """Open a gallery.

        Args:
            folder: the gallery's.
            model: where its model is now; None = where it says.
            known: how signs are made; None = nothing is known of that.

        Raises:
            GalleryError, BundleError: see ``Searcher.open``.
        """
        self._folder, self._model, self._known = folder, model, known
        # One core: beside children that look at videos, torch's threads wait for each other.
        self._thread = ThreadPoolExecutor(1, "raysign-search", torch.set_num_threads, (1,))
        stamp = stamp_of(folder) if folder.is_dir() else (0, 0, 0)
        self._refused = stamp
        self.opened = Opened(Searcher.open(folder, model), stamp, known)
        """The latest state; to be searched with ``ask`` alone."""

    async def ask(self, work: Callable[[Opened], T]) -> T:
        """What a piece of work gives that uses the searcher; it is done in its turn.

        The gallery is opened anew first where it was changed, by this process or another; where
        that cannot be done, it stays as it was.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def close(self) -> None:
        """Once the work that was begun is done."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _do(self, work: Callable[[Opened], T]) -> T:
        self._follow()
        return work(self.opened)

    def _follow(self) -> None:
        try:
            stamp = stamp_of(self._folder)
        except OSError:
            stamp = (0, 0, 0)
        if stamp in (self.opened.stamp, self._refused):
            return
        try:
            self.opened = Opened(self._searcher(), stamp, self._known)
        except RaysignError as error:
            self._refused = stamp
            LOG.error("the gallery was changed and cannot be opened; the old one stays: %s", error)

    def _searcher(self) -> Searcher:
        was = self.opened.searcher
        gallery = Gallery.open(self._folder)
        if gallery.card.model == was.gallery.card.model:
            return was.over(gallery)
        return Searcher.open(self._folder, self._model)
