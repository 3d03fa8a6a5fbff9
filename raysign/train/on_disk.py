"""A store's clips, prepared on each node's disk once, by whoever needs them first.

A folder is named after its clips' fingerprint and that of their prepare, so it is found again by
runs that split the store differently, and by every node. It appears whole; who comes meanwhile
waits. Where locks do not reach from node to node, each fills a draft of its own, and the first to
be done is the one that counts. ``known/`` beside the folders says of which fingerprint a store
was when it was last read, by its files' names, sizes and times.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raysign.clip import LABELS, Clips, Unread
from raysign.config import PrepareConfig
from raysign.embed import prepare_clips
from raysign.errors import DataError, StoreError
from raysign.mapped import Facts, Writing, fault, places
from raysign.pose import Prepare
from raysign.skeleton import layout_named
from raysign.store import Reading, read_parts
from raysign.whole import whole_file

KNOWN = "known"
PART_BYTES = 32 << 20
"""Clips are prepared so many bytes at a time."""
STALE_S = 6 * 3600.0
"""A draft of another machine that nobody has written to for so long is a killed process's."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class ClipsOnDisk:
    """Some splits of a store, prepared in one way: where they are, on any node."""

    store: str
    """As every node finds it."""
    splits: tuple[str, ...] | None
    """None = all but the sealed test split."""
    layout: str
    config: PrepareConfig
    cache: str | None
    """Where they are kept; None = where each node's user keeps such things."""
    data: str | None = None
    """The fingerprint of all the clips; None = not known yet."""

    @property
    def prepare(self) -> Prepare:
        """What is done to them."""
        return Prepare(self.config, layout_named(self.layout))

    @property
    def each(self) -> tuple[int, int, int]:
        """A prepared clip's [frame joint axis]."""
        return self.config.frames, self.prepare.output.num_joints, self.config.axes

    def folder(self) -> Path:
        """Their folder on this machine, made first where it is not there or not whole.

        Raises:
            StoreError: the store cannot be read here, or holds other clips here.
            DataError: the folder cannot be written.
        """
        if self.data is not None and self._fault(self.data) is None:
            return self._folder(self.data)
        return self.made(read_parts(self.store, self.splits), lambda line: None)

    def made(self, reading: Reading, say: Say) -> Path:
        """The same, of a store that is open already; raises as there."""
        try:
            with self._alone(say):
                version = reading.version()
                data = self.data or self._known(version)
                if data is not None and (wrong := self._fault(data)) is None:
                    return self._folder(data)
                if data is not None and self._folder(data).exists():
                    say(f"note: {self._folder(data)} is not whole ({wrong}): it is made anew")
                    self._remove_unsound(data)
                return self._make(reading, version, say)
        except OSError as error:
            raise DataError(
                f"cannot keep prepared clips in {str(self.cache_folder)!r}: "
                f"{error.strerror or error}; give data.cache another folder"
            ) from None

    def _make(self, reading: Reading, version: str | None, say: Say) -> Path:
        started = time.perf_counter()
        size = _size(self.each) * len(reading)
        self._remove_rubbish()
        self._check_room(size)
        say(f"preparing {len(reading):,} clips, {size / 2**30:.2f} GiB, in {self.cache_folder}")
        draft = self._draft()
        draft.mkdir()
        try:
            data = self._write(reading, draft)
            if self.data not in (None, data):
                raise StoreError(
                    f"store {self.store!r} holds other clips here (data {data}) than where the "
                    f"run began (data {self.data}); give every node the same store"
                )
            self._put(draft, data)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        if version is not None and reading.version() == version:
            (self.cache_folder / KNOWN).mkdir(exist_ok=True)
            with whole_file(self.cache_folder / KNOWN / f"{version}.json") as file:
                file.write_text(json.dumps({"data": data}), encoding="utf-8")
        say(f"prepared in {time.perf_counter() - started:.0f} s: {self._folder(data)}")
        return self._folder(data)

    def _put(self, draft: Path, data: str) -> None:
        """Make a draft the folder, unless that is there: of another store, or another node's."""
        with self._locked(self._folder(data).name), suppress(OSError):  # not empty
            draft.replace(self._folder(data))
            return
        self._remove_unsound(data)
        if not self._folder(data).exists():
            draft.replace(self._folder(data))

    def _remove_unsound(self, data: str) -> None:
        """Where locks do not reach, a folder that another node puts there now is not touched."""
        with self._locked(self._folder(data).name):
            if self._fault(data) is not None:
                aside = self._draft()
                with suppress(FileNotFoundError):
                    self._folder(data).replace(aside)
                shutil.rmtree(aside, ignore_errors=True)

    def _draft(self) -> Path:
        """A name that nobody else has, on whatever machine."""
        mark = f"{_machine()}.{os.getpid()}-{uuid.uuid4().hex[:8]}"
        return self.cache_folder / f".{self._work}.{mark}.part"

    def _remove_rubbish(self) -> None:
        """Drafts of killed processes: on this machine the lock says so, of others their age."""
        own = f".{self._work}.{_machine()}."
        for draft in self.cache_folder.glob(".*.part"):
            if draft.name.startswith(own) or time.time() - _last_written(draft) > STALE_S:
                shutil.rmtree(draft, ignore_errors=True)

    def _write(self, reading: Reading, draft: Path) -> str:
        """Fill the draft, reading the store once; the fingerprint of what was read."""
        prepare, labels = self.prepare, reading.labels
        writing = Writing(draft, labels["sign"], labels["clip_id"], self.each)
        for clips, part in reading.parts(max(1, PART_BYTES // _size(self.each))):
            empty = part.empty()
            sequences = np.full((len(part), *self.each), np.nan, dtype=np.float16)
            if not empty.all():
                sequences[~empty] = prepare_clips(part.select(~empty), prepare)
            writing.put(clips, sequences, part.content(), empty)
        data = Clips.fingerprint_of(unread(reading, writing.facts))
        writing.finish(self._about(data))
        return data

    def _about(self, data: str) -> dict[str, str]:
        return {"data": data, "prepare": self.prepare.fingerprint}

    def _fault(self, data: str) -> str | None:
        return fault(self._folder(data), self._about(data))

    def _folder(self, data: str) -> Path:
        return self.cache_folder / "-".join(self._about(data).values())

    def _known(self, version: str | None) -> str | None:
        """The fingerprint of the store as it is, if that was ever found."""
        try:
            told = json.loads((self.cache_folder / KNOWN / f"{version}.json").read_text("utf-8"))
            return str(told["data"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.cache_folder).free
        if size > free:
            held = [f for f in self.cache_folder.rglob("*") if f.is_file()]
            folders = {file.parent for file in held if file.suffix == ".npy"}
            lies = sum(file.stat().st_size for file in held) / 2**30
            raise DataError(
                f"the prepared clips take {size / 2**30:.1f} GiB, and "
                f"{str(self.cache_folder)!r} has {free / 2**30:.1f} GiB left beside {lies:.1f} GiB "
                f"in {len(folders)} folders of prepared clips; remove what no run needs, or give "
                "data.cache another folder"
            )

    @contextmanager
    def _alone(self, say: Say) -> Iterator[None]:
        """While no other process of this node makes the same; a killed one's turn is over."""
        self.cache_folder.mkdir(parents=True, exist_ok=True)
        waiting = "another process prepares the same clips: waiting for it"
        with self._locked(self._work, lambda: say(waiting)):
            yield

    @contextmanager
    def _locked(self, name: str, wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        with (self.cache_folder / f".{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @property
    def _work(self) -> str:
        """The same for all who would make the same."""
        text = json.dumps([self.store, self.splits, self.prepare.fingerprint])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def cache_folder(self) -> Path:
        """Where they are kept on this machine."""
        if self.cache is not None:
            return Path(self.cache)
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return home / "raysign" / "prepared"


def _size(each: tuple[int, int, int]) -> int:
    """Bytes of a prepared clip."""
    return 2 * int(np.prod(each))


def _machine() -> str:
    """The same for all processes that see each other's locks, containers among them."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return platform.node()


def _last_written(draft: Path) -> float:
    """When somebody last wrote into a draft; now, where it goes away meanwhile."""
    try:
        return max(path.stat().st_mtime for path in (draft, *draft.iterdir()))
    except OSError:
        return time.time()


def unread(reading: Reading, facts: Facts) -> Unread:
    """What is known of a store's clips, with what a folder's landmarks tell of each row."""
    labels = {name: reading.labels[name] for name in LABELS}
    row = places(labels["sign"], labels["clip_id"])
    return Unread(
        layout=reading.layout,
        num_frames=reading.num_frames,
        row=row,
        hashes=facts.content[row],
        blank=facts.empty[row],
        **labels,
    )
