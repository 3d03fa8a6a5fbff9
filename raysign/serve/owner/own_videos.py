"""The owner's own videos of the gallery's clips: files of one folder, and never of another."""

from __future__ import annotations

import os
from pathlib import Path

from raysign.datasets.found import files_in
from raysign.errors import DataError

MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
}


class OwnVideos:
    """A folder's videos by the name that they have without its ending: the clip's id.

    A name from outside is looked up among those that are there, and is never made a path.
    """

    def __init__(self, folder: Path | None) -> None:
        """``DataError`` where the folder cannot be read; None = there are no videos."""
        self._folder = None if folder is None else folder.resolve()
        self._changed_ns = -1
        self._files: dict[str, Path] = {}
        self._look()

    def of(self, clip_id: str) -> Path | None:
        """The file of a clip; None where there is none, or it leads out of the folder."""
        path = self._files.get(clip_id)
        if path is None or self._folder is None:
            return None
        real = path.resolve()
        return real if real.is_relative_to(self._folder) and real.is_file() else None

    def has(self, clip_id: str) -> bool:
        """Whether ``of`` has it."""
        return self.of(clip_id) is not None

    def refresh(self) -> None:
        """Look at the folder again, if files came or went; as it was, where that fails."""
        try:
            self._look()
        except DataError:
            return

    def _look(self) -> None:
        if self._folder is None:
            return
        try:
            changed_ns = os.stat(self._folder).st_mtime_ns
        except OSError as error:
            raise DataError(f"cannot read folder {str(self._folder)!r}: {error.strerror}") from None
        if changed_ns != self._changed_ns:
            self._files, self._changed_ns = files_in(self._folder), changed_ns
