"""Files that are somewhere else, here for a while."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import fs

from raysign.errors import StoreError
from raysign.store.opening import first_line, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK_BYTES = 1 << 20


@contextmanager
def local_copy(uri: str, timeout_s: float | None = None) -> Iterator[str]:
    """The path of a file of any Arrow filesystem, copied to a temporary folder meanwhile.

    ``StoreError`` where it cannot be read, or nothing of it comes for ``timeout_s``.
    """
    try:
        filesystem, inside = locate(uri)
    except StoreError as error:
        reason = str(error).partition(": ")[2]
        raise StoreError(
            f"no filesystem for {uri!r} ({reason}): give a local path, s3://, gs://, hdfs:// or "
            "fsspec+…://"
        ) from None
    with tempfile.TemporaryDirectory(prefix="raysign-") as folder:
        # Its own suffix, because decoders look at it.
        copy = Path(folder) / f"video{PurePosixPath(inside).suffix}"
        copying = _Copying(filesystem, inside, copy)
        copying.start()
        if not copying.ends(timeout_s):
            raise StoreError(f"cannot read {uri!r}: nothing came for timeout_s={timeout_s:g}")
        if copying.error is not None:
            raise StoreError(f"cannot read {uri!r}: {first_line(copying.error)}")
        yield str(copy)


class _Copying(threading.Thread):
    """Copies beside its starter, who need not wait for a server that does not answer."""

    def __init__(self, filesystem: fs.FileSystem, source: str, target: Path) -> None:
        super().__init__(daemon=True)
        self.error: Exception | None = None
        self._filesystem, self._source, self._target = filesystem, source, target
        self._got = threading.Event()

    def run(self) -> None:
        try:
            with (
                self._filesystem.open_input_stream(self._source) as source,
                self._target.open("wb") as target,
            ):
                while block := source.read(BLOCK_BYTES):
                    target.write(block)
                    self._got.set()
        except (pa.ArrowException, OSError) as error:
            self.error = error

    def ends(self, timeout_s: float | None) -> bool:
        """Wait for its end; False where it makes no progress for so long."""
        self.join(timeout_s)
        while self.is_alive() and self._got.is_set():
            self._got.clear()
            self.join(timeout_s)
        return not self.is_alive()
