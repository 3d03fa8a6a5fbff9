"""A store that grows part by part, over many runs, until it is whole and takes its name."""

from __future__ import annotations

import fcntl
import re
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
from pyarrow import fs

from raysign.errors import StoreError
from raysign.manifest import without_options
from raysign.store.about import ABOUT, as_json, check_same, read_about
from raysign.store.opening import behind_link, first_line, locate, on_disk, open_store
from raysign.store.outcomes import read_outcomes_file, write_outcomes_file
from raysign.store.read import iter_clips
from raysign.store.write import Names, recover, write_part, write_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from raysign.clip import Clip
    from raysign.manifest import Outcome

SUFFIX = ".extracting"
RUN = "run"
PUBLISHING = "extracted"
"""In the names of what publishing leaves behind where it is killed."""
_PART = re.compile(r"part-(\d{6,})\.parquet")


class Draft:
    """The folder ``STORE.extracting``: what is finished of a store that is being extracted.

    A part is committed when its outcomes are there: they are written after its clips, and each file
    appears whole; clips without them are of a run that was killed, and give way. Whoever finds
    ``STORE`` itself finds all of it. On a local disk, one process has the draft at a time; where
    ``STORE`` is a link, it is the draft of what the link points to.
    """

    def __init__(self, store: str | Path) -> None:
        """A store's draft, whether it is there or not; nothing is written yet."""
        self.store = str(store)
        real = behind_link(store)
        self.filesystem, folder = locate(real)
        self.target = folder.rstrip("/")
        self.folder = f"{self.target}{SUFFIX}"
        whole, options = without_options(real)
        self.name = f"{whole.rstrip('/')}{SUFFIX}"
        self._clips = f"{self.name}/clips{options}"
        self._done: dict[int, list[Outcome]] = {}
        self._lock: Any = None

    @classmethod
    def open(
        cls, store: str | Path, about: Mapping[str, Any], run: Mapping[str, Any] | None = None
    ) -> Self:
        """Begin a draft, or go on with the one that is there; to be closed.

        ``about`` says all that decides about the store's content, in JSON's types; ``run`` is kept
        beside it for whoever goes on, and decides about nothing. A draft that was begun with
        something else gives way while no clip came out of it.

        ``StoreError`` where it has one, where another process is at it, or it cannot be written.
        """
        draft = cls(store)
        try:
            draft._begin(about, run or {})
        except BaseException:
            draft.close()
            raise
        return draft

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def begun(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """``about`` and ``run`` of a draft that is there; None where there is none."""
        with self._writable():
            found = read_about(self.filesystem, self.folder)
        if found is None:
            return None
        run = found.pop(RUN, {})
        return found, run

    def commit(self, part: int, clips: Sequence[Clip], outcomes: Sequence[Outcome]) -> None:
        """Finish a part: the clips that came out of it, and what became of each of its rows."""
        with self._writable():
            if clips:
                with self._whole(f"clips/part-{part:06d}.parquet") as file:
                    write_part(self.filesystem, file, iter(clips))
            with self._whole(f"outcomes/part-{part:06d}.parquet") as file:
                write_outcomes_file(self.filesystem, file, outcomes)
        self._done[part] = list(outcomes)

    def outcomes(self) -> dict[int, list[Outcome]]:
        """What became of the rows of each finished part, in the order of the parts."""
        return {part: self._done[part] for part in sorted(self._done)}

    def publish(self, about: Mapping[str, Any], *, replace: bool = False) -> int:
        """Make the store of all parts, and remove the draft; return the number of clips.

        ``replace`` puts it in the place of the store that is there.

        ``StoreError`` where no part has a clip, or a clip that was committed is not there any more.
        """
        rows = [row for part in self.outcomes().values() for row in part]
        ok = [row.clip_id for row in rows if row.outcome == "ok"]
        if not ok:
            raise StoreError(f"no clips to write to {self.store!r}: no store was made")
        if list(open_store(self._clips).text("clip_id")) != ok:
            raise StoreError(
                f"{self.name!r} has lost clips that were finished; delete it and extract again"
            )
        count = write_store(
            self.store,
            # Nothing is learned from clips that pass through here, so the sealed ones may.
            iter_clips(self._clips, open_test=True),
            outcomes=rows,
            about=about,
            replace=replace,
            key=PUBLISHING,
        )
        self.remove()
        return count

    def remove(self) -> None:
        """Remove the draft, if it is there."""
        with self._writable():
            if self.filesystem.get_file_info(self.folder).type == fs.FileType.Directory:
                self._forget(self._parts())
                self.filesystem.delete_dir(self.folder)
        self.close()

    def _forget(self, parts: Mapping[int, str]) -> None:
        """Uncommit parts, so that clips which go after them are nobody's."""
        for file in parts.values():
            self.filesystem.delete_file(file)

    def close(self) -> None:
        """Let another process have the draft."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def recover(self) -> None:
        """Put right what a run left that was killed while it published.

        ``StoreError`` where another process is at it.
        """
        with self._writable():
            if self.filesystem.get_file_info(self.folder).type != fs.FileType.Directory:
                return  # a draft is removed last
            self._lock_it()
            recover(self.filesystem, Names.of(self.target, PUBLISHING))
        self.close()

    def _parts(self) -> dict[int, str]:
        found = self.filesystem.get_file_info(fs.FileSelector(f"{self.folder}/outcomes"))
        return {
            int(match[1]): str(file.path)
            for file in found
            if (match := _PART.fullmatch(file.base_name))
        }

    def _begin(self, about: Mapping[str, Any], run: Mapping[str, Any]) -> None:
        with self._writable():
            for part in ("clips", "outcomes"):
                self.filesystem.create_dir(f"{self.folder}/{part}", recursive=True)
            self._lock_it()
            begun = self.begun()
            if begun is not None:
                parts = self._parts()
                self._done = {
                    part: read_outcomes_file(self.filesystem, file) for part, file in parts.items()
                }
                if any(row.outcome == "ok" for rows in self._done.values() for row in rows):
                    check_same(self.name, begun[0], about)
                elif begun != (about, run):
                    self._forget(parts)
                    self._done = {}
            self._remove_orphans()
            if not self._done:
                # Last, so that a draft which says what it is has its folders.
                with (
                    self._whole(ABOUT) as file,
                    self.filesystem.open_output_stream(file) as stream,
                ):
                    stream.write(as_json({**about, RUN: run}))

    def _remove_orphans(self) -> None:
        for file in self.filesystem.get_file_info(fs.FileSelector(f"{self.folder}/clips")):
            match = _PART.fullmatch(file.base_name)
            if match is None or int(match[1]) not in self._done:
                self.filesystem.delete_file(file.path)

    def _lock_it(self) -> None:
        if self.filesystem.type_name != "local":
            return
        self._lock = open(f"{self.folder}/.lock", "w", encoding="utf-8")  # noqa: SIM115 (kept)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise StoreError(
                f"another run is extracting into {self.store!r}; wait until it ends, or give "
                "another --out"
            ) from None

    @contextmanager
    def _whole(self, name: str) -> Iterator[str]:
        """A file to write, which takes its name at the end."""
        folder, _, base = f"{self.folder}/{name}".rpartition("/")
        partial = f"{folder}/.{base}.{uuid.uuid4().hex[:8]}.partial"
        try:
            yield partial
            on_disk(self.filesystem, partial)
            self.filesystem.move(partial, f"{folder}/{base}")
            on_disk(self.filesystem, folder, alone=True)
        finally:
            if self.filesystem.get_file_info(partial).type == fs.FileType.File:
                self.filesystem.delete_file(partial)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise StoreError(f"cannot write store {self.store!r}: {first_line(error)}") from None
