"""Queries that are kept, where the owner asks for it and the person agrees.

One Parquet file a query, of the landmarks alone, so that the folder is a store; beside it the
answer, as JSON. No picture, no name, no address, no time.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from raysign.errors import DataError
from raysign.store import write_store
from raysign.whole import whole_file

if TYPE_CHECKING:
    from raysign.clip import Clip
    from raysign.serve.words import Answer

PRIVATE = 0o700
DATASET = "queries"
LOG = logging.getLogger("raysign.serve")
MOST_FILES = 10_000
"""In a folder that holds more, nothing more is kept."""


class KeptQueries:
    """The owner's folder of them, if there is one."""

    def __init__(self, folder: Path | None) -> None:
        """The folder is made where it is not there, for its owner's eyes alone.

        ``DataError`` where it cannot be written.
        """
        self._folder, self._full = folder, False
        if folder is None:
            return
        try:
            folder.mkdir(PRIVATE, parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot make folder {str(folder)!r}: {error.strerror}") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DataError(f"cannot write into folder {str(folder)!r}; give another")

    @property
    def wanted(self) -> bool:
        """Whether the owner asks for them, and there is room."""
        return self._folder is not None and not self._full

    def keep(self, clips: Sequence[Clip], answer: Answer) -> bool:
        """The recordings of a query, and what was answered; False where the folder is full.

        Args:
            clips: as they asked.
            answer: whose id names the files; it is random, and ours.

        Raises:
            DataError: they cannot be written.
        """
        if self._folder is None or self._is_full(self._folder):
            return False
        bare = [
            replace(clip, clip_id=f"{answer.id}-{number}", sign="", signer="", dataset=DATASET)
            for number, clip in enumerate(clips, 1)
        ]
        found = {
            "id": answer.id,
            "signs": [
                {"sign": sign.sign, "clip_id": sign.clip_id, "confidence": sign.confidence}
                for sign in answer.signs
            ],
            "none_of_these": answer.none_of_these,
        }
        try:
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".") as draft:
                write_store(Path(draft) / "query", bare)
                (part,) = (Path(draft) / "query").glob("*.parquet")
                with whole_file(self._folder / f"{answer.id}.json") as file:
                    file.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
                part.replace(self._folder / f"{answer.id}.parquet")
        except OSError as error:
            raise DataError(f"cannot keep a query: {error.strerror}") from None
        return True

    def _is_full(self, folder: Path) -> bool:
        try:
            files = len(os.listdir(folder))
        except OSError as error:
            raise DataError(f"cannot keep a query: {error.strerror}") from None
        if not self._full and files >= MOST_FILES:
            self._full = True
            LOG.warning(
                "folder %r holds %s files, so no more queries are kept; empty it, and start the "
                "server again",
                str(folder),
                f"{MOST_FILES:,}",
            )
        return self._full
