"""Uploaded videos: in a folder of their own that nobody else may read, and only while looked at."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from raysign.serve.problems import Refused
from raysign.serve.takes.folders import TemporaryFolder
from raysign.serve.takes.threads import finished

if TYPE_CHECKING:
    from concurrent.futures import Executor

RETRY_S = 30.0
MOST_AT_ONCE = 64
"""Videos that are being received; who sends slowly takes one of these, and nobody's place in the
line before the children."""
SPARE_BYTES = 50_000_000
"""Of the disk that stay free."""
LONGEST_NAME = 120
"""Characters of a file's name that are shown."""


class Uploads:
    """A temporary folder, mode 0700, that goes with the server."""

    def __init__(self, most_bytes: int, threads: Executor) -> None:
        self._folder = TemporaryFolder("uploads")
        self._most_bytes, self._threads = most_bytes, threads
        self._coming: list[int] = []
        """Bytes of each video that is being received, at most."""

    @property
    def folder(self) -> Path:
        return self._folder.path

    @asynccontextmanager
    async def received(
        self, body: AsyncIterator[bytes], size: int | None = None
    ) -> AsyncIterator[Path]:
        """The file that a body was streamed into; it is gone afterwards, whatever happens.

        Its name has nothing to do with what it was called where it comes from.

        Args:
            body: its content.
            size: in bytes, as its sender says; None = not said.

        Raises:
            Refused: 503 ``busy``: too many are being received; 413 ``too_large``, 422 ``empty``, or
                507 ``full``.
        """
        path = self.folder / secrets.token_hex(16)
        try:
            with self._room(self._most_bytes if size is None else min(size, self._most_bytes)):
                await self._write(path, body)
            yield path
        finally:
            with suppress(OSError):
                path.unlink()

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    @contextmanager
    def _room(self, size: int) -> Iterator[None]:
        """On the disk, beside that for the others; ``Refused`` where there is none."""
        if len(self._coming) >= MOST_AT_ONCE:
            raise Refused(
                503, "busy", "Many people are sending videos; please try again soon.", RETRY_S
            )
        with _no_room():
            free = shutil.disk_usage(self.folder).free
        if free < sum(self._coming) + size + SPARE_BYTES:
            raise full()
        self._coming.append(size)
        try:
            yield
        finally:
            self._coming.remove(size)

    async def _write(self, path: Path, body: AsyncIterator[bytes]) -> None:
        loop = asyncio.get_running_loop()
        total = 0
        with _no_room():
            file = open(  # noqa: SIM115 (closed below)
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            )
        try:
            async for piece in body:
                total += len(piece)
                if total > self._most_bytes:
                    raise Refused(
                        413,
                        "too_large",
                        f"This video is too large: at most {self._most_bytes / 1e6:,.0f} MB can be "
                        "sent. Please choose a shorter or smaller one.",
                    )
                with _no_room():  # a slow disk must not keep everybody else waiting
                    await finished(loop.run_in_executor(self._threads, file.write, piece))
        finally:
            with _no_room():
                file.close()
        if not total:
            raise Refused(422, "empty", "The file is empty; please choose a video.")


@contextmanager
def _no_room() -> Iterator[None]:
    try:
        yield
    except OSError:
        raise full() from None


def full() -> Refused:
    """Of a disk without room."""
    return Refused(
        507, "full", "The server has no room for a video now; please try again later.", RETRY_S
    )


def shown_name(header: str) -> str:
    """A file's name as its sender gave it, for people: without folders and what cannot be shown.

    ``header`` is percent-encoded, as ``X-File-Name`` has it.
    """
    text = unquote(header, errors="replace").replace("\\", "/").rpartition("/")[2]
    plain = "".join(character for character in text if character.isprintable()).strip()
    return plain[:LONGEST_NAME]
