"""A store that grows part by part, over many runs, until it is whole and takes its name."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import fs

from raysign.errors import StoreError
from raysign.store.opening import first_line, locate
from raysign.store.outcomes import read_outcomes_file, write_outcomes_file
from raysign.store.read import iter_clips
from raysign.store.write import ABOUT, as_json, write_part, write_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from raysign.clip import Clip
    from raysign.manifest import Outcome

SUFFIX = ".extracting"


@dataclass(frozen=True)
class Draft:
    """The folder ``STORE.extracting``: what is finished of a store that is being extracted.

    A part is committed when its outcomes are there: they are written after its clips, and each file
    appears whole. Whoever finds ``STORE`` itself finds all of it.
    """

    store: str
    filesystem: fs.FileSystem
    folder: str

    @classmethod
    def of(cls, store: str | Path) -> Draft:
        """A store's draft, whether it is there or not."""
        filesystem, folder = locate(store)
        return cls(str(store), filesystem, f"{folder.rstrip('/')}{SUFFIX}")

    @classmethod
    def open(cls, store: str | Path, about: Mapping[str, Any]) -> Draft:
        """Begin a draft, or go on with the one that is there.

        ``about`` says all that decides about the store's content, in JSON's types.
        ``StoreError`` where the draft was begun with something else, or cannot be written.
        """
        draft = cls.of(store)
        filesystem = draft.filesystem
        with draft._writable():
            begun = _read_about(filesystem, draft.folder)
            if begun is None:
                # Last, so that a draft which says what it is has its folders.
                for part in ("clips", "outcomes"):
                    filesystem.create_dir(f"{draft.folder}/{part}", recursive=True)
                with (
                    draft._whole(ABOUT) as file,
                    filesystem.open_output_stream(file) as stream,
                ):
                    stream.write(as_json(about))
        if begun is not None:
            check_same(str(store), begun, about)
        return draft

    def begun(self) -> dict[str, Any] | None:
        """What a draft that is there was begun with; None where there is none."""
        with self._writable():
            return _read_about(self.filesystem, self.folder)

    def commit(self, part: int, clips: Sequence[Clip], outcomes: Sequence[Outcome]) -> None:
        """Finish a part: the clips that came out of it, and what became of each of its rows."""
        with self._writable():
            if clips:
                with self._whole(f"clips/part-{part:06d}.parquet") as file:
                    write_part(self.filesystem, file, iter(clips))
            with self._whole(f"outcomes/part-{part:06d}.parquet") as file:
                write_outcomes_file(self.filesystem, file, outcomes)

    def outcomes(self) -> dict[int, list[Outcome]]:
        """What became of the rows of each finished part."""
        with self._writable():
            files = self._files("outcomes")
        return {
            int(name.removeprefix("part-").removesuffix(".parquet")): read_outcomes_file(
                self.filesystem, f"{self.folder}/outcomes/{name}"
            )
            for name in files
        }

    def publish(self, about: Mapping[str, Any], *, replace: bool = False) -> int:
        """Make the store of all parts, and remove the draft; return the number of clips.

        ``replace`` puts it in the place of the store that is there.
        ``StoreError`` where no part has a clip.
        """
        done = self.outcomes()
        if not self._files("clips"):
            raise StoreError(f"no clips to write to {self.store!r}: no store was made")
        # Nothing is learned from clips that pass through here, so the sealed ones may.
        clips = iter_clips(f"{self.store.rstrip('/')}{SUFFIX}/clips", open_test=True)
        rows = [row for part in sorted(done) for row in done[part]]
        count = write_store(self.store, clips, outcomes=rows, about=about, replace=replace)
        self.remove()
        return count

    def remove(self) -> None:
        """Remove the draft, if it is there."""
        with self._writable():
            if self.filesystem.get_file_info(self.folder).type == fs.FileType.Directory:
                self.filesystem.delete_dir(self.folder)

    def _files(self, kind: str) -> list[str]:
        found = self.filesystem.get_file_info(fs.FileSelector(f"{self.folder}/{kind}"))
        return sorted(f.base_name for f in found if not f.base_name.startswith("."))

    @contextmanager
    def _whole(self, name: str) -> Iterator[str]:
        """A file to write, which takes its name at the end."""
        folder, _, base = f"{self.folder}/{name}".rpartition("/")
        partial = f"{folder}/.{base}.partial"
        yield partial
        self.filesystem.move(partial, f"{folder}/{base}")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise StoreError(f"cannot write store {self.store!r}: {first_line(error)}") from None


def finished_extraction(store: str | Path) -> dict[str, Any] | None:
    """What a store says of the extraction that made it; None where no store is there.

    ``StoreError`` where something else is there.
    """
    filesystem, folder = locate(store)
    try:
        info = filesystem.get_file_info(folder.rstrip("/"))
        if info.type == fs.FileType.NotFound:
            return None
        if info.type == fs.FileType.Directory:
            if not filesystem.get_file_info(fs.FileSelector(folder)):
                return None
            about = _read_about(filesystem, folder.rstrip("/"))
            if about is not None:
                return about
    except (pa.ArrowException, OSError) as error:
        raise StoreError(f"cannot open store {str(store)!r}: {first_line(error)}") from None
    raise StoreError(
        f"{str(store)!r} is there already, and no extraction made it; give another --out"
    )


def written_s(store: str | Path) -> float:
    """When a store was extracted, in seconds since 1970; infinity where that is not known."""
    filesystem, folder = locate(store)
    info = filesystem.get_file_info(f"{folder.rstrip('/')}/{ABOUT}")
    return float("inf") if info.mtime_ns is None else info.mtime_ns / 1e9


def check_same(name: str, begun: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """``StoreError`` where an extraction was begun with something else than ``about``."""
    then, now = dict(_leaves(begun)), dict(_leaves(about))
    changed = [
        f"{key}={then.get(key, 'unset')}, now {now.get(key, 'unset')}"
        for key in sorted(then | now)
        if then.get(key) != now.get(key)
    ]
    if changed:
        raise StoreError(
            f"{name!r} was extracted with {'; '.join(changed)}: two extractions are never mixed; "
            "give another --out, or the settings and the manifest that it has"
            + ("; --update takes over what is the same" if _manifest_alone(changed) else "")
        )


def _manifest_alone(changed: Sequence[str]) -> bool:
    return all(text.startswith("manifest.") for text in changed)


def _read_about(filesystem: fs.FileSystem, folder: str) -> dict[str, Any] | None:
    file = f"{folder}/{ABOUT}"
    if filesystem.get_file_info(file).type != fs.FileType.File:
        return None
    with filesystem.open_input_stream(file) as stream:
        content = stream.read()
    try:
        about = json.loads(content)
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise StoreError(f"{file!r} is damaged; delete the folder and extract again")
    return about


def _leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
